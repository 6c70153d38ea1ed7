import { measureAccuracy } from "./accuracy.ts";
import { measureBulk } from "./bulk.ts";
import { measureChurn } from "./churn.ts";
import { measureConnection } from "./connection.ts";
import { measureEnded } from "./ended.ts";
import { measureFilter } from "./filter.ts";
import { measureGroup } from "./group.ts";
import { measureHistory } from "./history.ts";
import { measureIngest } from "./ingest.ts";
import { measureMemory } from "./memory.ts";
import { measureOwners } from "./owners.ts";
import { measurePrefix } from "./prefix.ts";
import { measureScreen } from "./screen.ts";
import { measureStart } from "./start.ts";
import type { Table } from "./table.ts";
import { measureTick } from "./tick.ts";
import { measureUdp } from "./udp.ts";

export interface Bench {
  /** As on the command line. */
  readonly name: string;
  readonly summary: string;
  run(): Promise<readonly Table[]>;
}

/** In the order in which they run: `tick` first, while no connection of another bench is in TIME_WAIT. */
export const BENCHES: readonly Bench[] = [
  { name: "tick", summary: "CPU of a tick, beside ss", run: measureTick },
  { name: "owners", summary: "looking for the owners of accepted connections", run: measureOwners },
  { name: "connection", summary: "BPF time by connection and by megabyte", run: measureConnection },
  {
    name: "udp",
    summary: "datagrams, and TCP calls that count none, with npmon and without",
    run: measureUdp,
  },
  { name: "ended", summary: "npmon's own CPU by connection that began and ended", run: measureEnded },
  { name: "churn", summary: "connections a second with npmon and without", run: measureChurn },
  { name: "bulk", summary: "throughput with npmon and without", run: measureBulk },
  {
    name: "accuracy",
    summary: "what is shown of short connections, beside nethogs and iftop",
    run: measureAccuracy,
  },
  { name: "prefix", summary: "the longest prefix for an address", run: measurePrefix },
  { name: "start", summary: "time until there is something to see", run: measureStart },
  { name: "group", summary: "grouping by two tags, beside DuckDB and a loop", run: measureGroup },
  { name: "filter", summary: "asking a filter of every flow", run: measureFilter },
  { name: "screen", summary: "CPU and memory of the full screen by rows", run: measureScreen },
  { name: "ingest", summary: "rows a second that an intake makes durable", run: measureIngest },
  { name: "history", summary: "questions over five days of a fleet", run: measureHistory },
  { name: "memory", summary: "resident memory by number of flows", run: measureMemory },
];
