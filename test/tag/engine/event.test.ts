import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decodeEvent, EVENTS_PATH } from "../../../src/tag/engine/event.ts";
import { containerId, event } from "./fake-engine.ts";

const ID = containerId(1);

describe("decodeEvent", () => {
  for (const [action, kind] of [
    ["create", "appeared"],
    ["start", "appeared"],
    ["rename", "renamed"],
    ["destroy", "removed"],
    ["remove", "removed"],
  ] as const) {
    it(`reads ${action}`, () => {
      const decoded = decodeEvent(JSON.stringify(event(action, ID, { name: "web", image: "nginx:1" })));
      assert.equal(decoded?.id, ID);
      assert.equal(decoded.kind, kind);
      assert.equal(decoded.facts?.name, kind === "removed" ? undefined : "web");
    });
  }

  for (const [what, line] of [
    ["another action", event("die", ID)],
    ["another thing", { ...event("create", ID), Type: "image" }],
    ["part of an id", event("create", ID.slice(0, 12))],
    ["an id with something after it", event("create", `${ID}x`)],
    ["an inherited action", event("constructor", ID)],
    ["nobody", { Type: "container", Action: "create" }],
  ] as const) {
    it(`finds nothing in an event about ${what}`, () => {
      assert.equal(decodeEvent(JSON.stringify(line)), null);
    });
  }

  it("reads no facts that have no name", () => {
    assert.equal(decodeEvent(JSON.stringify(event("create", ID, { image: "nginx" })))?.facts, null);
  });
});

describe("EVENTS_PATH", () => {
  it("asks for these events and no others", () => {
    const filters = new URL(EVENTS_PATH, "http://docker").searchParams.get("filters");
    assert.deepEqual(JSON.parse(filters ?? ""), {
      type: ["container"],
      event: ["create", "start", "rename", "destroy", "remove"],
    });
  });
});
