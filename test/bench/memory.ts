import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { NPMON, startNpmon } from "../commands/npmon.ts";
import { Crowd, pause } from "./crowd.ts";
import { MonitorProcess } from "./monitor-process.ts";
import { RESIDENT_COLUMNS, type Resident, readResident, residentCells } from "./resident.ts";
import type { Cell, Table } from "./table.ts";

const SOCKETS = [0, 1_000, 10_000, 100_000] as const;
const DEFAULT_CAPACITY = 65_536;
const LARGE_CAPACITY = 262_144;
/** The aim is stated for this many. */
const SCREEN_SOCKETS = 1_000;
const SCREEN_MS = 6_000;
const TICKS = 3;
const LOOK_EVERY_MS = 50;
const MIB = 2 ** 20;

/** What npmon holds, with nothing to look at and with much. */
export async function measureMemory(): Promise<readonly Table[]> {
  const monitors: Cell[][] = [];
  const commands: Cell[][] = [];
  await using crowd = await Crowd.open(Math.max(...SOCKETS));
  for (const sockets of SOCKETS) {
    await crowd.growTo(sockets);
    const capacity = sockets > DEFAULT_CAPACITY ? LARGE_CAPACITY : DEFAULT_CAPACITY;
    monitors.push([crowd.sockets, capacity, ...(await measureMonitor(crowd, capacity))]);
    commands.push(["export --json -d 3 -c 1", crowd.sockets, ...residentCells(await measureExport())]);
    if (sockets === SCREEN_SOCKETS) {
      commands.push(["top, full-screen, after 6 s", crowd.sockets, ...residentCells(await measureTop())]);
    }
  }
  return [
    {
      title: "memory: the monitor alone, after a garbage collection",
      columns: ["flows", "capacity", ...RESIDENT_COLUMNS, "heap used MiB"],
      rows: monitors,
      notes: [
        "anonymous: V8's heap and malloc. code: node and libraries, which other programs share. BPF maps: kernel memory mapped here, whole from the start and by capacity; ring buffers count twice.",
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

async function measureMonitor(crowd: Crowd, capacity: number): Promise<readonly Cell[]> {
  await using monitor = await MonitorProcess.open({ capacity });
  for (let i = 0; i < TICKS; i++) {
    await crowd.send(1);
    await monitor.tick();
  }
  const { heapUsedBytes } = await monitor.memory();
  const resident = readResident(monitor.pid);
  if (resident === null) throw new Error("the monitor has ended");
  return [...residentCells(resident), heapUsedBytes / MIB];
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
