import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MEASURE_NAMES } from "../../src/query/measures.ts";
import { RAW_FIELDS, snapshotColumns } from "../../src/view/columns.ts";

describe("measures", () => {
  it("are called as the columns of tables and the fields of snapshots are", () => {
    const columns = snapshotColumns([]).map((column) => column.name);
    // the totals are those of a screen, which rows do not have
    for (const name of columns.filter((column) => !column.endsWith("_total"))) {
      assert.ok(MEASURE_NAMES.includes(name), name);
    }
    const fields = RAW_FIELDS.map((field) => field.path.replace("connections.", ""));
    for (const name of fields.filter((field) => !field.endsWith("_us"))) {
      assert.ok(MEASURE_NAMES.includes(name), name);
    }
  });
});
