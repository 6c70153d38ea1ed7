import { pause } from "./crowd.ts";
import { NPMON_TOP } from "./peers.ts";
import { type Spread, spreadOf, sumOf } from "./spread.ts";
import type { Aim, Standing, Topic } from "./standing.ts";
import type { Cell } from "./table.ts";
import { Watcher, type WatcherProgram } from "./watcher.ts";

/** How much was done in a second; more is better. */
export interface Rate {
  /** By the clock: with all that others took of the machine meanwhile. */
  readonly perSecond: number;
  /** By the CPU time of those who did it. */
  readonly perCpuSecond: number;
}

export interface Load {
  readonly name: string;
  sample(): Promise<Rate>;
}

/** What one watcher left of a load's rate, in each round. */
interface Beside {
  readonly watcher: string;
  readonly on: Rate[];
  /** Taken nearest to the sample of the same index. */
  readonly off: Rate[];
}

export interface BesideResult {
  readonly load: string;
  /** npmon first. */
  readonly watchers: readonly Beside[];
}

/** For what starting and ending leaves to the kernel. */
const SETTLE_MS = 200;

/**
 * Takes every sample with nobody watching, beside `npmon top -b -d 1` and beside each peer. A block is off, npmon, npmon,
 * off, so that a machine that grows slower or faster does so for both, and then each peer once.
 * @param warmUps - samples that count for nothing after the start of each watcher, which may run for days
 * @returns with why a peer could not be had
 */
export async function measureBeside(
  blocks: number,
  peers: readonly WatcherProgram[],
  loads: readonly Load[],
  warmUps = 0,
): Promise<{ readonly results: readonly BesideResult[]; readonly absent: readonly string[] }> {
  const absent = new Map<string, string>();
  const results = loads.map(({ name }) => ({
    load: name,
    watchers: [NPMON_TOP, ...peers].map(({ name }): Beside => ({ watcher: name, on: [], off: [] })),
  }));
  const takeAll = () => inOrder(loads, (load) => load.sample());
  const warm = async () => {
    for (let time = 0; time < warmUps; time++) await takeAll();
  };
  const keep = (name: string, off: readonly Rate[], on: readonly Rate[]) => {
    results.forEach(({ watchers }, index) => {
      const kept = watchers.find(({ watcher }) => watcher === name);
      kept?.off.push(at(off, index));
      kept?.on.push(at(on, index));
    });
  };
  for (let block = 0; block < blocks; block++) {
    const before = await takeAll();
    const [first, second] = await beside(NPMON_TOP, async () => {
      await warm();
      return [await takeAll(), await takeAll()] as const;
    });
    const after = await takeAll();
    keep(NPMON_TOP.name, before, first);
    keep(NPMON_TOP.name, after, second);
    const off = before.map((rate, index) => meanOf([rate, at(after, index)]));
    for (const peer of peers) {
      if (absent.has(peer.name)) continue;
      try {
        const on = await beside(peer, async () => {
          await warm();
          return takeAll();
        });
        keep(peer.name, off, on);
      } catch (error) {
        absent.set(peer.name, error instanceof Error ? error.message : String(error));
      }
    }
  }
  return { results, absent: [...absent].map(([name, why]) => `No ${name} here: ${firstLineOf(why)}.`) };
}

export function besideColumns(unit: string): readonly string[] {
  return ["load", "watcher", "by", "on / off, medians", "on / off, by round", `${unit}, off`, `${unit}, on`];
}

export const BESIDE_NOTE =
  "Off, npmon, npmon, off, then each peer. By CPU time, what a watcher's programs cost those who do the work; by the clock, also what its own process takes from them, and on a machine that is not idle whatever others do.";

/** For each watcher a row by the clock and one by CPU time. */
export function besideRows({ load, watchers }: BesideResult): Cell[][] {
  return watchers
    .filter(({ on }) => on.length > 0)
    .flatMap(({ watcher, on, off }) =>
      (["perSecond", "perCpuSecond"] as const).map((pick) => {
        const [without, beside] = [spreadOf(off.map(by(pick))), spreadOf(on.map(by(pick)))];
        const name = pick === "perSecond" ? "clock" : "CPU time";
        return [load, watcher, name, beside.median / without.median, ratioOf(on, off, pick), without, beside];
      }),
    );
}

/** By the clock, which is what somebody notices. */
export function besideStanding(topic: Topic, aim: number, { load, watchers }: BesideResult): Standing {
  const shares = watchers.map(({ watcher, on, off }): [string, Cell] => [
    watcher,
    on.length === 0 ? "cannot run here" : ratioOf(on, off, "perSecond"),
  ]);
  const [npmon, ...peers] = shares;
  if (npmon === undefined) throw new Error(`nobody watched ${load}`);
  const bound: Aim = { of: "npmon", bound: "at least", value: aim };
  return {
    topic,
    measure: `${load}: on / off`,
    npmon: npmon[1],
    peers: Object.fromEntries(peers),
    aim: bound,
  };
}

async function beside<Result>(program: WatcherProgram, work: () => Promise<Result>): Promise<Result> {
  try {
    await using _watcher = await Watcher.start(program);
    await pause(SETTLE_MS);
    return await work();
  } finally {
    await pause(SETTLE_MS);
  }
}

/** Of each round, so that it holds where the rates themselves drift. */
function ratioOf(on: readonly Rate[], off: readonly Rate[], pick: keyof Rate): Spread {
  return spreadOf(on.map((rate, round) => rate[pick] / at(off, round)[pick]));
}

function by(pick: keyof Rate): (rate: Rate) => number {
  return (rate) => rate[pick];
}

function meanOf(rates: readonly Rate[]): Rate {
  const mean = (pick: keyof Rate) => sumOf(rates.map(by(pick))) / rates.length;
  return { perSecond: mean("perSecond"), perCpuSecond: mean("perCpuSecond") };
}

function at(rates: readonly Rate[], index: number): Rate {
  const rate = rates[index];
  if (rate === undefined) throw new Error(`there is no sample ${index}`);
  return rate;
}

function firstLineOf(text: string): string {
  return (text.split("\n")[0] ?? "").replace(/\.$/, "");
}

async function inOrder<Item, Result>(
  items: readonly Item[],
  take: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await take(item));
  return results;
}
