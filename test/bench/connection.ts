import { enableStats } from "../../src/ebpf/index.ts";
import { runChurn, runClient, startHold, startServer } from "../traffic/traffic.ts";
import { pause } from "./crowd.ts";
import { MonitorProcess } from "./monitor-process.ts";
import { Nothing } from "./nothing.ts";
import { ProgramTimes } from "./program-times.ts";
import { type Spread, spreadOf } from "./spread.ts";
import type { Standing } from "./standing.ts";
import type { Cell, Table } from "./table.ts";

const ROUNDS = 3;
/** npmon's default. */
const CAPACITY = 65_536;
/** What runs when something happens, the same program twice; the others run when npmon asks them to. */
const STATE = ["npmon_state", "npmon_state_again"] as const;
const MEGABYTE = 1e6;
/** For the last of a load's connections to end. */
const MOST_TICKS = 40;
const AIMS = { connectionNs: 1_000, megabyteNs: 0 } as const;

interface Load {
  readonly name: string;
  readonly connections: number;
  readonly bytes: number;
  run(to: string): Promise<unknown>;
}

const SMALL_WRITES = 500;
const SMALL_WRITE_BYTES = 64;

const LOADS: readonly Load[] = [
  {
    name: "churn, some 64 bytes each way",
    connections: 20_000,
    bytes: 20_000 * 85,
    run: (to) => runChurn({ to, connections: 20_000, parallel: 2 }),
  },
  bulk("10 MB in writes of 64 KiB", 1, 10 * MEGABYTE),
  bulk("1 GB in writes of 64 KiB", 1, 1000 * MEGABYTE),
  bulk("1 GB over 10 connections", 10, 1000 * MEGABYTE),
  {
    name: "64 MB in writes of 64 bytes",
    connections: 2_000,
    bytes: 2_000 * SMALL_WRITES * SMALL_WRITE_BYTES,
    run: async (to) => {
      await using hold = await startHold({ to, connections: 2_000 });
      for (let i = 0; i < SMALL_WRITES; i++) await hold.send(SMALL_WRITE_BYTES);
      await hold.stop();
    },
  },
];

function bulk(name: string, connections: number, bytes: number): Load {
  const run = (to: string) => runClient({ to, connections, sendBytes: bytes / connections });
  return { name, connections, bytes, run };
}

interface Sample {
  readonly runs: number;
  readonly ns: number;
  /** What the statistics add to a run, by a program that does nothing. */
  readonly emptyNs: number;
  /** npmon's own time for the ticks that read what has ended. */
  readonly tickMs: number;
}

/** What the kernel spends in npmon's programs as connections come and go, and as bytes flow. */
export async function measureConnection(): Promise<readonly Table[]> {
  const samples = new Map<Load, Sample[]>(LOADS.map((load) => [load, []]));
  await using server = await startServer({ workers: 2 });
  await using monitor = await MonitorProcess.open({ capacity: CAPACITY });
  const times = new ProgramTimes(monitor.pid);
  const nothing = Nothing.attach();
  const stats = enableStats();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const [load, rounds] of samples)
        rounds.push(await measureLoad(load, server.target, monitor, times, nothing));
    }
  } finally {
    stats.close();
    nothing.close();
  }
  return [
    {
      title:
        "connection: BPF time of what runs by itself (`npmon_state` and `npmon_state_again`), both ends on this host",
      columns: [
        "load",
        "connections",
        "MB",
        "runs per connection",
        "ns per connection",
        "of that the statistics' own",
        "runs per MB",
        "ns per MB",
        "npmon µs per connection",
      ],
      rows: LOADS.map((load) => rowOf(load, samples.get(load) ?? [])),
      notes: [
        "By the kernel's BPF statistics, which cost something themselves: as much as they say of a program that does nothing at the same tracepoint. Without them it is not spent. Runs are changes of state of both sockets of a connection, half of that where the other end is another host's.",
        "Runs per connection are the same for 10 MB and for 1 GB: nothing of npmon runs by byte, packet or call.",
        "The programs see every TCP socket of the host, so connections of others count too: the lowest figure is the cleanest.",
        "npmon's own time is CPU of the ticks, mostly one, that take the ended connections out of the kernel.",
      ],
      standings: standingsOf(samples),
    },
  ];
}

async function measureLoad(
  load: Load,
  to: string,
  monitor: MonitorProcess,
  times: ProgramTimes,
  nothing: Nothing,
): Promise<Sample> {
  await monitor.tick();
  let closed = 0;
  let tickMs = 0;
  const before = nothing.read();
  const { runs, ns } = await times.during(STATE, async () => {
    await load.run(to);
    // the server's last states come after the client has ended
    for (let tries = 0; closed < 2 * load.connections && tries < MOST_TICKS; tries++) {
      await pause(50);
      await monitor.poll();
      const tick = await monitor.tick();
      closed += tick.closed;
      tickMs += tick.userMs + tick.kernelMs;
    }
  });
  if (closed < 2 * load.connections) {
    throw new Error(`npmon saw ${closed} of ${2 * load.connections} ends of connections close`);
  }
  const after = nothing.read();
  return { runs, ns, emptyNs: (after.ns - before.ns) / (after.runs - before.runs), tickMs };
}

function rowOf({ name, connections, bytes }: Load, rounds: readonly Sample[]): Cell[] {
  const megabytes = bytes / MEGABYTE;
  return [
    name,
    connections,
    megabytes,
    spreadOf(rounds.map(({ runs }) => runs / connections)),
    spreadOf(rounds.map(({ ns }) => ns / connections)),
    spreadOf(rounds.map(({ runs, emptyNs }) => (runs * emptyNs) / connections)),
    spreadOf(rounds.map(({ runs }) => runs / megabytes)),
    spreadOf(rounds.map(({ ns }) => ns / megabytes)),
    // a handful of connections does not fill a tick
    connections < 1_000 ? null : spreadOf(rounds.map(({ tickMs }) => (tickMs * 1000) / connections)),
  ];
}

function standingsOf(samples: ReadonlyMap<Load, readonly Sample[]>): readonly Standing[] {
  const [churn] = LOADS;
  const [small, large] = LOADS.filter(({ connections }) => connections === 1);
  if (churn === undefined || small === undefined || large === undefined) throw new Error("a load is missing");
  const spent = (load: Load, pick: (sample: Sample) => number): Spread =>
    spreadOf((samples.get(load) ?? []).map(pick));
  const ends = [
    ["with another host", 2],
    ["both ends here", 1],
  ] as const;
  // What a megabyte more adds. In runs, because one connection takes now more and now less time whatever it moves; the
  // fewest, because connections of others count too.
  const runs = spent(large, (sample) => sample.runs).min - spent(small, (sample) => sample.runs).min;
  return [
    ...ends.map(
      ([where, divisor]): Standing => ({
        topic: "per event",
        measure: `BPF ns a TCP connection ${where}`,
        npmon: spent(churn, ({ runs, ns, emptyNs }) => (ns - runs * emptyNs) / churn.connections / divisor),
        aim: { of: "npmon", bound: "at most", value: AIMS.connectionNs },
      }),
    ),
    {
      topic: "per event",
      measure: "BPF runs a megabyte of TCP",
      npmon: Math.max(0, Math.round(runs)) / ((large.bytes - small.bytes) / MEGABYTE),
      aim: { of: "npmon", bound: "at most", value: AIMS.megabyteNs },
    },
  ];
}
