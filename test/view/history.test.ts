import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { type ChartOptions, renderChart } from "../../src/view/history/chart.ts";
import { compareSnapshots } from "../../src/view/history/comparison.ts";
import { renderComparisonCsv, renderComparisonJson } from "../../src/view/history/comparison-data.ts";
import { renderComparison } from "../../src/view/history/comparison-table.ts";
import { chooseSeries, createSeries } from "../../src/view/history/series.ts";
import { renderHistoryTable } from "../../src/view/history/table.ts";
import { textWidth } from "../../src/view/text.ts";
import { parseCsv } from "../commands/csv-reader.ts";
import { assertHarmless } from "../commands/harmless.ts";
import { createFlow, createHostileSnapshot, createSnapshot } from "./fixtures/snapshots.ts";
import { assertGolden } from "./golden.ts";

const HOUR_MS = 3_600_000;
const START = Date.parse("2026-01-01T00:00:00Z");
const REPORTERS = { names: ["db-1", "web-1"], silent: [{ name: "web-1", since: "03:40" }] };
const common = { reporters: REPORTERS, units: "auto" } as const;

const flow = (source: string, bytes: number, more = {}) =>
  createFlow({ source: { service: source }, bytes_sent: bytes, bytes_received: 0, ...more });

function hour(index: number, flows: Snapshot["flows"], measured = HOUR_MS): Snapshot {
  return createSnapshot({
    start: new Date(START + index * HOUR_MS).toISOString(),
    end: new Date(START + (index + 1) * HOUR_MS).toISOString(),
    interval_ms: measured,
    flows,
  });
}

const SERIES = [
  hour(0, [flow("web", 3_600_000), flow("cron", 36_000)]),
  hour(1, [flow("web", 7_200_000)]),
  hour(2, [], 0),
  hour(3, [flow("web", 14_400_000), flow("cron", 72_000)]),
  // half of it is reported, so the same bytes are twice the bandwidth
  hour(4, [flow("web", 3_600_000)], HOUR_MS / 2),
];

const chartOf = (windows: readonly Snapshot[], options: Partial<ChartOptions> & { sort?: string } = {}) =>
  renderChart(createSeries(windows, { sort: options.sort }), {
    ...common,
    stepMs: HOUR_MS,
    width: 80,
    height: 4,
    ...options,
  });

describe("totals and rates of the past", () => {
  const busy = createSnapshot({
    start: "2026-01-01T00:00:00.000Z",
    end: "2026-01-01T01:00:00.000Z",
    interval_ms: 3_300_000,
    flows: [
      flow("web", 3_300_000_000, { retransmits: 7 }),
      flow("a-service-with-a-name-of-great-length", 3_300_000),
    ],
  });
  for (const width of [80, 200]) {
    test(`fit ${width} columns`, () => {
      const text = renderHistoryTable(busy, { ...common, width });
      for (const line of text.split("\n")) assert.ok(textWidth(line) <= width, line);
      assertGolden(`history-table-${width}`, text);
    });
  }

  test("rates are of the time that was measured, sums are whole", () => {
    const text = renderHistoryTable(busy, { ...common, units: "bytes", noHeader: true });
    assert.match(text, /^web .* 3300000000 +0 +1000000 +0 +7/m);
    assert.match(text, /^all 2 rows .* 3303300000 +0 +1001000 +0 +7/m);
    assert.match(renderHistoryTable(busy, common), /reported 55 min of it/);
  });

  test("where nobody reported that is said, not that there was no traffic", () => {
    const empty = createSnapshot({ flows: [], interval_ms: 0 });
    const nobody = renderHistoryTable(empty, { ...common, reporters: { names: [], silent: [] } });
    assert.match(nobody, /no host reported between 2026-01-01 00:00:04 and 00:00:05 UTC/);
    assert.match(renderHistoryTable(empty, common), /2 hosts reported, and no traffic was seen/);
    const filtered = { ...empty, filter: "service:x" };
    assert.match(renderHistoryTable(filtered, common), /no flow matched the filter in what 2 hosts reported/);
  });
});

describe("a chart over time", () => {
  for (const width of [80, 200]) {
    test(`fits ${width} columns, with gaps that are no zeros`, () => {
      const text = chartOf(SERIES, { width });
      for (const line of text.split("\n")) assert.ok(textWidth(line) <= width, line);
      assertGolden(`history-chart-${width}`, text);
    });
  }

  test("a row that was not there moved nothing, a window without reports is not known", () => {
    const { rows } = createSeries(SERIES, {});
    assert.deepEqual(
      rows.map(({ values }) => values),
      [
        [1000, 2000, Number.NaN, 4000, 2000],
        [10, 0, Number.NaN, 20, 0],
      ],
    );
  });

  test("what rows are sorted by is what is drawn", () => {
    assert.match(chartOf(SERIES, { sort: "-retransmits" }), /RETRANS +PEAK +MEAN +TOTAL/);
    assert.match(chartOf(SERIES, { sort: "-rtt" }), /RTT +PEAK +MEAN$/m);
    assert.match(chartOf(SERIES, { sort: "source.service" }), /TRAFFIC\/s/);
  });

  test("more windows than cells share cells, by the highest", () => {
    const many = Array.from({ length: 500 }, (_, index) =>
      hour(index, [flow("web", index === 250 ? 9e9 : 9)]),
    );
    const text = chartOf(many);
    assert.match(text, /the highest of up to \d+ windows of 60 min/);
    assert.equal((text.match(/^web .*█/m) ?? []).length, 1);
  });

  test("rows that were chosen are the same in every window", () => {
    const chosen = chooseSeries(SERIES, { rows: 1, sort: "traffic" });
    assert.deepEqual(
      chosen.map(({ flows }) => flows.map(({ source }) => source?.service)),
      [["cron"], [], [], ["cron"], []],
    );
  });
});

describe("now beside before", () => {
  const before = hour(0, [flow("web", 3_600_000), flow("old", 360_000), flow("still", 36_000)]);
  const now = hour(
    24,
    [flow("web", 3_600_000), flow("still", 18_000), flow("young", 36_000, { retransmits: 3 })],
    HOUR_MS / 2,
  );
  const comparison = compareSnapshots(now, before, {});

  test("rates are compared, so a half reported hour is no fall by half", () => {
    assert.deepEqual(
      comparison.rows.map(({ flow: { source }, state, changePerSecond, changeShare }) => [
        source?.service,
        state,
        changePerSecond,
        changeShare,
      ]),
      [
        ["web", "changed", 1000, 1],
        ["old", "gone", -100, -1],
        ["young", "new", 20, null],
        ["still", "same", 0, 0],
      ],
    );
  });

  for (const width of [80, 200]) {
    test(`the table fits ${width} columns`, () => {
      const text = renderComparison(comparison, { ...common, reportersBefore: REPORTERS, width });
      for (const line of text.split("\n")) assert.ok(textWidth(line) <= width, line);
      assertGolden(`history-comparison-${width}`, text);
    });
  }

  for (const [sort, first] of [
    ["change", "old"],
    ["-change", "web"],
    ["-change_share", "web"],
    ["-retransmits", "young"],
    ["source.service", "old"],
  ] as const) {
    test(`sorted by ${sort}, ${first} is the first`, () => {
      const { rows } = compareSnapshots(now, before, { sort });
      assert.equal(rows[0]?.flow.source?.service, first);
    });
  }

  test("CSV and JSON have both sides, and nothing where a row is not", () => {
    const [names, ...records] = parseCsv(renderComparisonCsv(comparison, true));
    const cell = (row: number, name: string) => records[row]?.[names?.indexOf(name) ?? -1];
    assert.deepEqual(
      [0, 1, 2].map((row) =>
        ["state", "bytes_sent", "before.bytes_sent", "change"].map((name) => cell(row, name)),
      ),
      [
        ["changed", "3600000", "3600000", "1000"],
        ["gone", "", "360000", "-100"],
        ["new", "36000", "", "20"],
      ],
    );
    const { schema, rows } = JSON.parse(renderComparisonJson(comparison));
    assert.equal(schema, "npmon.comparison/1");
    assert.deepEqual(
      rows.map((row: { now: unknown; before: unknown }) => [row.now === null, row.before === null]),
      [
        [false, false],
        [true, false],
        [false, true],
        [false, false],
      ],
    );
  });
});

test("names that want to write on the terminal are only read", () => {
  const hostile = { ...createHostileSnapshot(), interval_ms: 1000 };
  const reporters = { names: ["\u001b[31mweb", "b"], silent: [{ name: "\u202eweb", since: "1" }] };
  const other = { ...hostile, flows: hostile.flows.slice(3) };
  for (const width of [80, undefined]) {
    assertHarmless(renderHistoryTable(hostile, { ...common, reporters, width }));
  }
  assertHarmless(chartOf([hostile, hostile], { reporters, stepMs: 1000 }));
  const comparison = compareSnapshots(hostile, other, {});
  assertHarmless(
    renderComparison(comparison, { ...common, reporters, reportersBefore: reporters, width: 80 }),
  );
  assertHarmless(renderComparisonCsv(comparison, true), "\r\n");
  assertHarmless(renderComparisonJson(comparison));
});
