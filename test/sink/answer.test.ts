import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeAnswer, outcomeOfStatus, parseRetryAfter } from "../../src/sink/deliver/answer.ts";
import { delayAfter } from "../../src/sink/deliver/backoff.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { splitSnapshot } from "../../src/snapshot/split.ts";

const NOW = Date.parse("2026-01-01T00:00:00Z");

for (const [text, ms] of [
  [undefined, null],
  ["7", 7000],
  ["0", 0],
  ["Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
  ["Wed, 31 Dec 2025 00:00:00 GMT", 0],
  ["999999999", 3_600_000],
  ["soon", null],
  ["-5x", null],
] as const) {
  test(`Retry-After ${text} is ${ms} ms`, () => assert.equal(parseRetryAfter(text, NOW), ms));
}

for (const [status, kind, slow] of [
  [400, "bad", null],
  [422, "bad", null],
  [413, "too_much", null],
  [401, "failed", true],
  [403, "failed", true],
  [404, "failed", true],
  [302, "failed", true],
  [408, "failed", false],
  [429, "failed", false],
  [500, "failed", false],
  [503, "failed", false],
] as const) {
  test(`status ${status} is ${kind}${slow ? ", slowly tried again" : ""}`, () => {
    const outcome = outcomeOfStatus(status, "", {});
    assert.deepEqual([outcome.kind, outcome.kind === "failed" ? outcome.slow : null], [kind, slow]);
  });
}

test("an answer acknowledges only what was sent, and by line what has no id", () => {
  const parcels = ["a", "b", "c"].map((id) => ({ id, member: Buffer.alloc(0) }));
  const rejected = [
    { line: 3, id: null, message: "deep" },
    { line: 9, id: "x", message: "" },
  ];
  const outcome = decodeAnswer(
    JSON.stringify({ accepted: ["a", "zz"], duplicate: ["b"], rejected }),
    parcels,
  );
  assert.deepEqual(outcome, {
    kind: "answered",
    done: new Set(["a", "b"]),
    refused: new Map([["c", "deep"]]),
  });
  for (const body of ["", "[]", "{}", '{"accepted":1}', '{"accepted":[],"duplicate":[],"rejected":[]}']) {
    assert.equal(decodeAnswer(body, parcels).kind, "failed", body);
  }
});

test("delays double up to the longest, with jitter, and Retry-After is kept", () => {
  const patience = { firstMs: 1000, maxMs: 300_000, slowMs: 60_000 };
  const outcome = { slow: false, retryAfterMs: null };
  const delays = [1, 2, 3, 20, 1000].map((failures) => delayAfter(failures, patience, outcome, 1));
  assert.deepEqual(delays, [1000, 2000, 4000, 300_000, 300_000]);
  assert.equal(delayAfter(1, patience, outcome, 0), 500);
  assert.equal(delayAfter(1, patience, { ...outcome, slow: true }, 1), 60_000);
  assert.equal(delayAfter(9, patience, { ...outcome, retryAfterMs: 7000 }, 0), 7000);
});

test("the parts of a large snapshot have ids of their own and tell of losses once", () => {
  const probe = { tier: "kprobe", lost: 3, lost_bytes: 5, unattributed: 1, flows: 7, backwards: 1 };
  const flows = Array.from({ length: 7 }, (_, bytes_sent) => ({ bytes_sent }));
  const snapshot = { id: "first", probe, flows, delivery: { dropped: 1 } } as unknown as Snapshot;
  const parts = splitSnapshot(snapshot, 3);
  assert.deepEqual(
    parts.flatMap((part) => part.flows),
    flows,
  );
  assert.deepEqual(
    parts.map((part) => [part.flows.length, part.probe.lost, part.delivery?.dropped]),
    [
      [3, 3, 1],
      [3, 0, undefined],
      [1, 0, undefined],
    ],
  );
  assert.equal(new Set(parts.map(({ id }) => id)).size, 3);
  assert.deepEqual(splitSnapshot(snapshot, 7), [snapshot]);
});
