import { type Cost, costOf } from "./cost.ts";
import { Crowd, pause } from "./crowd.ts";
import { MonitorProcess, type MonitorTicks } from "./monitor-process.ts";
import { type Spread, spreadOf, sumOf } from "./spread.ts";
import type { Cell, Table } from "./table.ts";

const ROUNDS = 6;
const SS = ["ss", "-tin"];
/** A receiver may keep its acknowledgement back this long, which moves its counters once more. */
const DELAYED_ACK_MS = 250;
/** A process's user and kernel time are told apart by samples, 4 ms apart here: a run needs some to tell anything. */
const SPLIT_FROM_MS = 20;

/** How often to repeat within a round, so that short ticks are not lost in the grain of the clock. */
const SIZES = [
  { sockets: 1_000, capacity: 65_536, idleTicks: 50, changedTicks: 10, ssRuns: 10 },
  { sockets: 10_000, capacity: 65_536, idleTicks: 10, changedTicks: 3, ssRuns: 3 },
  { sockets: 100_000, capacity: 262_144, idleTicks: 2, changedTicks: 1, ssRuns: 1 },
] as const;

const AIMS = { idle: "≤ 0.20", changed: "≤ 0.33" } as const;

interface Round {
  readonly npmon: Cost;
  readonly ss: readonly Cost[];
}

export async function measureTick(): Promise<readonly Table[]> {
  const rows: Cell[][] = [];
  const first: Cell[][] = [];
  await using crowd = await Crowd.open(100_000);
  for (const size of SIZES) {
    await crowd.growTo(size.sockets);
    await using monitor = await MonitorProcess.open({ capacity: size.capacity });
    expectAtLeast("flows", monitor.first.tracked, crowd.sockets);
    const { userMs, kernelMs, wallMs } = monitor.first;
    first.push([crowd.sockets, userMs + kernelMs, kernelMs, userMs, wallMs]);
    const idle: Round[] = [];
    const changed: Round[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await pause(DELAYED_ACK_MS);
      await monitor.tick();
      const quiet = await monitor.tick(size.idleTicks);
      idle.push({ npmon: quiet, ss: await costOf(size.ssRuns, SS) });
      changed.push(await changedRound(crowd, monitor, size.changedTicks, size.ssRuns));
    }
    rows.push(rowOf(crowd.sockets, "idle", idle), rowOf(crowd.sockets, "changed", changed));
  }
  return [
    {
      title: "tick: CPU of one npmon tick (collect, decode, group by service, publish) beside one `ss -tin`",
      columns: [
        "sockets",
        "state",
        "npmon / ss",
        "aim",
        "npmon CPU ms",
        "npmon kernel ms",
        "npmon user ms",
        "ss CPU ms",
        "ss kernel ms",
        "ss user ms",
        "npmon wall ms",
      ],
      rows,
      notes: [
        "idle: no socket moved since the last tick. changed: every one did.",
        "CPU is exact. Kernel and user are told apart by samples of the kernel's timer, some milliseconds apart: the share over all rounds, left out where a run of ss is shorter than a few samples.",
        "npmon's capacity is the default of 65,536 flows, and 262,144 for the largest.",
      ],
    },
    {
      title: "tick: the first one after the start, which meets every socket",
      columns: ["sockets", "CPU ms", "kernel ms", "user ms", "wall ms"],
      rows: first,
      notes: ["One sample."],
    },
  ];
}

async function changedRound(
  crowd: Crowd,
  monitor: MonitorProcess,
  ticks: number,
  ssRuns: number,
): Promise<Round> {
  const costs: MonitorTicks[] = [];
  for (let attempts = 0; costs.length < ticks; attempts++) {
    // Looks for the owners of what others accepted meanwhile, which then is not due again in the tick that counts.
    await monitor.tick();
    const sent = await crowd.send(1);
    const cost = await monitor.tick();
    // Counted at both ends. Less means that the servers had no time to read yet: the sample is worth nothing.
    if (cost.bytes >= 2 * sent) costs.push(cost);
    else if (attempts > 3 * ticks) expectAtLeast("bytes", cost.bytes, 2 * sent);
  }
  return { npmon: meanOf(costs), ss: await costOf(ssRuns, SS) };
}

function rowOf(sockets: number, state: keyof typeof AIMS, rounds: readonly Round[]): Cell[] {
  const npmon = rounds.map((round) => round.npmon);
  const ss = rounds.map((round) => meanOf(round.ss));
  const ratios = npmon.map((cost, index) => cpuOf(cost) / cpuOf(ss[index] ?? cost));
  const ssCpu = cpuSpread(ss);
  const ssSplit = ssCpu.median >= SPLIT_FROM_MS;
  const npmonCpu = cpuSpread(npmon);
  const npmonKernelMs = kernelShare(npmon) * npmonCpu.median;
  const ssKernelMs = kernelShare(ss) * ssCpu.median;
  return [
    sockets,
    state,
    spreadOf(ratios),
    AIMS[state],
    npmonCpu,
    npmonKernelMs,
    npmonCpu.median - npmonKernelMs,
    ssCpu,
    ssSplit ? ssKernelMs : null,
    ssSplit ? ssCpu.median - ssKernelMs : null,
    spreadOf(npmon.map((cost) => cost.wallMs)).median,
  ];
}

function cpuOf(cost: Cost): number {
  return cost.userMs + cost.kernelMs;
}

/** Of all rounds together, because that of one is rough. */
function kernelShare(costs: readonly Cost[]): number {
  return sumOf(costs.map((cost) => cost.kernelMs)) / sumOf(costs.map(cpuOf));
}

function cpuSpread(costs: readonly Cost[]): Spread {
  return spreadOf(costs.map(cpuOf));
}

function meanOf(costs: readonly Cost[]): Cost {
  const mean = (pick: (cost: Cost) => number) => sumOf(costs.map(pick)) / costs.length;
  return {
    userMs: mean((cost) => cost.userMs),
    kernelMs: mean((cost) => cost.kernelMs),
    wallMs: mean((cost) => cost.wallMs),
  };
}

/** A figure is worth nothing when npmon did not see what it was to see. */
function expectAtLeast(what: string, seen: number, expected: number): void {
  if (seen < expected) throw new Error(`npmon saw ${seen} ${what} of ${expected}`);
}
