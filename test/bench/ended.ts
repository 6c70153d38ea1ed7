import { FlowTable } from "../../src/aggregate/flow-table.ts";
import { Grouping } from "../../src/aggregate/group.ts";
import { takeRows } from "../../src/aggregate/rows.ts";
import { DIRECTION, FLOW_RECORD, RECORD_FLAG } from "../../src/probe/bpf/layout.generated.ts";
import { FlowRecordCursor } from "../../src/probe/bpf/record.ts";
import { parseGroupBy } from "../../src/query/group-by.ts";
import { EndpointTags } from "../../src/tag/endpoint-tags.ts";
import { processTags } from "../aggregate/record.ts";
import { spreadOf } from "./spread.ts";
import type { Table } from "./table.ts";

const ROUNDS = 15;
const WARM_ROUNDS = 3;
/** Of one tick. */
const CONNECTIONS = 15_000;
const AF_INET = 2;
const IPPROTO_TCP = 6;
const FLAGS = RECORD_FLAG.established | RECORD_FLAG.identity | RECORD_FLAG.closed;
const FIRST_PORT = 32_768;
const US_PER_MS = 1000;

interface Load {
  readonly name: string;
  readonly bothEndsHere: boolean;
}

const LOADS: readonly Load[] = [
  { name: "both ends on this host", bothEndsHere: true },
  { name: "the other end elsewhere", bothEndsHere: false },
];

/** What connections cost npmon that began and ended since the last tick, from the kernel's record to the row. */
export async function measureEnded(): Promise<readonly Table[]> {
  const perConnection = new Map<Load, number[]>(LOADS.map((load) => [load, []]));
  const runs = LOADS.map((load) => ({ load, prepare: createTick(load) }));
  for (let round = -WARM_ROUNDS; round < ROUNDS; round++) {
    for (const { load, prepare } of runs) {
      const tick = prepare(round);
      const before = process.cpuUsage();
      tick();
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) perConnection.get(load)?.push((user + system) / US_PER_MS / CONNECTIONS);
    }
  }
  return [
    {
      title: "ended: CPU of npmon's process for a connection that began and ended between two ticks",
      columns: ["load", "µs per connection"],
      rows: LOADS.map(({ name }, index) => [
        name,
        spreadOf((perConnection.get(LOADS[index] as Load) ?? []).map((ms) => ms * US_PER_MS)),
      ]),
      notes: [
        `${CONNECTIONS} connections a tick, grouped by service at both ends; decoding, pairing the ends, grouping and the garbage collector.`,
      ],
    },
  ];
}

/** Makes what the kernel would have written, and gives what npmon does with it. */
function createTick({ bothEndsHere }: Load): (round: number) => () => void {
  const tags = new EndpointTags();
  const processes = new Map(
    [1, 2, 3, 4].map((pid) => [pid, processTags(pid, pid > 2 ? "server" : "client")] as const),
  );
  const grouping = new Grouping({
    groupBy: parseGroupBy("service"),
    lookup: (endpoint, tag) => tags.valueOf(endpoint, tag),
  });
  const flows = new FlowTable({
    host: "bench",
    grouping,
    findProcess: (pid) => processes.get(pid) ?? null,
    isAwaited: () => false,
    findDomain: () => null,
  });
  const count = bothEndsHere ? 2 * CONNECTIONS : CONNECTIONS;
  const records = new DataView(new ArrayBuffer(count * FLOW_RECORD.size));
  const cursor = new FlowRecordCursor();
  return (round) => {
    fillRecords(records, bothEndsHere, round + WARM_ROUNDS);
    return () => {
      for (let index = 0; index < count; index++)
        flows.closed(cursor.moveTo(records, index * FLOW_RECORD.size));
      flows.settle(false);
      const closed = takeRows(grouping).reduce((sum, row) => sum + row.connections.closed, 0);
      if (closed !== count) throw new Error(`${closed} of ${count} flows have a row`);
    };
  };
}

/** Client and server of a connection stand some records apart, as they do where several processes are at it. */
function fillRecords(records: DataView, bothEndsHere: boolean, round: number): void {
  for (let index = 0; index < CONNECTIONS; index++) {
    const port = FIRST_PORT + ((index + round * 7) % 28_000);
    const remote = bothEndsHere ? 1 : 2 + (index % 200);
    if (!bothEndsHere) {
      fillRecord(records, index, { port, remote, outgoing: true });
    } else {
      fillRecord(records, 2 * index, { port, remote, outgoing: true });
      fillRecord(records, 2 * index + 1, { port, remote, outgoing: false });
    }
  }
}

interface End {
  readonly port: number;
  readonly remote: number;
  readonly outgoing: boolean;
}

function fillRecord(records: DataView, index: number, { port, remote, outgoing }: End): void {
  const at = index * FLOW_RECORD.size;
  const set = {
    u8: (name: keyof typeof FLOW_RECORD, value: number) => records.setUint8(at + FLOW_RECORD[name], value),
    u16: (name: keyof typeof FLOW_RECORD, value: number) =>
      records.setUint16(at + FLOW_RECORD[name], value, true),
    u32: (name: keyof typeof FLOW_RECORD, value: number) =>
      records.setUint32(at + FLOW_RECORD[name], value, true),
  };
  const address = (host: number) => (127 | (host << 24)) >>> 0;
  set.u32("bytesSent", 64);
  set.u32("bytesReceived", 21);
  set.u32("packetsSent", 5);
  set.u32("packetsReceived", 4);
  set.u32("rttUs", 30);
  set.u32("rttVarUs", 9);
  set.u16("flags", FLAGS);
  set.u8("direction", outgoing ? DIRECTION.outgoing : DIRECTION.incoming);
  set.u8("family", AF_INET);
  set.u8("protocol", IPPROTO_TCP);
  set.u32("localAddress", remote === 1 ? address(1) : 0x0100_000a);
  set.u32("remoteAddress", remote === 1 ? address(1) : (0x0200_000a | (remote << 16)) >>> 0);
  set.u16("localPort", outgoing ? port : 8080);
  set.u16("remotePort", outgoing ? 8080 : port);
  set.u32("netns", 4_026_531_840);
  set.u32("pid", (outgoing ? 1 : 3) + (index & 1));
}
