import { type Cost, costOf } from "./cost.ts";
import { Crowd, pause } from "./crowd.ts";
import { MonitorProcess, type MonitorTicks } from "./monitor-process.ts";
import { nethogs } from "./peers.ts";
import { type Spread, spreadOf, sumOf } from "./spread.ts";
import type { Standing } from "./standing.ts";
import type { Cell, Table } from "./table.ts";
import { Watcher } from "./watcher.ts";

const ROUNDS = 6;
const SS = ["ss", "-tin"];
/** A receiver may keep its acknowledgement back this long, which moves its counters once more. */
const DELAYED_ACK_MS = 250;
/** A process's user and kernel time are told apart by samples, 4 ms apart here: a run needs some to tell anything. */
const SPLIT_FROM_MS = 20;

/** How often to repeat within a round, so that short ticks are not lost in the grain of the clock. */
const SIZES = [
  { sockets: 100, capacity: 65_536, idleTicks: 50, changedTicks: 10, ssRuns: 10 },
  { sockets: 1_000, capacity: 65_536, idleTicks: 50, changedTicks: 10, ssRuns: 10 },
  { sockets: 10_000, capacity: 65_536, idleTicks: 10, changedTicks: 3, ssRuns: 3 },
  { sockets: 100_000, capacity: 262_144, idleTicks: 2, changedTicks: 1, ssRuns: 1 },
] as const;

const AIMS = { idle: 1 / 5, changed: 1 / 3 } as const;
/** The aim is stated for this many, and growth from the size before it. */
const LARGEST = SIZES[SIZES.length - 1]?.sockets;
/** CPU a socket at the largest size, in that of a tenth of it: what is linear stays near one. */
const MOST_GROWTH = 1.5;
const NETHOGS_SECONDS = 3;
const SECOND_MS = 1_000;

interface Round {
  readonly npmon: Cost;
  readonly ss: readonly Cost[];
}

/** What one size gave. */
interface Size {
  readonly sockets: number;
  readonly state: keyof typeof AIMS;
  readonly ratio: Spread;
  readonly npmon: Spread;
  readonly ss: Spread;
  /** Of a second; `null` when it cannot run here. */
  readonly nethogs: Spread | null;
}

export async function measureTick(): Promise<readonly Table[]> {
  const rows: Cell[][] = [];
  const first: Cell[][] = [];
  const sizes: Size[] = [];
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
    const [idleHogs, changedHogs] = await nethogsSeconds(crowd);
    for (const [state, rounds, hogs] of [
      ["idle", idle, idleHogs],
      ["changed", changed, changedHogs],
    ] as const) {
      const size = sizeOf(crowd.sockets, state, rounds, hogs);
      sizes.push(size);
      rows.push(rowOf(size, rounds));
    }
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
        "nethogs CPU ms a second",
      ],
      rows,
      notes: [
        "idle: no socket moved since the last tick. changed: every one did.",
        "CPU is exact. Kernel and user are told apart by samples of the kernel's timer, some milliseconds apart: the share over all rounds, left out where a run of ss is shorter than a few samples.",
        "npmon's capacity is the default of 65,536 flows, and 262,144 for the largest.",
        `nethogs watches loopback by itself after the rounds, for ${NETHOGS_SECONDS} seconds of no traffic and as many in which every socket sends once. 1,000 would be a whole core. What it sees of traffic for that is in the table of accuracy.`,
      ],
      standings: standingsOf(sizes),
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

/** While nothing moves, and while every socket moves once a second. */
async function nethogsSeconds(crowd: Crowd): Promise<readonly [Spread | null, Spread | null]> {
  const watcher = await Watcher.start(nethogs("lo")).catch(() => null);
  if (watcher === null) return [null, null];
  await using _ending = watcher;
  const second = async (act: () => Promise<unknown>) => {
    const [started, before] = [performance.now(), watcher.cpuMs()];
    await act();
    await pause(Math.max(0, started + SECOND_MS - performance.now()));
    return ((watcher.cpuMs() - before) * SECOND_MS) / (performance.now() - started);
  };
  const seconds = async (act: () => Promise<unknown>) => {
    const costs: number[] = [];
    for (let count = 0; count < NETHOGS_SECONDS; count++) costs.push(await second(act));
    return spreadOf(costs);
  };
  const idle = await seconds(async () => {});
  return [idle, await seconds(() => crowd.send(1))];
}

function sizeOf(
  sockets: number,
  state: keyof typeof AIMS,
  rounds: readonly Round[],
  hogs: Spread | null,
): Size {
  const ss = rounds.map((round) => meanOf(round.ss));
  const ratios = rounds.map(({ npmon }, index) => cpuOf(npmon) / cpuOf(ss[index] ?? npmon));
  return {
    sockets,
    state,
    ratio: spreadOf(ratios),
    npmon: cpuSpread(rounds.map(({ npmon }) => npmon)),
    ss: cpuSpread(ss),
    nethogs: hogs,
  };
}

function rowOf(size: Size, rounds: readonly Round[]): Cell[] {
  const npmon = rounds.map((round) => round.npmon);
  const ss = rounds.map((round) => meanOf(round.ss));
  const ssSplit = size.ss.median >= SPLIT_FROM_MS;
  const npmonKernelMs = kernelShare(npmon) * size.npmon.median;
  const ssKernelMs = kernelShare(ss) * size.ss.median;
  return [
    size.sockets,
    size.state,
    size.ratio,
    `≤ ${AIMS[size.state].toFixed(2)}`,
    size.npmon,
    npmonKernelMs,
    size.npmon.median - npmonKernelMs,
    size.ss,
    ssSplit ? ssKernelMs : null,
    ssSplit ? size.ss.median - ssKernelMs : null,
    spreadOf(npmon.map((cost) => cost.wallMs)).median,
    size.nethogs,
  ];
}

function standingsOf(sizes: readonly Size[]): readonly Standing[] {
  return sizes.flatMap(({ sockets, state, ratio, npmon, ss, nethogs }) => {
    const standing: Standing = {
      topic: state === "idle" ? "idle tick" : "changed tick",
      measure: `${sockets.toLocaleString("en")} sockets, CPU ms`,
      npmon,
      peers: { "ss -tin": ss, "nethogs, a second": nethogs ?? "cannot run here" },
      ratio: { to: "ss", of: ratio },
      aim: { of: "ratio", bound: "at most", value: AIMS[state] },
    };
    const smaller = sizes.find((size) => size.state === state && size.sockets * 10 === sockets);
    if (sockets !== LARGEST || smaller === undefined) return [standing];
    const growth = npmon.median / sockets / (smaller.npmon.median / smaller.sockets);
    return [
      standing,
      {
        topic: standing.topic,
        measure: `CPU a socket at ${sockets.toLocaleString("en")}, in that at ${smaller.sockets.toLocaleString("en")}`,
        npmon: growth,
        peers: { "ss -tin": ss.median / sockets / (smaller.ss.median / smaller.sockets) },
        aim: { of: "npmon", bound: "at most", value: MOST_GROWTH },
      },
    ];
  });
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
