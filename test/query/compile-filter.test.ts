import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Flow } from "../../src/flow/flow.ts";
import { compileEndpointFilter, compileFlowFilter } from "../../src/query/compile-filter.ts";
import type { Filter } from "../../src/query/filter.ts";
import { parseFilter } from "../../src/query/parse-filter.ts";
import { endpointOf, flowOf, lookup } from "./endpoint.ts";

function parsed(text: string, scope: "flow" | "endpoint" = "flow"): Filter {
  const filter = parseFilter(text, { scope });
  assert.ok(filter !== null);
  return filter;
}

const WEB = {
  service: "Web-Shop",
  process: "node",
  container: "shop-1",
  ip: "10.0.3.7",
  port: 49152,
  pid: 77,
  host: "alpha",
  subnet: "10.0.3.0/24",
  "label.app": "shop",
  team: "payments",
};
const DB = { service: "postgres", domain: "db.example.org", ip: "2001:db8::5", port: 5432 };

const FLOW = flowOf(WEB, DB);
const ACCEPTED = flowOf(DB, WEB, { direction: "incoming", family: "ipv6" });
const UNKNOWN = flowOf({}, { ip: "192.0.2.1" }, { direction: "none", protocol: "udp" });

const CASES: readonly (readonly [text: string, flow: boolean, accepted: boolean, unknown: boolean])[] = [
  ["service:web-shop", true, true, false],
  ["service:web", false, false, false],
  ["service:web*", true, true, false],
  ["source.service:web*", true, false, false],
  ["destination.service:web*", false, true, false],
  ["client.service:web*", true, true, false],
  ["server.service:postgres", true, true, false],
  ["client.ip:192.0.2.1", false, false, false],
  ["server.ip:192.0.2.1", false, false, true],
  ["-service:postgres", false, false, true],
  ["-source.service:postgres", true, false, true],
  ["service:*", true, true, false],
  ["-service:*", false, false, true],
  ["domain:*", true, true, false],
  ["-domain:*", false, false, true],
  ["-source.domain:*", true, false, true],
  ["port:5432", true, true, false],
  ["port:5433", false, false, false],
  ["port:80,443,5432", true, true, false],
  ["port:1,2,3,4,5,5432", true, true, false],
  ["source.port:1,2,3,4,5,5432", false, true, false],
  ["source.port:>1024", true, true, false],
  ["source.port:>5432", true, false, false],
  ["source.port:[5432 TO 6000]", false, true, false],
  ["source.port:<5433", false, true, false],
  ["ip:10.0.0.0/8", true, true, false],
  ["source.ip:10.0.0.0/8", true, false, false],
  ["ip:10.0.3.7", true, true, false],
  ["ip:2001:DB8:0::5", true, true, false],
  ["ip:2001:db8::/32,192.0.2.0/24", true, true, true],
  ["ip:10.0.*", true, true, false],
  ["subnet:10.0.0.0/16", true, true, false],
  ["subnet:10.0.3.0/24", true, true, false],
  ["subnet:10.0.3.0/25", false, false, false],
  ["-subnet:10.0.0.0/8", false, false, true],
  ["protocol:tcp", true, true, false],
  ["direction:incoming,none", false, true, true],
  ["family:ipv6", false, true, false],
  ["label.app:SHOP", true, true, false],
  ["source.label.app:shop", true, false, false],
  ["-label.app:*", false, false, true],
  ["node", true, true, false],
  ["nod", false, false, false],
  ["*.example.org", true, true, false],
  ["shop-?", true, true, false],
  ["alpha", true, true, false],
  ["192.0.2.1", false, false, true],
  ["192.0.0.0/16", false, false, true],
  ["10.0.3.7 -192.0.2.1", true, true, false],
  ["service:postgres OR protocol:udp", true, true, true],
  ["service:postgres protocol:udp", false, false, false],
  ["-(service:postgres OR protocol:udp)", false, false, false],
  ["source.service:postgres OR -service:*", false, true, true],
  ["service:postgres retransmits:>1000", true, true, false],
  ["retransmits:>1000", true, true, true],
];

describe("compileFlowFilter", () => {
  for (const [text, flow, accepted, unknown] of CASES) {
    it(`asks ${text}`, () => {
      const accepts = compileFlowFilter(parsed(text), lookup);
      assert.deepEqual([FLOW, ACCEPTED, UNKNOWN].map(accepts), [flow, accepted, unknown]);
    });
  }

  it("knows the tags that the user defined by what is looked up", () => {
    const filter: Filter = {
      kind: "tag",
      asked: { end: "source", tag: "team" },
      values: [{ kind: "text", text: "Payments" }],
    };
    assert.deepEqual([FLOW, ACCEPTED].map(compileFlowFilter(filter, lookup)), [true, false]);
  });

  it("looks a tag up again at each call, for what is known of an end can change", () => {
    let service: string | null = null;
    const accepts = compileFlowFilter(parsed("source.service:web"), () => service);
    assert.equal(accepts(FLOW), false);
    service = "web";
    assert.equal(accepts(FLOW), true);
  });

  it("makes no garbage", () => {
    const text =
      "source.service:web* (port:80,5432 OR ip:10.0.0.0/8,2001:db8::/32) -process:curl -label.app:ÄÖ* protocol:tcp";
    const accepts = compileFlowFilter(parsed(text), lookup);
    const flows = [FLOW, ACCEPTED, UNKNOWN];
    const ask = (times: number) => {
      let fitting = 0;
      for (let index = 0; index < times; index++) if (accepts(flows[index % 3] as Flow)) fitting++;
      return fitting;
    };
    ask(300_000);
    const before = process.memoryUsage().heapUsed;
    const fitting = ask(300_000);
    const grown = process.memoryUsage().heapUsed - before;
    assert.equal(fitting, 100_000);
    // one object of the smallest kind a call would be five megabytes
    assert.ok(grown < 1_000_000, `${grown} bytes`);
  });
});

describe("compileEndpointFilter", () => {
  for (const [text, web, db] of [
    ["service:web*", true, false],
    ["-service:web*", false, true],
    ["10.0.0.0/8 OR port:5432", true, true],
    ["ip:10.0.0.0/8 port:>1024", true, false],
    ["alpha", true, false],
    ["label.app:*", true, false],
  ] as const) {
    it(`asks one endpoint ${text}`, () => {
      const accepts = compileEndpointFilter(parsed(text, "endpoint"), lookup);
      assert.deepEqual([WEB, DB].map(endpointOf).map(accepts), [web, db]);
    });
  }

  it("refuses a filter of flows", () => {
    for (const text of ["source.port:1", "protocol:tcp", "rtt:>1ms"]) {
      assert.throws(() => compileEndpointFilter(parsed(text), lookup), RangeError);
    }
  });
});
