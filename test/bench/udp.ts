import { enableStats } from "../../src/ebpf/index.ts";
import { BESIDE_NOTE, besideColumns, besideRows, measureBeside } from "./beside.ts";
import { type Calls, measureCalls } from "./calls.ts";
import { MonitorProcess } from "./monitor-process.ts";
import { type ProgramTime, ProgramTimes } from "./program-times.ts";
import { spreadOf } from "./spread.ts";
import type { Standing } from "./standing.ts";
import type { Cell, Table } from "./table.ts";

const ROUNDS = 4;
const BLOCKS = 3;
/** In a sample under the kernel's BPF statistics; without them there are more. */
const COUNTED = 20_000;
/** npmon's default. */
const CAPACITY = 65_536;
const TIERS = ["tracepoint", "kprobe"] as const;
const SMALL_WRITES = { kind: "tcp", size: 64 } as const;

/** What runs in the kernel for a call, of whatever tier; a tier has some of them. */
const SEND = ["npmon_send_length", "npmon_send4", "npmon_sent4"] as const;
const RECEIVE = [
  "npmon_receive_length",
  "npmon_receive_dns",
  "npmon_receive4",
  "npmon_consume_udp",
  "npmon_consume_dns",
] as const;

const LOADS = [
  { name: "UDP, connected", calls: { kind: "udp", socket: "connected" }, count: 60_000 },
  { name: "UDP, not connected", calls: { kind: "udp", socket: "unconnected" }, count: 60_000 },
  { name: "TCP, 64 bytes a call: leaves at once", calls: SMALL_WRITES, count: 30_000 },
] as const satisfies readonly { name: string; calls: Calls; count: number }[];

/** What counting datagrams costs who sends and receives them, and what it costs TCP, which makes the same calls. */
export async function measureUdp(): Promise<readonly Table[]> {
  const programs: Cell[][] = [];
  const refused: string[] = [];
  for (const tier of TIERS) {
    const rows = await measureTier(tier);
    if (typeof rows === "string") refused.push(`No ${tier} tier here: ${rows}.`);
    else programs.push(...rows);
  }
  const loads = LOADS.map(({ name, calls, count }) => ({ name, sample: () => measureCalls(calls, count) }));
  const { results } = await measureBeside(BLOCKS, [], loads);
  return [
    {
      title: "udp: BPF time of a call that sends or receives",
      columns: ["tier", "calls", "runs a send", "ns a send", "runs a receive", "ns a receive"],
      rows: programs,
      notes: [
        "By the kernel's BPF statistics, whose own cost of some tens of ns a run is partly in the figures. Calls of other processes count too: the lowest figure is the cleanest.",
        ...refused,
      ],
      standings: standingsOf(programs),
    },
    {
      title: "udp: 64 bytes sent and received by one thread, without npmon and beside `npmon top -b -d 1`",
      columns: besideColumns("sent and received a second"),
      rows: results.flatMap(besideRows),
      notes: [BESIDE_NOTE],
    },
  ];
}

/** Rows, or why there are none. */
async function measureTier(tier: (typeof TIERS)[number]): Promise<readonly Cell[][] | string> {
  const monitor = await MonitorProcess.open({ capacity: CAPACITY, tier }).catch((error: unknown) => {
    const reason = /^\w*Error: (this kernel .*)$/m.exec(String(error))?.[1];
    if (reason === undefined) throw error;
    return reason;
  });
  if (typeof monitor === "string") return monitor;
  await using _closing = monitor;
  const times = new ProgramTimes(monitor.pid);
  const stats = enableStats();
  try {
    const rows: Cell[][] = [];
    for (const { name, calls } of LOADS) {
      const send: ProgramTime[] = [];
      const receive: ProgramTime[] = [];
      for (let round = 0; round < ROUNDS; round++) {
        const before = [times.sum(SEND), times.sum(RECEIVE)] as const;
        await measureCalls(calls, COUNTED);
        send.push(since(before[0], times.sum(SEND)));
        receive.push(since(before[1], times.sum(RECEIVE)));
        await monitor.tick();
      }
      rows.push([tier, name, ...perCall(send), ...perCall(receive)]);
    }
    return rows;
  } finally {
    stats.close();
  }
}

function since(before: ProgramTime, after: ProgramTime): ProgramTime {
  return { runs: after.runs - before.runs, ns: after.ns - before.ns };
}

function perCall(rounds: readonly ProgramTime[]): readonly Cell[] {
  return [spreadOf(rounds.map(({ runs }) => runs / COUNTED)), spreadOf(rounds.map(({ ns }) => ns / COUNTED))];
}

/** The first tier that there is is the one in use, unless another is forced. */
function standingsOf(rows: readonly Cell[][]): readonly Standing[] {
  const tier = rows[0]?.[0];
  return rows
    .filter((row) => row[0] === tier)
    .flatMap(([, calls, , sendNs = null, , receiveNs = null]): Standing[] => [
      { topic: "per event", measure: `BPF ns a send; ${calls}`, npmon: sendNs },
      { topic: "per event", measure: `BPF ns a receive; ${calls}`, npmon: receiveNs },
    ]);
}
