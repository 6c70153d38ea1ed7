import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { NPMON, startNpmon } from "../commands/npmon.ts";
import { Crowd, pause } from "./crowd.ts";
import { type Look, measureHour } from "./hour.ts";
import { MonitorProcess } from "./monitor-process.ts";
import { RESIDENT_COLUMNS, type Resident, readResident, residentCells } from "./resident.ts";
import type { Standing } from "./standing.ts";
import type { Cell, Table } from "./table.ts";

const SOCKETS = [0, 1_000, 10_000, 100_000] as const;
const DEFAULT_CAPACITY = 65_536;
const LARGE_CAPACITY = 262_144;
/** The aims are stated for so many flows; the second for the monitor with a capacity for them. */
const AIMS = { 1000: 120, 100000: 300 } as const;
const SCREEN_SOCKETS = 1_000;
/** Of what was resident after the first quarter of an hour of churn. */
const MOST_GROWTH = 1.05;
/** npmon has given back by then what only its start needed. */
const SCREEN_MS = 7_000;
const TICKS = 3;
const LOOK_EVERY_MS = 50;
/** How much later npmon takes each tick to be: so that it gives back what it does not use. */
const TICK_PASSES_MS = 300_000;
const MIB = 2 ** 20;

/** What npmon holds, with nothing to look at and with much. */
export async function measureMemory(): Promise<readonly Table[]> {
  const monitors: Cell[][] = [];
  const commands: Cell[][] = [];
  const standings: Standing[] = [];
  const stand = (measure: string, bytes: number, aim: number) =>
    standings.push(standingOf(`${measure}, resident MiB`, bytes / MIB, aim));
  const hour = await measureHour();
  await using crowd = await Crowd.open(Math.max(...SOCKETS));
  for (const sockets of SOCKETS) {
    await crowd.growTo(sockets);
    const capacity = sockets > DEFAULT_CAPACITY ? LARGE_CAPACITY : DEFAULT_CAPACITY;
    const monitor = await measureMonitor(crowd, capacity);
    monitors.push([crowd.sockets, capacity, ...residentCells(monitor), monitor.heapUsedBytes / MIB]);
    const exported = await measureExport();
    commands.push(["export --json -d 3 -c 1", crowd.sockets, ...residentCells(exported)]);
    if (sockets === SCREEN_SOCKETS) {
      const top = await measureTop();
      commands.push([`top, full-screen, after ${SCREEN_MS / 1000} s`, crowd.sockets, ...residentCells(top)]);
      stand("1,000 flows, `export` or `top`", Math.max(exported.total, top.total), AIMS[1_000]);
    }
    if (sockets === 100_000) stand("100,000 flows, the monitor", monitor.total, AIMS[100_000]);
  }
  return [
    {
      title: "memory: the monitor alone, minutes after its start",
      columns: ["flows", "capacity", ...RESIDENT_COLUMNS, "heap used MiB"],
      rows: monitors,
      notes: [
        "anonymous: V8's heap and malloc. code: node and libraries, which other programs share. BPF maps: kernel memory mapped here, whole from the start and by capacity.",
      ],
      standings: [...standings, ...hourStandings(hour)],
    },
    {
      title: "memory: an hour of churn, as fast as it goes",
      columns: ["minutes", "connections", ...RESIDENT_COLUMNS, "heap MiB", "heap used MiB"],
      rows: hour.map(({ minutes, connections, resident, heapBytes, heapUsedBytes }) => [
        minutes,
        connections,
        ...residentCells(resident),
        heapBytes / MIB,
        heapUsedBytes / MIB,
      ]),
      notes: [
        "As many connections as fifty a second make in an hour, and as many ticks as one a second, each of which npmon takes to be a second later.",
        "As it stands, but for the last column: V8's heap, part of what is anonymous, after a garbage collection.",
      ],
    },
    {
      title: "memory: the commands (aim: at most 120 MiB with 1,000 flows)",
      columns: ["npmon …", "sockets", ...RESIDENT_COLUMNS],
      rows: commands,
      notes: [
        "export: when it held the most. Their capacity is the default of 65,536 flows; connections beyond it wait.",
      ],
    },
  ];
}

async function measureMonitor(
  crowd: Crowd,
  capacity: number,
): Promise<Resident & { readonly heapUsedBytes: number }> {
  await using monitor = await MonitorProcess.open({ capacity });
  for (let i = 0; i < TICKS; i++) {
    await crowd.send(1);
    await monitor.tick(1, "more", TICK_PASSES_MS);
  }
  const resident = readResident(monitor.pid);
  if (resident === null) throw new Error("the monitor has ended");
  const { heapUsedBytes } = await monitor.memory();
  return { ...resident, heapUsedBytes };
}

function standingOf(measure: string, npmon: number, aim: number): Standing {
  return { topic: "memory", measure, npmon, aim: { of: "npmon", bound: "at most", value: aim } };
}

/** Flat: no more at the end than after the first quarter. */
function hourStandings(hour: readonly Look[]): readonly Standing[] {
  const [first, last] = [hour.find(({ minutes }) => minutes === 15), hour.at(-1)];
  if (first === undefined || last === undefined) throw new Error("the hour was not measured");
  const of = `an hour of churn (${last.connections.toLocaleString("en")} connections)`;
  return [
    { topic: "memory", measure: `after ${of}, resident MiB`, npmon: last.resident.total / MIB },
    standingOf(
      `the same, in that after its first quarter`,
      last.resident.total / first.resident.total,
      MOST_GROWTH,
    ),
  ];
}

async function measureExport(): Promise<Resident> {
  const child = startNpmon(["export", "--json", "-d", "3", "-c", "1"], { stdio: "ignore" });
  const closed = once(child, "close");
  let most: Resident | null = null;
  while (isRunning(child)) {
    const now = readResident(child.pid ?? -1);
    if (now !== null && now.total >= (most?.total ?? 0)) most = now;
    await pause(LOOK_EVERY_MS);
  }
  const [code] = await closed;
  if (most === null || code !== 0) throw new Error(`npmon export ended with ${code}`);
  return most;
}

/** util-linux's `script` lends a terminal; npmon is its only child. */
async function measureTop(): Promise<Resident> {
  const command = `stty rows 50 cols 200; exec '${process.execPath}' '${NPMON}' top`;
  const script = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    env: { ...process.env, TERM: "xterm-256color" },
    stdio: ["pipe", "ignore", "ignore"],
  });
  const closed = once(script, "close");
  await pause(SCREEN_MS);
  const children = readFileSync(`/proc/${script.pid}/task/${script.pid}/children`, "utf8");
  const resident = readResident(Number(children.trim()));
  script.stdin?.write("q");
  await closed;
  if (resident === null) throw new Error("npmon top has ended before it was measured");
  return resident;
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
