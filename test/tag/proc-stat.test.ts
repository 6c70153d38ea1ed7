import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseEffectiveUid, parseProcStat } from "../../src/tag/proc-stat.ts";

const AFTER = "S 1 2 3 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 8812345 9 10";

describe("parseProcStat", () => {
  for (const comm of [
    "nginx",
    "Web Content",
    "(sd-pam)",
    "a) S 1 (b",
    ") ",
    "",
    "a\nb",
    "tmux: server",
    "💥",
  ]) {
    it(`reads the start time behind the name ${JSON.stringify(comm)}`, () => {
      assert.deepEqual(parseProcStat(`42 (${comm}) ${AFTER}\n`), {
        comm,
        zombie: false,
        startTicks: 8_812_345,
      });
    });
  }

  it("knows a zombie", () => {
    assert.equal(parseProcStat(`42 (x) Z${AFTER.slice(1)}`)?.zombie, true);
  });

  for (const text of ["", "42", "42 (x", "42 (x) S 1 2", ") (", `42 (x) ${AFTER.replace("8812345", "-1")}`]) {
    it(`refuses ${JSON.stringify(text)}`, () => {
      assert.equal(parseProcStat(text), null);
    });
  }
});

describe("parseEffectiveUid", () => {
  it("takes the second number", () => {
    assert.equal(parseEffectiveUid("Name:\tUid:\\n 1 2\nUmask:\t0022\nUid:\t1000\t0\t1000\t1000\n"), 0);
    assert.equal(parseEffectiveUid("Uid:\t1000\t4294967295\t0\t0\n"), 4_294_967_295);
  });

  it("is null where there is none", () => {
    assert.equal(parseEffectiveUid(""), null);
    assert.equal(parseEffectiveUid("Uid:\tx\ty\n"), null);
  });
});
