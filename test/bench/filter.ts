import type { Endpoint } from "../../src/flow/endpoint.ts";
import type { Flow } from "../../src/flow/flow.ts";
import { compileFlowFilter } from "../../src/query/compile-filter.ts";
import { parseFilter } from "../../src/query/parse-filter.ts";
import { EndpointTags } from "../../src/tag/endpoint-tags.ts";
import { processTags } from "../aggregate/record.ts";
import { spreadOf } from "./spread.ts";
import type { Table } from "./table.ts";

const FLOWS = 100_000;
const SERVICES = 200;
const ROUNDS = 21;
/** Long enough for the engine to have compiled what it runs. */
const WARM_UP_ROUNDS = 5;

const FILTERS = [
  "destination.port:443",
  "source.service:web* (destination.port:80,443 OR destination.ip:10.0.0.0/8) -process:curl",
  "10.1.0.0/16 OR 2001:db8::/32 OR service:*7",
] as const;

const PROCESSES = Array.from({ length: SERVICES }, (_, index) => ({
  ...processTags(index + 1, `${index % 3 === 0 ? "web" : "job"}-${index}`),
  process: index % 9 === 0 ? "curl" : "node",
}));

function endpoint(index: number, port: number): Endpoint {
  const ip =
    index % 5 === 0
      ? `2001:db8:${(index & 0xffff).toString(16)}::${index >> 16}`
      : `10.${index % 7}.${(index >> 8) & 255}.${index & 255}`;
  const process = PROCESSES[index % SERVICES] ?? null;
  return { ip, port, netns: 1, host: "alpha", domain: null, process };
}

/** What asking a filter of every flow costs, with the tags looked up as the monitor does. */
export async function measureFilter(): Promise<readonly Table[]> {
  const tags = new EndpointTags();
  const flows: Flow[] = Array.from({ length: FLOWS }, (_, index) => ({
    protocol: "tcp",
    family: index % 5 === 0 ? "ipv6" : "ipv4",
    direction: "outgoing",
    bothEndsHere: false,
    source: endpoint(index, 1024 + (index % 60_000)),
    destination: endpoint(index * 31 + 7, index % 4 === 0 ? 443 : 1024 + (index % 500)),
  }));
  const rows = FILTERS.map((text) => {
    const filter = parseFilter(text);
    if (filter === null) throw new Error("a filter that asks nothing");
    const accepts = compileFlowFilter(filter, (end, tag) => tags.valueOf(end, tag));
    const ns: number[] = [];
    let fitting = 0;
    for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
      const started = performance.now();
      fitting = 0;
      for (const flow of flows) if (accepts(flow)) fitting++;
      if (round >= WARM_UP_ROUNDS) ns.push(((performance.now() - started) * 1e6) / FLOWS);
    }
    return [text, fitting, spreadOf(ns)];
  });
  return [
    {
      title: `filter: asking ${FLOWS.toLocaleString("en")} flows`,
      columns: ["filter", "flows that fit", "ns a flow"],
      rows,
      notes: [
        "Wall time, tags looked up as the monitor does. A flow is asked when it begins and when its ends become better known.",
      ],
    },
  ];
}
