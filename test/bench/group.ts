import { DuckDBInstance } from "@duckdb/node-api";
import { FlowTable } from "../../src/aggregate/flow-table.ts";
import { Grouping } from "../../src/aggregate/group.ts";
import { takeRows } from "../../src/aggregate/rows.ts";
import type { FlowIdentity, FlowRecord } from "../../src/probe/probe.ts";
import { parseGroupBy } from "../../src/query/group-by.ts";
import { EndpointTags } from "../../src/tag/endpoint-tags.ts";
import { processTags } from "../aggregate/record.ts";
import { spreadOf } from "./spread.ts";
import type { Table } from "./table.ts";

const FLOWS = 100_000;
const SERVICES = 200;
const PORTS = 500;
const ROUNDS = 11;
const GROUP_BY = "source.service,destination.port";
/** Long enough for the engine to have compiled what it runs. */
const WARM_UP_ROUNDS = 4;
/** In the time of the faster loop. */
const AIM = 2;

/** One flow of the crowd: which service, which port, and what it moves in each round. */
interface Example {
  readonly pid: number;
  readonly service: string;
  readonly port: number;
  readonly sent: number;
  readonly received: number;
}

const EXAMPLES: readonly Example[] = Array.from({ length: FLOWS }, (_, index) => ({
  pid: 1 + ((index * 7919) % SERVICES),
  service: `service-${(index * 7919) % SERVICES}`,
  port: 1024 + ((index * 104_729) % PORTS),
  sent: 100 + (index % 1000),
  received: 10 + (index % 77),
}));

/** A cursor over made-up records, as a probe would move one over kernel memory. */
class ExampleRecord implements FlowRecord {
  slot = 0;
  bytesSent = 0;
  bytesReceived = 0;
  packetsSent = 0;
  packetsReceived = 0;
  readonly retransmits = 0;
  readonly rttUs = 100;
  readonly rttVarUs = 10;
  readonly established = true;
  readonly preexisting = false;
  readonly error = 0;
  hasIdentity = false;
  #example: Example | null = null;

  moveTo(example: Example, slot: number, round: number): this {
    this.slot = slot;
    this.bytesSent = (round + 1) * example.sent;
    this.bytesReceived = (round + 1) * example.received;
    this.packetsSent = round + 1;
    this.packetsReceived = round + 1;
    this.hasIdentity = round === 0;
    this.#example = example;
    return this;
  }

  identity(): FlowIdentity {
    const index = this.slot - 1;
    return {
      protocol: "tcp",
      family: "ipv4",
      direction: "outgoing",
      localIp: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
      localPort: 40_000,
      remoteIp: "192.0.2.1",
      remotePort: this.#example?.port ?? 0,
      netns: 1,
      pid: this.#example?.pid ?? 0,
      startTicks: 1,
    };
  }
}

/** What grouping by two tags costs, beside an analytic database and beside a loop that does nothing else. */
export async function measureGroup(): Promise<readonly Table[]> {
  const npmon = createNpmon();
  const duck = await openDuckDb();
  const times = {
    tick: [] as number[],
    loop: [] as number[],
    nested: [] as number[],
    duckdb: [] as number[],
  };
  try {
    npmon(0);
    for (let round = 1; round <= WARM_UP_ROUNDS + ROUNDS; round++) {
      if (round === WARM_UP_ROUNDS + 1) for (const list of Object.values(times)) list.length = 0;
      const expected = timed(times.loop, loop);
      const nested = timed(times.nested, nestedLoop);
      const rows = timed(times.tick, () => npmon(round));
      const found = await duck.query(times.duckdb);
      if (rows !== expected || nested !== expected || found !== expected) {
        throw new Error(`rows: npmon ${rows}, DuckDB ${found}, loops ${expected} and ${nested}`);
      }
    }
  } finally {
    duck.close();
  }
  const fastest = times.loop.map((ms, round) => Math.min(ms, times.nested[round] ?? ms));
  const ratiosOf = (name: keyof typeof times) =>
    spreadOf(times[name].map((ms, round) => ms / (fastest[round] ?? ms)));
  const rows = (Object.keys(times) as (keyof typeof times)[]).map((name) => [
    NAMES[name],
    spreadOf(times[name]),
    ratiosOf(name),
  ]);
  return [
    {
      title: `group: ${FLOWS.toLocaleString("en")} flows, all moved, by ${GROUP_BY} (aim: ${AIM} times the faster loop)`,
      columns: ["who", "ms", "/ the faster loop"],
      rows,
      notes: [
        "npmon's time is a whole tick of the aggregate: differences of every record, sums, sorted frozen rows. DuckDB's is the query alone, its table being in memory already.",
        "npmon knows the row of a flow from its first tick on and only adds; the loops find it anew for each flow.",
      ],
      standings: [
        {
          topic: "group-by",
          measure: `${FLOWS.toLocaleString("en")} flows by two tags, ms`,
          npmon: spreadOf(times.tick),
          peers: { "the faster loop": spreadOf(fastest), DuckDB: spreadOf(times.duckdb) },
          ratio: { to: "the loop", of: ratiosOf("tick") },
          aim: { of: "ratio", bound: "at most", value: AIM },
        },
      ],
    },
  ];
}

const NAMES = {
  tick: "npmon",
  loop: "a hand-written loop over a Map by the text of both tags",
  nested: "the same over a Map in a Map",
  duckdb: "DuckDB, two threads",
} as const;

function timed<Value>(into: number[], action: () => Value): Value {
  const started = performance.now();
  const value = action();
  into.push(performance.now() - started);
  return value;
}

/** Gives the number of rows of a round. */
function createNpmon(): (round: number) => number {
  const tags = new EndpointTags();
  const processes = Array.from({ length: SERVICES }, (_, index) =>
    processTags(index + 1, `service-${index}`),
  );
  const grouping = new Grouping({
    groupBy: parseGroupBy(GROUP_BY),
    lookup: (endpoint, tag) => tags.valueOf(endpoint, tag),
  });
  const table = new FlowTable({
    host: "bench",
    grouping,
    findProcess: (pid) => processes[pid - 1] ?? null,
    findDomain: () => null,
  });
  const record = new ExampleRecord();
  return (round) => {
    EXAMPLES.forEach((example, index) => {
      table.open(record.moveTo(example, index + 1, round));
    });
    table.settle(false);
    return takeRows(grouping).length;
  };
}

/** The least that anybody has to do for these rows. */
function loop(): number {
  const rows = new Map<string, { sent: number; received: number }>();
  for (const { service, port, sent, received } of EXAMPLES) {
    const key = `${service} ${port}`;
    const row = rows.get(key);
    if (row === undefined) {
      rows.set(key, { sent, received });
    } else {
      row.sent += sent;
      row.received += received;
    }
  }
  return [...rows.values()].sort((a, b) => b.sent + b.received - (a.sent + a.received)).length;
}

/** The same without making a text for each flow. */
function nestedLoop(): number {
  const services = new Map<string, Map<number, { sent: number; received: number }>>();
  for (const { service, port, sent, received } of EXAMPLES) {
    const ports = services.get(service) ?? new Map<number, { sent: number; received: number }>();
    if (ports.size === 0) services.set(service, ports);
    const row = ports.get(port);
    if (row === undefined) {
      ports.set(port, { sent, received });
    } else {
      row.sent += sent;
      row.received += received;
    }
  }
  const rows = [...services.values()].flatMap((ports) => [...ports.values()]);
  return rows.sort((a, b) => b.sent + b.received - (a.sent + a.received)).length;
}

async function openDuckDb() {
  const instance = await DuckDBInstance.create(":memory:", { threads: "2" });
  const connection = await instance.connect();
  await connection.run("CREATE TABLE flows (service VARCHAR, port INTEGER, sent BIGINT, received BIGINT)");
  const appender = await connection.createAppender("flows");
  for (const { service, port, sent, received } of EXAMPLES) {
    appender.appendVarchar(service);
    appender.appendInteger(port);
    appender.appendBigInt(BigInt(sent));
    appender.appendBigInt(BigInt(received));
    appender.endRow();
  }
  appender.closeSync();
  return {
    query: async (times: number[]) => {
      const started = performance.now();
      const result = await connection.runAndReadAll(
        "SELECT service, port, sum(sent) s, sum(received) r FROM flows GROUP BY ALL ORDER BY s + r DESC",
      );
      const rows = result.getRows().length;
      times.push(performance.now() - started);
      return rows;
    },
    close: () => {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
