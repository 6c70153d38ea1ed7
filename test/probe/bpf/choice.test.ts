import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chooseWays, findTry, type Try } from "../../../src/probe/bpf/choice.ts";
import { type BpfTier, type Feature, featuresOf, readsAnswers } from "../../../src/probe/bpf/features.ts";

const COUNTING: Feature = {
  protocol: "udp",
  ways: [
    { programs: ["collect", "count"], atCgroup: ["peer"] },
    { programs: ["collect", "count"], lacks: "no peers" },
  ],
  required: false,
  without: "no counts",
};
const READING: Feature = {
  protocol: "udp",
  ways: [{ programs: ["count_and_read"], replaces: "count" }],
  required: false,
  without: "nothing is read",
};

const triesAt = (counting: number, reading: number): Try[] => [
  { feature: COUNTING, way: counting },
  { feature: READING, way: reading },
];

describe("of the ways that are left", () => {
  const CASES: readonly [what: string, tries: Try[], programs: string[], missing: string[]][] = [
    ["the best, one program in place of another", triesAt(0, 0), ["collect", "peer", "count_and_read"], []],
    [
      "the other program where that was refused",
      triesAt(0, 1),
      ["collect", "count", "peer"],
      ["nothing is read"],
    ],
    ["what the second best lacks is said", triesAt(1, 0), ["collect", "count_and_read"], ["no peers"]],
    ["no program in place of one that is not there", triesAt(2, 0), [], ["no counts", "nothing is read"]],
    ["none", triesAt(2, 1), [], ["no counts", "nothing is read"]],
  ];
  for (const [what, tries, programs, missing] of CASES) {
    test(what, () => {
      const choice = chooseWays(tries);
      assert.deepEqual([...choice.programs], programs);
      assert.deepEqual(choice.missing, missing);
      assert.deepEqual(
        choice.ways.flatMap((way) => [...way.programs, ...(way.atCgroup ?? [])]),
        programs,
      );
    });
  }
});

test("a refused program is its feature's, a program of nobody is nobody's", () => {
  const tries = triesAt(0, 0);
  assert.deepEqual(
    ["count", "peer", "count_and_read", "other", null].map((name) => findTry(tries, name)?.feature.without),
    ["no counts", "no counts", "nothing is read", undefined, undefined],
  );
});

describe("DNS answers", () => {
  for (const tier of ["kprobe", "tracepoint"] satisfies BpfTier[]) {
    test(`are read in the ${tier} tier when they are wanted, by one program instead of one`, () => {
      const programsOf = (dns: boolean) =>
        chooseWays(featuresOf(tier, dns).map((feature) => ({ feature, way: 0 }))).programs;
      assert.deepEqual([readsAnswers(programsOf(true)), readsAnswers(programsOf(false))], [true, false]);
      assert.equal(programsOf(true).size, programsOf(false).size);
    });
  }
});
