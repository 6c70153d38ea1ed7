import { once } from "node:events";
import { startNpmon, tracing } from "../commands/npmon.ts";
import { pause } from "./crowd.ts";
import { spreadOf } from "./spread.ts";
import type { Cell } from "./table.ts";

/** How much was done in a second; more is better. */
export interface Rate {
  /** By the clock: with all that others took of the machine meanwhile. */
  readonly perSecond: number;
  /** By the CPU time of those who did it. */
  readonly perCpuSecond: number;
}

export type Side = "off" | "on";

/** A load's samples, as many of one side as of the other. */
export interface OffOn {
  readonly name: string;
  readonly off: Rate[];
  readonly on: Rate[];
}

export function startOffOn(name: string): OffOn {
  return { name, off: [], on: [] };
}

/** For what starting and ending leaves to the kernel. */
const SETTLE_MS = 200;

/**
 * Takes every sample without npmon and beside `npmon top -b -d 1`, a process of its own, by turns: off, on, on, off, so that
 * a machine that grows slower or faster does so for both.
 * @param blocks - of two rounds each
 * @param samples - keep what they measure
 */
export async function measureOffOn(
  blocks: number,
  samples: readonly ((side: Side) => Promise<void>)[],
): Promise<void> {
  const take = async (side: Side) => {
    for (const sample of samples) await sample(side);
  };
  for (let block = 0; block < blocks; block++) {
    await take("off");
    await besideTop(async () => {
      await take("on");
      await take("on");
    });
    await take("off");
  }
}

async function besideTop(work: () => Promise<void>): Promise<void> {
  const top = startNpmon(["top", "-b", "-d", "1"], { stdio: ["ignore", "ignore", "pipe"] });
  const closed = once(top, "close");
  try {
    await tracing(top);
    await pause(SETTLE_MS);
    await work();
  } finally {
    top.kill("SIGINT");
    await closed;
    await pause(SETTLE_MS);
  }
}

/** Columns of {@link offOnRows}. */
export function offOnColumns(unit: string): readonly string[] {
  return ["load", "by", "on / off, medians", "on / off, by round", `${unit}, off`, `${unit}, on`];
}

export const OFF_ON_NOTE =
  "Off, on, on, off. By CPU time, what npmon's programs cost those who do the work; by the clock, also what npmon's own process takes from them, and on a machine that is not idle whatever others do.";

/** A row by the clock and one by CPU time. */
export function offOnRows({ name, off, on }: OffOn): Cell[][] {
  const row = (by: string, pick: (rate: Rate) => number): Cell[] => {
    const [without, beside] = [off.map(pick), on.map(pick)];
    const [spreadOff, spreadOn] = [spreadOf(without), spreadOf(beside)];
    const byRound = beside.map((rate, round) => rate / (without[round] ?? rate));
    return [name, by, spreadOn.median / spreadOff.median, spreadOf(byRound), spreadOff, spreadOn];
  };
  return [row("clock", (rate) => rate.perSecond), row("CPU time", (rate) => rate.perCpuSecond)];
}
