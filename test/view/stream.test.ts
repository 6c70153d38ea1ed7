import assert from "node:assert/strict";
import { test } from "node:test";
import { createTableStream } from "../../src/view/stream.ts";
import { createFlow, createSnapshot, QUIET_PROBE } from "./fixtures/snapshots.ts";

const EMPTY = createSnapshot({ flows: [] });

function tables(
  options: Parameters<typeof createTableStream>[0],
  ...snapshots: Parameters<typeof createSnapshot>[0][]
) {
  const format = createTableStream(options);
  return snapshots.map((changes) => format(createSnapshot(changes)));
}

test("the header comes with the first table, then only as often as it is asked for", () => {
  const counted = (headerEvery?: number): readonly number[] =>
    tables({ headerEvery }, ...Array(7).fill({})).map((text) => Number(/^SOURCE SERVICE/m.test(text)));
  assert.deepEqual(counted(), [1, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(counted(1), [1, 1, 1, 1, 1, 1, 1]);
  assert.deepEqual(counted(3), [1, 0, 0, 1, 0, 0, 1]);
});

test("every table says when it is from and what is missing in it", () => {
  const lossy = { ...QUIET_PROBE, lost: 7, lost_bytes: 2048 };
  const [first = "", second = "", third = ""] = tables({}, {}, { probe: lossy }, {});
  assert.match(first, /^host web-1 .*\nflows 4 {2}lost 0/);
  assert.match(
    second,
    /^\nhost web-1 {2}2026-01-01 00:00:04 to 00:00:05 UTC \(1 s\) .* lost 7 \(2\.00 KiB\)\nweb /,
  );
  assert.match(third, /^\nhost web-1 [^\n]*tracepoint\nweb /);
});

test("rows stand under the names that were printed, also when later names are shorter", () => {
  const long = "a-rather-long-name-of-a-service";
  const [first = "", second = ""] = tables(
    {},
    { flows: [createFlow({ source: { service: long } })] },
    { flows: [createFlow({ source: { service: "x" } })] },
  );
  const place = first.split("\n")[2]?.indexOf("DESTINATION");
  assert.equal(second.split("\n")[2]?.indexOf("postgres"), place);
});

test("names of columns are printed when they are first needed or others", () => {
  const [empty = "", later = "", other = ""] = tables({}, EMPTY, {}, { group_by: ["source.service"] });
  assert.match(empty, /no traffic seen/);
  assert.match(later, /^SOURCE SERVICE {2}DESTINATION SERVICE/m);
  assert.match(other, /^SOURCE SERVICE +SENT/m);
});

test("totals run over the tables, and without a header there are only names and rows", () => {
  const [first = "", second = ""] = tables({ noHeader: true, units: "bytes" }, {}, {});
  assert.match(first, /^SOURCE SERVICE[^\n]*\nweb /);
  assert.match(second, /^\nweb .* 2516582 /);
});
