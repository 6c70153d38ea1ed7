import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { STATUS_FILE } from "../sink/spool/status.ts";
import { readHostFile } from "./host-file.ts";

const TIME = /^\d{4}-\d\d-\d\dT[\d:.]{8,16}Z$/;

/** When an intake last took a snapshot, by what the forwarder says in its spool; null when none did or nobody knows. */
export function readLastDelivery({ spoolDir }: Config["forward"]): string | null {
  const text = readHostFile(join(spoolDir, STATUS_FILE));
  if (text === null) return null;
  try {
    const { destinations }: { destinations?: unknown } = JSON.parse(text) ?? {};
    if (!Array.isArray(destinations)) return null;
    const times = destinations.map((each) => each?.last_delivery).filter((time) => TIME.test(String(time)));
    return times.sort().at(-1) ?? null;
  } catch {
    return null;
  }
}
