import assert from "node:assert/strict";
import { test } from "node:test";
import { NpmonError } from "../../src/error/error.ts";
import { parsePeriod } from "../../src/history/period.ts";
import { alignPeriod, chooseStep, formatStep, parseStep } from "../../src/history/step.ts";

const NOW = Date.parse("2026-03-29T02:30:00.000Z");
const HOUR_MS = 3_600_000;

/** In a zone whose clocks go forward an hour before that. */
process.env.TZ = "Europe/Berlin";

for (const [typed, expected] of [
  ["24h", "2026-03-28T02:30:00.000Z"],
  ["5d", "2026-03-24T02:30:00.000Z"],
  ["30m", "2026-03-29T02:00:00.000Z"],
  ["1.5h", "2026-03-29T01:00:00.000Z"],
  ["2026-03-28", "2026-03-28T00:00:00.000Z"],
  ["2026-03-29T02:15", "2026-03-29T02:15:00.000Z"],
  ["2026-03-29 01:59:59.5", "2026-03-29T01:59:59.500Z"],
  ["2026-03-29T01:00:00Z", "2026-03-29T01:00:00.000Z"],
  ["2026-03-29T01:00 UTC", "2026-03-29T01:00:00.000Z"],
  ["2026-03-29T03:30+02:00", "2026-03-29T01:30:00.000Z"],
  ["2026-03-28T20:00-0530", "2026-03-29T01:30:00.000Z"],
  ["02:15", "2026-03-29T02:15:00.000Z"],
  ["02:15:30", "2026-03-29T02:15:30.000Z"],
  // that of yesterday, for there is no other yet
  ["23:00", "2026-03-28T23:00:00.000Z"],
  [" 1h ", "2026-03-29T01:30:00.000Z"],
] as const) {
  test(`--since ${JSON.stringify(typed)} is ${expected}, whatever the clocks do here`, () => {
    const { sinceMs, untilMs } = parsePeriod({ since: typed, nowMs: NOW });
    assert.deepEqual([new Date(sinceMs).toISOString(), untilMs], [expected, NOW]);
  });
}

for (const [since, until, says] of [
  ["", undefined, /--since: found "", expected a time ago such as 30m/],
  ["24", undefined, /--since: found "24"/],
  ["yesterday", undefined, /--since: found "yesterday"/],
  ["-1h", undefined, /--since: found "-1h"/],
  ["1h30m", undefined, /--since: found/],
  ["2026-02-30", undefined, /--since: found/],
  ["2026-13-01", undefined, /--since: found/],
  ["2026-03-28T25:00", undefined, /--since: found/],
  ["2026-03-28T10:00+99:00", undefined, /--since: found/],
  ["24:00", undefined, /--since: found/],
  ["1e9d", undefined, /--since: found/],
  ["99999d", undefined, /--since: found "99999d", expected 1s to 3650d/],
  ["now", undefined, /--since: 2026-03-29 02:30:00 UTC is in the future; it is/],
  ["2026-03-29T02:31", undefined, /--since: 2026-03-29 02:31:00 UTC is in the future/],
  ["1h", "2h", /--since \(2026-03-29 01:30:00 UTC\) has to be before --until \(2026-03-29 00:30:00 UTC\)/],
  ["1h", "1h", /has to be before/],
  ["1h", "soon", /--until: found "soon"/],
  ["\u001b[31m", undefined, /--since: found "\\u\{1b\}\[31m"/],
  ["9".repeat(100_000), undefined, /--since: found "9{39}…"/],
] as const) {
  test(`--since ${JSON.stringify(since.slice(0, 30))} --until ${until} is a mistake`, () => {
    assert.throws(
      () => parsePeriod({ since, until, nowMs: NOW }),
      (error) => error instanceof NpmonError && error.code === "usage" && says.test(error.message),
    );
  });
}

test("what is asked until a time in the future is asked until now, and that is said", () => {
  const { untilMs, note } = parsePeriod({ since: "1h", until: "2026-04-01", nowMs: NOW });
  assert.equal(untilMs, NOW);
  assert.match(note ?? "", /in the future/);
  assert.equal(parsePeriod({ since: "1h", until: "now", nowMs: NOW }).note, null);
});

test("a number without a unit is told what it lacks", () => {
  assert.throws(
    () => parsePeriod({ since: "90", nowMs: NOW }),
    (error) => error instanceof NpmonError && /"90m" is minutes/.test(error.remedy),
  );
});

test("windows of a time ago begin when clocks show it, those of a named time when it was named", () => {
  const relative = { sinceMs: NOW - HOUR_MS + 7, untilMs: NOW + 7, isRelative: true };
  assert.deepEqual(alignPeriod(relative, HOUR_MS), {
    sinceMs: Date.parse("2026-03-29T01:00:00Z"),
    untilMs: NOW + 7,
  });
  const named = { ...relative, isRelative: false };
  assert.equal(alignPeriod(named, HOUR_MS).sinceMs, named.sinceMs);
});

test("more windows than anybody can look at are refused with a step that would do", () => {
  const day = { sinceMs: NOW - 24 * HOUR_MS, untilMs: NOW, isRelative: true };
  assert.throws(
    () => alignPeriod(day, 1000),
    (error) =>
      error instanceof NpmonError && /86400 windows/.test(error.message) && /--step 1m/.test(error.remedy),
  );
  assert.equal(alignPeriod(day, 60_000).sinceMs, day.sinceMs);
});

for (const [period, reportsEvery, most, expected] of [
  ["1h", 300_000, 100, "10m"],
  ["1h", 1_000, 60, "1m"],
  ["24h", 300_000, 24, "1h"],
  ["24h", 300_000, 144, "10m"],
  ["5d", 300_000, 24, "6h"],
  ["10m", 300_000, 60, "2m"],
  ["3650d", 0, 24, "180d"],
] as const) {
  test(`--step auto of ${period} in at most ${most} windows, reported every ${reportsEvery} ms, is ${expected}`, () => {
    const { sinceMs, untilMs } = parsePeriod({ since: period, nowMs: NOW });
    const host = { host: "a", first: "", last: "", interval_ms: reportsEvery };
    const step = chooseStep({ sinceMs, untilMs }, [host], most);
    if (period === "3650d") assert.ok(step >= (untilMs - sinceMs) / most);
    else assert.equal(formatStep(step), expected);
  });
}

test("a step is a duration or auto", () => {
  assert.deepEqual(["auto", "5m", "90s", "1d"].map(parseStep), ["auto", 300_000, 90_000, 86_400_000]);
  assert.throws(() => parseStep("0s"), /--step/);
  assert.throws(() => parseStep("5 minutes"), /--step/);
});
