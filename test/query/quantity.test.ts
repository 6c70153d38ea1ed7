import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  formatQuantity,
  parseQuantity,
  quantityValue,
  type UnitFamily,
  unitsOf,
} from "../../src/query/quantity.ts";

const FITTING: readonly (readonly [text: string, family: UnitFamily, written: string, value: number])[] = [
  ["443", "none", "443", 443],
  ["0080", "none", "80", 80],
  ["10", "count", "10", 10],
  ["1.5k", "count", "1.5k", 1_500],
  ["2m", "count", "2M", 2_000_000],
  ["0", "bytes", "0", 0],
  ["1MiB", "bytes", "1MiB", 1_048_576],
  ["1mb", "bytes", "1MB", 1_000_000],
  ["1.5kib", "bytes", "1.5KiB", 1_536],
  ["10B", "bytes", "10B", 10],
  ["1MiB", "bandwidth", "1MiB/s", 1_048_576],
  ["1MiB/s", "bandwidth", "1MiB/s", 1_048_576],
  ["8mbit", "bandwidth", "8Mbit/s", 1_000_000],
  ["100", "bandwidth", "100", 100],
  ["10ms", "time", "10ms", 10_000],
  ["1.5S", "time", "1.5s", 1_500_000],
  ["3µs", "time", "3us", 3],
  ["3μs", "time", "3us", 3],
  ["0", "time", "0us", 0],
  ["0.000001s", "time", "0.000001s", 1],
  ["9007199254740991", "count", "9007199254740991", Number.MAX_SAFE_INTEGER],
];

const MISFITTING: readonly (readonly [text: string, family: UnitFamily])[] = [
  ["", "count"],
  ["k", "count"],
  ["1.5", "none"],
  ["1k", "none"],
  ["-1", "count"],
  ["+1", "count"],
  ["1e3", "count"],
  ["0x10", "count"],
  ["1.", "count"],
  ["1.0000001", "count"],
  ["9007199254740992", "count"],
  ["99999999999999999999", "count"],
  ["1K", "bytes"],
  ["1Mb/s", "bytes"],
  ["1Mbit", "bytes"],
  ["1/s", "bandwidth"],
  ["10", "time"],
  ["10m", "time"],
  ["١", "count"],
];

describe("parseQuantity", () => {
  for (const [text, family, written, value] of FITTING) {
    it(`reads ${text} of family ${family} as ${written}, which is ${value}`, () => {
      const quantity = parseQuantity(text, family);
      assert.ok(quantity !== null);
      assert.equal(formatQuantity(quantity), written);
      assert.ok(Math.abs(quantityValue(quantity, family) - value) < 1e-9);
      assert.deepEqual(parseQuantity(written, family), quantity);
    });
  }

  for (const [text, family] of MISFITTING) {
    it(`refuses ${JSON.stringify(text)} of family ${family}`, () => {
      assert.equal(parseQuantity(text, family), null);
    });
  }

  it("reads every unit that it lists", () => {
    for (const family of ["count", "bytes", "bandwidth", "time"] as const) {
      for (const unit of unitsOf(family))
        assert.deepEqual(parseQuantity(`7${unit}`, family), { amount: 7, unit });
    }
  });
});
