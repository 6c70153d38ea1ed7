import assert from "node:assert/strict";
import { test } from "node:test";
import {
  formatBandwidth,
  formatBytes,
  formatCount,
  formatDuration,
  formatPercent,
  formatWindow,
} from "../../src/view/format.ts";

test("bytes are scaled by powers of 1,024 to three digits", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0"],
    [1, "1 B"],
    [0.4, "0.40 B"],
    [0.001, "<0.01 B"],
    [999, "999 B"],
    [1000, "0.98 KiB"],
    [1024, "1.00 KiB"],
    [1536, "1.50 KiB"],
    [10_342, "10.1 KiB"],
    [1_258_291, "1.20 MiB"],
    [1_048_064, "1.00 MiB"],
    [2 ** 53, "8.00 PiB"],
    [2 ** 80, "1048576 EiB"],
    [Number.NaN, "-"],
    [Number.POSITIVE_INFINITY, "-"],
  ];
  for (const [bytes, expected] of cases) assert.equal(formatBytes(bytes, "auto"), expected, String(bytes));
});

test("bits are scaled by powers of 1,000, exact bytes not at all", () => {
  assert.equal(formatBandwidth(1_258_291, "auto"), "1.20 MiB/s");
  assert.equal(formatBandwidth(1_258_291, "bits"), "10.1 Mbit/s");
  assert.equal(formatBandwidth(1_258_291.4, "bytes"), "1258291");
  assert.equal(formatBandwidth(0, "bits"), "0");
  assert.equal(formatBytes(2 ** 53, "bytes"), "9007199254740992");
});

test("counts are exact below a million", () => {
  assert.deepEqual([0, 7, 999_999, 1_000_000, 123_456_789].map(formatCount), [
    "0",
    "7",
    "999999",
    "1.00M",
    "123M",
  ]);
});

test("durations choose µs, ms or s", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0"],
    [120, "120 µs"],
    [12.34, "12.3 µs"],
    [999.7, "1.00 ms"],
    [1500, "1.50 ms"],
    [84_210, "84.2 ms"],
    [2_100_000, "2.10 s"],
    [3_600_000_000, "3600 s"],
  ];
  for (const [us, expected] of cases) assert.equal(formatDuration(us), expected);
});

test("a share is never rounded to nothing or to all", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0%"],
    [0.0001, "<0.1%"],
    [0.023, "2.3%"],
    [0.0996, "10%"],
    [0.5, "50%"],
    [0.9999, ">99%"],
    [1, "100%"],
    [1.7, "170%"],
  ];
  for (const [share, expected] of cases) assert.equal(formatPercent(share), expected);
});

test("windows read as they were typed", () => {
  assert.deepEqual([500, 1000, 1500, 5000, 300_000].map(formatWindow), [
    "500 ms",
    "1 s",
    "1.5 s",
    "5 s",
    "5 min",
  ]);
});
