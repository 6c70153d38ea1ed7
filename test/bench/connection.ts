import { enableStats } from "../../src/ebpf/index.ts";
import { runChurn, runClient, startHold, startServer } from "../traffic/traffic.ts";
import { pause } from "./crowd.ts";
import { MonitorProcess } from "./monitor-process.ts";
import { ProgramTimes } from "./program-times.ts";
import { spreadOf } from "./spread.ts";
import type { Cell, Table } from "./table.ts";

const ROUNDS = 3;
/** npmon's default. */
const CAPACITY = 65_536;
/** The only program that runs when something happens; the others run when npmon asks them to. */
const STATE = "npmon_state";
const MEGABYTE = 1e6;
/** For the last of a load's connections to end. */
const MOST_TICKS = 40;

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
  /** npmon's own time for the ticks that read what has ended. */
  readonly tickMs: number;
}

/** What the kernel spends in npmon's programs as connections come and go, and as bytes flow. */
export async function measureConnection(): Promise<readonly Table[]> {
  const samples = new Map<Load, Sample[]>(LOADS.map((load) => [load, []]));
  await using server = await startServer({ workers: 2 });
  await using monitor = await MonitorProcess.open({ capacity: CAPACITY });
  const times = new ProgramTimes(monitor.pid);
  const stats = enableStats();
  try {
    for (let round = 0; round < ROUNDS; round++) {
      for (const [load, rounds] of samples)
        rounds.push(await measureLoad(load, server.target, monitor, times));
    }
  } finally {
    stats.close();
  }
  return [
    {
      title: "connection: BPF time of what runs by itself (`npmon_state`), both ends on this host",
      columns: [
        "load",
        "connections",
        "MB",
        "runs per connection",
        "ns per connection",
        "runs per MB",
        "ns per MB",
        "npmon µs per connection",
      ],
      rows: LOADS.map((load) => rowOf(load, samples.get(load) ?? [])),
      notes: [
        "By the kernel's BPF statistics, whose own cost of some tens of ns a run is partly in the figures. Runs are changes of state of both sockets of a connection, half of that where the other end is another host's.",
        "Runs per connection are the same for 10 MB and for 1 GB: nothing of npmon runs by byte, packet or call.",
        "The programs see every TCP socket of the host, so connections of others count too: the lowest figure is the cleanest.",
        "npmon's own time is CPU of the ticks, mostly one, that take the ended connections out of the kernel.",
      ],
    },
  ];
}

async function measureLoad(
  load: Load,
  to: string,
  monitor: MonitorProcess,
  times: ProgramTimes,
): Promise<Sample> {
  await monitor.tick();
  let closed = 0;
  let tickMs = 0;
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
  return { runs, ns, tickMs };
}

function rowOf({ name, connections, bytes }: Load, rounds: readonly Sample[]): Cell[] {
  const megabytes = bytes / MEGABYTE;
  return [
    name,
    connections,
    megabytes,
    spreadOf(rounds.map(({ runs }) => runs / connections)),
    spreadOf(rounds.map(({ ns }) => ns / connections)),
    spreadOf(rounds.map(({ runs }) => runs / megabytes)),
    spreadOf(rounds.map(({ ns }) => ns / megabytes)),
    // a handful of connections does not fill a tick
    connections < 1_000 ? null : spreadOf(rounds.map(({ tickMs }) => (tickMs * 1000) / connections)),
  ];
}
