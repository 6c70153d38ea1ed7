import { type Calls, measureCalls } from "./calls.ts";
import { measureOffOn, OFF_ON_NOTE, offOnColumns, offOnRows, type Side, startOffOn } from "./off-on.ts";
import type { Table } from "./table.ts";

const BLOCKS = 3;
const MEGABYTE = 1e6;

const LOADS = [
  { name: "writes of 64 KiB, another process reads", calls: { kind: "stream", size: 65_536 }, count: 10_000 },
  { name: "writes of 64 bytes, another process reads", calls: { kind: "stream", size: 64 }, count: 200_000 },
  { name: "64 bytes written and read by one thread", calls: { kind: "tcp", size: 64 }, count: 40_000 },
] as const satisfies readonly { name: string; calls: Calls; count: number }[];

/** One TCP connection that never rests. */
export async function measureBulk(): Promise<readonly Table[]> {
  const rates = LOADS.map(({ name }) => startOffOn(name));
  const samples = LOADS.map(({ calls, count }, index) => async (side: Side) => {
    const { perSecond, perCpuSecond } = await measureCalls(calls, count);
    const megabytes = calls.size / MEGABYTE;
    rates[index]?.[side].push({
      perSecond: perSecond * megabytes,
      perCpuSecond: perCpuSecond * megabytes,
    });
  });
  await measureOffOn(BLOCKS, samples);
  return [
    {
      title: "bulk: MB a second over one loopback connection, without npmon and beside `npmon top -b -d 1`",
      columns: offOnColumns("MB a second"),
      rows: rates.flatMap(offOnRows),
      notes: [
        OFF_ON_NOTE,
        "CPU time is that of the process that writes.",
        "Where a tracepoint counts UDP, it runs for each call of TCP as well and leaves at once: that is what small writes show. The last row has no second process whose turns would be in the figure.",
      ],
    },
  ];
}
