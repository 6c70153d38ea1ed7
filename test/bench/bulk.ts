import { BESIDE_NOTE, besideColumns, besideRows, besideStanding, measureBeside } from "./beside.ts";
import { type Calls, measureCalls } from "./calls.ts";
import { nethogs, PER_CALL_HOOKS, tcpdump } from "./peers.ts";
import type { Table } from "./table.ts";

const BLOCKS = 5;
const MEGABYTE = 1e6;
const AIM = 0.98;
/** For a watcher's first seconds, in which it compiles itself. */
const WARM_UPS = 1;

const LOADS = [
  { name: "writes of 64 KiB, another process reads", calls: { kind: "stream", size: 65_536 }, count: 30_000 },
  { name: "writes of 64 bytes, another process reads", calls: { kind: "stream", size: 64 }, count: 400_000 },
  { name: "64 bytes written and read by one thread", calls: { kind: "tcp", size: 64 }, count: 120_000 },
] as const satisfies readonly { name: string; calls: Calls; count: number }[];

/** One TCP connection that never rests. */
export async function measureBulk(): Promise<readonly Table[]> {
  const loads = LOADS.map(({ name, calls, count }) => ({
    name,
    sample: async () => {
      const { perSecond, perCpuSecond } = await measureCalls(calls, count);
      const megabytes = calls.size / MEGABYTE;
      return { perSecond: perSecond * megabytes, perCpuSecond: perCpuSecond * megabytes };
    },
  }));
  const peers = [tcpdump("lo"), PER_CALL_HOOKS, nethogs("lo")];
  const { results, absent } = await measureBeside(BLOCKS, peers, loads, WARM_UPS);
  return [
    {
      title: `bulk: MB a second over one loopback connection, with nobody watching and beside npmon and its peers (aim: at least ${AIM})`,
      columns: besideColumns("MB a second"),
      rows: results.flatMap(besideRows),
      notes: [
        BESIDE_NOTE,
        "CPU time is that of the process that writes. It and the one that reads have a processor each.",
        "Each watcher has seen every load once before.",
        "Where a tracepoint counts UDP, it runs for each call of TCP as well and leaves at once: that is what small writes show. The last load has no second process whose turns would be in the figure.",
        ...absent,
      ],
      standings: results.map((result) => besideStanding("bulk", AIM, result)),
    },
  ];
}
