import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { NpmonError } from "../../src/error/error.ts";
import { filterSnapshot, namesOfSnapshot } from "../../src/query/filter-snapshot.ts";
import { parseFilter } from "../../src/query/parse-filter.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { createFlow, createSnapshot } from "../view/fixtures/snapshots.ts";

function filtered(snapshot: Snapshot, text: string): Snapshot {
  const filter = parseFilter(text, { names: namesOfSnapshot(snapshot) });
  assert.ok(filter !== null);
  return filterSnapshot(snapshot, filter);
}

const flows = [
  createFlow({ source: { team: "pay" }, destination: { team: "web" }, bytes_sent: 10, retransmits: 2 }),
  createFlow({ source: { team: null }, destination: { team: "pay" }, bytes_sent: 30, retransmits: 0 }),
];
const SNAPSHOT = createSnapshot({ group_by: ["source.team", "destination.team"], flows });

describe("filterSnapshot", () => {
  it("gives the rows that fit, by tags that were defined where the snapshot was made", () => {
    assert.deepEqual(filtered(SNAPSHOT, "source.team:pay").flows, [flows[0]]);
    assert.deepEqual(filtered(SNAPSHOT, "-source.team:*").flows, [flows[1]]);
    assert.deepEqual(filtered(SNAPSHOT, "retransmits:0").flows, [flows[1]]);
    assert.deepEqual(filtered(SNAPSHOT, "team:pay").flows, flows);
  });

  it("leaves the rest as it is and says what it asked", () => {
    const snapshot = filtered(SNAPSHOT, "NOT team:(web)");
    assert.deepEqual({ ...snapshot, filter: null, flows }, SNAPSHOT);
    assert.equal(snapshot.filter, "-team:web");
    assert.ok(Object.isFrozen(snapshot));
  });

  for (const [saved, asked, filter] of [
    ["team:pay", "retransmits:>0", "team:pay retransmits:>0"],
    ["team:pay OR team:web", "team:x", "(team:pay OR team:web) team:x"],
    ["what is (this?", "team:x", "(what is (this?) team:x"],
    ["area:north OR team:a", "team:x", "(area:north OR team:a) team:x"],
  ] as const) {
    it(`joins what was asked before, ${saved}, with ${asked}`, () => {
      assert.equal(filtered({ ...SNAPSHOT, filter: saved }, asked).filter, filter);
    });
  }

  it("refuses what the rows cannot answer", () => {
    assert.throws(
      () => filtered(SNAPSHOT, "pod:x source.team:a"),
      (error: unknown) =>
        error instanceof NpmonError &&
        error.code === "usage" &&
        /grouped by source\.team, destination\.team and cannot be asked for pod$/.test(error.message) &&
        /--group-by flow/.test(error.remedy),
    );
  });
});

describe("namesOfSnapshot", () => {
  it("finds tags of the user in ungrouped rows and leaves out what can be no tag", () => {
    const odd = createFlow({ source: { team: "a", "od d": "x", rtt: "y" }, destination: { zone: null } });
    const names = namesOfSnapshot(createSnapshot({ group_by: ["flow"], flows: [odd] }));
    for (const tag of ["team", "zone", "service"]) assert.ok(names.isEndpointTag(tag));
    for (const tag of ["od d", "rtt", "flow"]) assert.ok(!names.isEndpointTag(tag));
    assert.ok(namesOfSnapshot(createSnapshot({ group_by: ["flow"], flows: [] })).isEndpointTag("pod"));
  });
});
