import { readdirSync } from "node:fs";
import { enableStats } from "../../src/ebpf/index.ts";
import { startHold, startServer } from "../traffic/traffic.ts";
import { Crowd, pause } from "./crowd.ts";
import { MonitorProcess, type MonitorTicks } from "./monitor-process.ts";
import { ProgramTimes } from "./program-times.ts";
import { type Spread, spreadOf, sumOf } from "./spread.ts";
import type { Cell, Table } from "./table.ts";

const CAPACITY = 262_144;
/** A short pass is drowned by what else a tick does, so it takes more rounds. */
const SIZES = [
  { sockets: 1_000, rounds: 21 },
  { sockets: 10_000, rounds: 9 },
  { sockets: 100_000, rounds: 5 },
] as const;
/** Of one way to look, by kernel. */
const OWNERS = ["npmon_owners", "npmon_seek_owners", "npmon_find_owners"] as const;

interface Pass {
  readonly descriptors: number;
  readonly programNs: number;
  readonly cpuMs: number;
  readonly wallMs: number;
}

/** The walk over all open files, which follows when a connection was accepted that nobody was seen using yet. */
export async function measureOwners(): Promise<readonly Table[]> {
  const rows: Cell[][] = [];
  await using crowd = await Crowd.open(Math.max(...SIZES.map((size) => size.sockets)));
  await using server = await startServer();
  for (const { sockets, rounds } of SIZES) {
    await crowd.growTo(sockets);
    await using monitor = await MonitorProcess.open({ capacity: CAPACITY });
    const times = new ProgramTimes(monitor.pid);
    const passes: Pass[] = [];
    for (let round = 0; round < rounds; round++)
      passes.push(await measurePass(monitor, times, server.target));
    const spread = (pick: (pass: Pass) => number): Spread => spreadOf(passes.map(pick));
    rows.push([
      crowd.sockets,
      spread((pass) => pass.descriptors).median,
      spread((pass) => pass.wallMs),
      spread((pass) => pass.cpuMs),
      spread((pass) => (pass.cpuMs * 1e6) / pass.descriptors),
      spread((pass) => pass.programNs / pass.descriptors),
    ]);
  }
  return [
    {
      title: "owners: one pass over every descriptor of every process",
      columns: [
        "sockets",
        "descriptors",
        "pass wall ms",
        "pass CPU ms",
        "ns per descriptor",
        "ns of it in the program",
      ],
      rows,
      notes: [
        "A tick with one connection accepted and unclaimed, less the tick after it with none. npmon spends at most 5 % of a core on these passes, so a host where a pass takes long has its new connections named later.",
        "The program's time is of the kernel's BPF statistics, which were enabled for a second tick of the same kind only.",
      ],
    },
  ];
}

async function measurePass(monitor: MonitorProcess, times: ProgramTimes, to: string): Promise<Pass> {
  const withPass = await tickWithAccepted(monitor, to);
  const without = await monitor.tick(1, "last");
  const stats = enableStats();
  try {
    const { runs, ns } = await times.during(OWNERS, () => tickWithAccepted(monitor, to));
    if (runs === 0) throw new Error("the pass over descriptors did not run");
    return {
      descriptors: countDescriptors(),
      programNs: ns,
      cpuMs: cpuOf(withPass) - cpuOf(without),
      wallMs: withPass.wallMs - without.wallMs,
    };
  } finally {
    stats.close();
  }
}

/** Only a last tick looks for owners whenever there is somebody to look for. */
async function tickWithAccepted(monitor: MonitorProcess, to: string): Promise<MonitorTicks> {
  await using _accepted = await startHold({ to });
  await pause(20);
  return await monitor.tick(1, "last");
}

function cpuOf({ userMs, kernelMs }: MonitorTicks): number {
  return userMs + kernelMs;
}

/** Of every process of this host. */
function countDescriptors(): number {
  return sumOf(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(descriptorsOf),
  );
}

function descriptorsOf(pid: string): number {
  try {
    return readdirSync(`/proc/${pid}/fd`).length;
  } catch {
    return 0;
  }
}
