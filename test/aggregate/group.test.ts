import assert from "node:assert/strict";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Grouping } from "../../src/aggregate/group.ts";
import { TrackedFlow } from "../../src/aggregate/tracked-flow.ts";
import type { Endpoint } from "../../src/flow/endpoint.ts";

const ROWS = 4_000;
/** A hash table for the tags of each end alone would be more. */
const MOST_BYTES_A_ROW = 2_500;

function endpoint(port: number): Endpoint {
  return { ip: "10.0.0.1", port, netns: 1, host: "h", domain: null, process: null };
}

test("a row of all tags takes little memory", () => {
  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");
  const heapUsed = () => {
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const lookup = (end: Endpoint, tag: string) => (tag === "port" ? end.port : "a value");
  const grouping = new Grouping({ groupBy: "flow", lookup });
  const fill = (from: number, to: number) => {
    for (let port = from; port < to; port++) {
      const kind = { protocol: "tcp", family: "ipv4", direction: "outgoing" } as const;
      grouping.groupOf(new TrackedFlow(kind, endpoint(port), endpoint(443), true));
    }
  };
  fill(0, 1_000); // until what runs is compiled
  const before = heapUsed();
  fill(1_000, 1_000 + ROWS);
  const bytes = (heapUsed() - before) / ROWS;
  assert.equal([...grouping.groups].length, 1_000 + ROWS);
  assert.ok(bytes < MOST_BYTES_A_ROW, `${Math.round(bytes)} bytes a row`);
});

test("the tags of a row stand in the order of the question, the flow's own last", () => {
  const groupBy = [
    { end: "destination", tag: "port" },
    { end: "flow", tag: "protocol" },
    { end: "source", tag: "service" },
    { end: "destination", tag: "service" },
  ] as const;
  const grouping = new Grouping({
    groupBy,
    lookup: ({ port }, tag) => (tag === "port" ? port : `of ${port}`),
  });
  const kind = { protocol: "tcp", family: "ipv4", direction: "outgoing" } as const;
  const group = grouping.groupOf(new TrackedFlow(kind, endpoint(5000), endpoint(443), true));
  const tags = {
    destination: { port: 443, service: "of 443" },
    source: { service: "of 5000" },
    protocol: "tcp",
  };
  assert.equal(JSON.stringify(group?.tags), JSON.stringify(tags));
  assert.ok(Object.isFrozen(group?.tags));
  assert.ok(Object.isFrozen(group?.tags.source));
});
