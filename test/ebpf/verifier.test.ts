import assert from "node:assert/strict";
import { test } from "node:test";
import { lastWords, loadFailure } from "../../src/ebpf/verifier.ts";

test("the last words are the last lines that are not statistics", () => {
  const cases: [string, string[]][] = [
    ["", []],
    ["\n\n", []],
    ["one\n", ["one"]],
    ["1\n2\n3\n4\nprocessed 9 insns (limit 1000000) max_states_per_insn 0\n", ["2", "3", "4"]],
    ["why\nverification time 12 usec\nstack depth 0+0\nprocessed 9 insns (limit 1000000)\n\n", ["why"]],
    ["  R1 is wrong  \n", ["R1 is wrong"]],
  ];
  for (const [log, words] of cases) assert.deepEqual(lastWords(log), words, JSON.stringify(log));
});

test("a load that is not permitted says what it takes", () => {
  const error = loadFailure("flows", -1, "", ["map 'a': failed to create: Operation not permitted(-1)"]);
  assert.equal(error.code, "not_permitted");
  assert.equal(error.program, null);
  assert.equal(
    error.message,
    'cannot load BPF object "flows": operation not permitted (EPERM); it takes root, or CAP_BPF with CAP_PERFMON, ' +
      "and a kernel that has this kind of program\n  map 'a': failed to create: Operation not permitted(-1)",
  );
});

test("an error number that nobody knows is shown as it is", () => {
  assert.equal(
    loadFailure("flows", -3999, "", []).message,
    'cannot load BPF object "flows": unknown error (errno 3999)',
  );
});
