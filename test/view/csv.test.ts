import assert from "node:assert/strict";
import { test } from "node:test";
import { renderCsvHeader, renderCsvRows } from "../../src/view/csv.ts";
import { renderNdjson } from "../../src/view/ndjson.ts";
import {
  createBusySnapshot,
  createFlow,
  createHostileSnapshot,
  createSnapshot,
  HOSTILE_NAMES,
} from "./fixtures/snapshots.ts";
import { assertGolden } from "./golden.ts";

/** A reader of RFC 4180, so that the writer is not its own judge. */
function parseCsv(text: string): readonly (readonly string[])[] {
  const records: string[][] = [];
  for (const line of text.split("\r\n").slice(0, -1)) {
    const fields = line.match(/(?<=^|,)(?:"(?:[^"]|"")*"|[^,]*)/g) ?? [];
    records.push(
      fields.map((field) => (field.startsWith('"') ? field.slice(1, -1).replaceAll('""', '"') : field)),
    );
  }
  return records;
}

test("CSV looks as it was approved", () => {
  const snapshot = createBusySnapshot();
  assertGolden("csv-busy", renderCsvHeader(snapshot) + renderCsvRows(snapshot));
});

test("every CSV record has a field for every name, hostile or not", () => {
  const snapshot = createHostileSnapshot();
  const [names, ...records] = parseCsv(renderCsvHeader(snapshot) + renderCsvRows(snapshot));
  assert.equal(records.length, HOSTILE_NAMES.length);
  for (const record of records) assert.equal(record.length, names?.length);
  assert.equal(records.at(-1)?.[3], '=cmd|"calc",x');
});

test("CSV columns are the paths of the JSON, and hold the same values", () => {
  const flow = createFlow({ source: { service: "a,b" }, destination: { service: null } });
  const snapshot = createSnapshot({ flows: [flow] });
  const [names = [], values = []] = parseCsv(renderCsvHeader(snapshot) + renderCsvRows(snapshot));
  const row: Record<string, unknown> = JSON.parse(renderNdjson(snapshot));
  for (const [index, name] of names.entries()) {
    const expected = name.split(".").reduce<unknown>((value, key) => Object(value)[key], row);
    assert.equal(values[index], expected === null ? "" : String(expected), name);
  }
});

test("ungrouped CSV has every tag of both ends", () => {
  const snapshot = createSnapshot({
    group_by: ["flow"],
    flows: [createFlow({ source: { service: "web", color: "blue" }, protocol: "tcp" })],
  });
  const [names = [], values = []] = parseCsv(renderCsvHeader(snapshot) + renderCsvRows(snapshot));
  for (const name of ["source.port", "destination.netns", "protocol", "family"])
    assert.ok(names.includes(name), name);
  assert.equal(values[names.indexOf("source.color")], "blue");
  assert.equal(values[names.indexOf("protocol")], "tcp");
});

test("NDJSON has a line for each row that parses to the row and its window", () => {
  const snapshot = createHostileSnapshot();
  const lines = renderNdjson(snapshot).trimEnd().split("\n");
  assert.equal(lines.length, HOSTILE_NAMES.length);
  const { id, host, start, end, interval_ms } = snapshot;
  for (const [index, line] of lines.entries()) {
    assert.deepEqual(JSON.parse(line), {
      snapshot: id,
      host,
      start,
      end,
      interval_ms,
      ...snapshot.flows[index],
    });
  }
  assert.equal(renderNdjson(createSnapshot({ flows: [] })), "");
});
