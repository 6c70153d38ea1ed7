import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseNetwork } from "../../src/config/network.ts";
import type { Endpoint } from "../../src/flow/endpoint.ts";
import type { Network } from "../../src/flow/ip.ts";
import { createUserTags } from "../../src/tag/user-tags.ts";

function network(text: string): Network {
  const parsed = parseNetwork(text);
  assert.ok(parsed !== null);
  return parsed;
}

function endpoint(ip: string | null, port = 80): Endpoint {
  return { ip, port, netns: null, host: null, domain: null, process: null };
}

describe("createUserTags", () => {
  const find = createUserTags({
    rules: [
      { fits: ({ port }) => port === 5432, set: { team: "data", service: "postgres" } },
      { fits: ({ ip }) => ip === "10.1.0.5", set: { team: "edge" } },
    ],
    networks: [
      [network("10.0.0.0/8"), { team: "ops", zone: "a" }],
      [network("10.1.0.0/16"), { zone: "b" }],
      [network("2001:db8::/32"), { zone: "six" }],
    ],
  });

  const CASES: readonly [what: string, end: Endpoint, tag: string, value: string | undefined][] = [
    ["a rule that fits", endpoint("192.0.2.1", 5432), "service", "postgres"],
    ["the later of two rules", endpoint("10.1.0.5", 5432), "team", "edge"],
    [
      "an earlier rule for what the later one does not give",
      endpoint("10.1.0.5", 5432),
      "service",
      "postgres",
    ],
    ["a rule before a network", endpoint("10.2.0.1", 5432), "team", "data"],
    ["the longest prefix", endpoint("10.1.2.3"), "zone", "b"],
    ["a shorter prefix for a tag that the longer one does not give", endpoint("10.1.2.3"), "team", "ops"],
    ["a network of IPv6", endpoint("2001:db8::7"), "zone", "six"],
    ["nothing for an address in no network", endpoint("192.0.2.1"), "zone", undefined],
    ["nothing for an end without an address", endpoint(null), "zone", undefined],
    ["nothing for a tag that nobody gives", endpoint("10.1.2.3"), "owner", undefined],
  ];
  for (const [what, end, tag, value] of CASES) it(`takes ${what}`, () => assert.equal(find(end, tag), value));
});
