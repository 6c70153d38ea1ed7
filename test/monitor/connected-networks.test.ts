import assert from "node:assert/strict";
import { networkInterfaces } from "node:os";
import { test } from "node:test";
import { connectedNetworks } from "../../src/monitor/connected-networks.ts";
import { createPrefixTable } from "../../src/tag/prefix-table.ts";

test("this host is connected to its loopback network, under the name that people write", () => {
  const table = createPrefixTable(connectedNetworks(networkInterfaces()));
  assert.equal(table.find("127.1.2.3"), "127.0.0.0/8");
  assert.equal(table.find("203.0.113.77"), null);
});

test("networks of one address, and what is none, are left out", () => {
  const one = { address: "", netmask: "", mac: "", internal: false, family: "IPv4" } as const;
  const named = connectedNetworks({
    eth0: [
      { ...one, cidr: "10.0.3.7/24" },
      { ...one, cidr: "10.0.3.8/32" },
      { ...one, cidr: null },
      { ...one, cidr: "nonsense" },
    ],
    none: undefined,
  }).map(([, name]) => name);
  assert.deepEqual(named, ["10.0.3.0/24"]);
});
