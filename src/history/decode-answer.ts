import * as z from "zod";
import { NpmonError } from "../error/error.ts";
import { createSnapshotCheck } from "../snapshot/decode.ts";
import type { HistoryAnswer, HistoryQuestion } from "./history.ts";

const TIME = z.iso.datetime();

const ANSWER = z.object({
  windows: z.array(z.unknown()).min(1),
  hasMore: z.boolean(),
  hosts: z.array(
    z.object({
      host: z.string().max(4096),
      first: TIME,
      last: TIME,
      interval_ms: z.number().min(0),
    }),
  ),
});

/**
 * The answer of an intake as a checked value: it is as much input as any file. `null` when it is not one.
 * @throws NpmonError `intake` when it is one, but not to this question or with windows that are no snapshots
 */
export function decodeHistoryAnswer(text: string, question: HistoryQuestion): HistoryAnswer | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const { data } = ANSWER.safeParse(value);
  if (data === undefined) return null;
  const { sinceMs, untilMs, stepMs = untilMs - sinceMs } = question;
  if (data.windows.length !== Math.ceil((untilMs - sinceMs) / stepMs)) {
    throw misfit("it has not the windows that were asked for");
  }
  const check = createSnapshotCheck();
  const windows = data.windows.map((window, index) => {
    try {
      const snapshot = check(window, `window ${index + 1}`);
      if (Date.parse(snapshot.start) !== sinceMs + index * stepMs)
        throw misfit("its windows are of other times");
      return snapshot;
    } catch (error) {
      if (error instanceof NpmonError && error.code === "input_file") throw misfit(error.message);
      throw error;
    }
  });
  return { windows, hasMore: data.hasMore, hosts: data.hosts };
}

function misfit(why: string): NpmonError {
  return new NpmonError(
    "intake",
    `the answer of the intake does not fit: ${why}`,
    "Is the intake of the same version? `npmon --version`.",
  );
}
