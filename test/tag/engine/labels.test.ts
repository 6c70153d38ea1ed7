import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { keepLabels } from "../../../src/tag/engine/labels.ts";

const NOTHING: ReadonlySet<string> = new Set();

function keep(labels: unknown, without = NOTHING): Record<string, string> {
  return { ...keepLabels(labels, without) };
}

function many(count: number, prefix: string, value = "v"): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, n) => [`${prefix}${n}`, value]));
}

/** What npmon makes tags of, at its longest. */
const NEEDED = {
  "com.docker.compose.project": "p".repeat(256),
  "com.docker.compose.service": "s".repeat(256),
  "com.datadoghq.tags.service": "s".repeat(256),
  "com.datadoghq.tags.env": "e".repeat(256),
  "com.datadoghq.tags.version": "v".repeat(256),
  "io.kubernetes.container.name": "c".repeat(256),
  "io.kubernetes.pod.name": "n".repeat(256),
  "io.kubernetes.pod.namespace": "n".repeat(256),
  "io.kubernetes.pod.uid": "u".repeat(256),
};

describe("keepLabels", () => {
  it("keeps a container's few labels as they are", () => {
    const labels = { maintainer: "somebody", "com.docker.compose.service": "web", empty: "" };
    assert.deepEqual(keep(labels), labels);
  });

  for (const value of [null, undefined, "a=b", 7, [["a", "b"]], true]) {
    it(`finds none in ${JSON.stringify(value)}`, () => {
      assert.deepEqual(keep(value), {});
    });
  }

  for (const [what, crowd] of [
    ["others", many(10_000, "a")],
    ["others that are long", many(10_000, "a", "x".repeat(256))],
    ["ones of the same family", many(10_000, "com.docker.compose.x", "x".repeat(256))],
    ["ones of another family", many(10_000, "io.kubernetes.", "x".repeat(256))],
  ] as const) {
    it(`loses none that npmon knows among ten thousand ${what}`, () => {
      const kept = keep({ ...crowd, ...NEEDED });
      for (const [key, value] of Object.entries(NEEDED)) assert.equal(kept[key], value, key);
      assert.ok(Object.keys(kept).length <= 64);
    });
  }

  it("prefers the families that npmon knows to others", () => {
    const kept = keep({
      ...many(100, "other."),
      ...many(40, "io.kubernetes."),
      ...many(20, "com.datadoghq.tags."),
    });
    const families = Object.keys(kept).map((key) => key.replace(/\d+$/, ""));
    assert.equal(families.filter((family) => family === "io.kubernetes.").length, 40);
    assert.equal(families.filter((family) => family === "com.datadoghq.tags.").length, 20);
    assert.equal(families.filter((family) => family === "other.").length, 4);
  });

  it("cuts long values and leaves long keys out", () => {
    const kept = keep({ long: "x".repeat(100_000), ["k".repeat(129)]: "v", ["k".repeat(128)]: "w" });
    assert.deepEqual(kept, { long: "x".repeat(256), ["k".repeat(128)]: "w" });
  });

  it("leaves out what is no label", () => {
    assert.deepEqual(keep({ name: "a", image: "b", c: "d" }, new Set(["name", "image"])), { c: "d" });
  });

  it("keeps no more than 64 labels and 4,096 characters of whatever there is", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ maxLength: 200 }), fc.anything(), { maxKeys: 100 }), (labels) => {
        const entries = Object.entries(keepLabels(labels, NOTHING));
        const characters = entries.reduce((sum, [key, value]) => sum + key.length + value.length, 0);
        assert.ok(entries.length <= 64 && characters <= 4_096);
        for (const [key, value] of entries) {
          const given = labels[key];
          assert.ok(typeof given === "string" && given.startsWith(value.slice(0, -1)));
        }
      }),
    );
  });
});
