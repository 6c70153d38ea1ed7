import { once } from "node:events";
import { NPMON, startNpmon } from "../commands/npmon.ts";
import { costOf } from "./cost.ts";
import { Crowd } from "./crowd.ts";
import { spreadOf } from "./spread.ts";
import type { Cell, Table } from "./table.ts";

const ROUNDS = 7;
const SOCKETS = [100, 10_000] as const;
const AIMS = { helpMs: 200, tableMs: 1_000 } as const;

interface Start {
  /** Until stderr said that the probes are attached. */
  readonly tracingMs: number;
  /** Until the first byte of the first table. */
  readonly tableMs: number;
}

/** How long a person waits. */
export async function measureStart(): Promise<readonly Table[]> {
  const node: number[] = [];
  const help: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    node.push(await wallOf([process.execPath, "--eval", "0"]));
    help.push(await wallOf([process.execPath, NPMON, "--help"]));
  }
  const rows: Cell[][] = [];
  let last = { sockets: 0, tableMs: spreadOf(help) };
  await using crowd = await Crowd.open(Math.max(...SOCKETS));
  for (const sockets of SOCKETS) {
    await crowd.growTo(sockets);
    const starts: Start[] = [];
    for (let round = 0; round < ROUNDS; round++) starts.push(await startTop());
    last = { sockets: crowd.sockets, tableMs: spreadOf(starts.map((start) => start.tableMs)) };
    rows.push([last.sockets, spreadOf(starts.map((start) => start.tracingMs)), last.tableMs]);
  }
  return [
    {
      title: "start: `npmon --help` beside an empty program of node",
      columns: ["npmon / node", "npmon --help ms", "node --eval 0 ms"],
      rows: [[spreadOf(help.map((ms, round) => ms / (node[round] ?? ms))), spreadOf(help), spreadOf(node)]],
      notes: ["Wall time of the process, from start to end."],
      standings: [
        {
          topic: "start",
          measure: "npmon --help, ms",
          npmon: spreadOf(help),
          peers: { "node --eval 0": spreadOf(node) },
          aim: { of: "npmon", bound: "at most", value: AIMS.helpMs },
        },
        {
          topic: "start",
          measure: `npmon top to its first table, ${last.sockets.toLocaleString("en")} sockets, ms`,
          npmon: last.tableMs,
          aim: { of: "npmon", bound: "at most", value: AIMS.tableMs },
        },
      ],
    },
    {
      title: "start: `npmon top -b -c 1`",
      columns: ["sockets", "ms to `npmon: tracing`", "ms to the first byte of the first table"],
      rows,
      notes: ["The first interval is 0.3 s long, which is in the second figure."],
    },
  ];
}

async function wallOf(command: readonly string[]): Promise<number> {
  const [cost] = await costOf(1, command);
  if (cost === undefined) throw new Error(`${command.join(" ")} was not measured`);
  return cost.wallMs;
}

async function startTop(): Promise<Start> {
  const started = performance.now();
  const top = startNpmon(["top", "-b", "-c", "1"]);
  const closed = once(top, "close");
  const first = async (name: "stdout" | "stderr") => {
    const stream = top[name];
    if (stream === null) throw new Error(`top has no ${name}`);
    await once(stream, "data");
    const ms = performance.now() - started;
    stream.resume();
    return ms;
  };
  const both = Promise.all([first("stderr"), first("stdout")]);
  const failed = closed.then(() => null);
  const times = await Promise.race([both, failed]);
  const [code] = await closed;
  if (times === null || code !== 0) throw new Error(`npmon top ended with ${code} and no table`);
  return { tracingMs: times[0], tableMs: times[1] };
}
