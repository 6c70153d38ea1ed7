import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveQuestions } from "../../src/commands/live-questions.ts";
import { createAnswer, RecordedQuestions } from "../../src/commands/recorded-questions.ts";
import { createLanguage, resolveQuestion } from "../../src/commands/screen-question.ts";
import { Player } from "../../src/monitor/player.ts";
import { formatFilter } from "../../src/query/format-filter.ts";
import { BUILT_IN_NAMES } from "../../src/query/tag-names.ts";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import type { Fixed, Pin, Question } from "../../src/view/tui/question.ts";
import { BY_SERVICE, createFlowSnapshot } from "../view/fixtures/questions.ts";
import { createFlow, createSnapshot, HOSTILE_NAMES } from "../view/fixtures/snapshots.ts";

function pin(isExcluded: boolean, ...values: readonly Fixed[]): Pin {
  return { values, isExcluded };
}

function filterOf(question: Partial<Question>, flags = {}): string | null {
  const { filter } = resolveQuestion(flags, { ...BY_SERVICE, ...question });
  return filter === null ? null : formatFilter(filter);
}

test("what was pointed at becomes terms beside the filter that was typed and the flags", () => {
  const web = pin(
    false,
    { tag: "source.service", value: "web" },
    { tag: "destination.service", value: null },
  );
  assert.equal(filterOf({}), null);
  assert.equal(filterOf({ pins: [web] }), "source.service:web -destination.service:*");
  assert.equal(
    filterOf({ pins: [{ ...web, isExcluded: true }] }),
    "-(source.service:web -destination.service:*)",
  );
  assert.equal(
    filterOf({ filter: "port:443 OR curl", pins: [web] }, { pid: 7, ipv4: true }),
    "source.pid:7 family:ipv4 (port:443 OR curl) source.service:web -destination.service:*",
  );
});

test("a row is found again by its own values, whatever they are", () => {
  const values: readonly Fixed["value"][] = [
    ...HOSTILE_NAMES,
    "N/A",
    "*",
    "a*b",
    "10.0.0.0/8",
    "OR",
    "-x",
    "(",
    null,
  ];
  const flows = values.map((service) => createFlow({ source: { service } }));
  const snapshot = createSnapshot({ flows });
  for (const value of values) {
    const pins = [pin(false, { tag: "source.service", value })];
    const { flows: found } = createAnswer({}, { ...BY_SERVICE, pins })(snapshot);
    assert.deepEqual(
      found.map(({ source }) => source?.service),
      [value],
      JSON.stringify(value),
    );
  }
  const addressed = createSnapshot({
    group_by: ["source.ip", "source.port", "source.label.app/name"],
    flows: [createFlow({ source: { ip: "2001:db8::1", port: 443, "label.app/name": "x y" } })],
  });
  const pins = [
    pin(
      false,
      { tag: "source.ip", value: "2001:db8::1" },
      { tag: "source.port", value: 443 },
      { tag: "source.label.app/name", value: "x y" },
    ),
  ];
  const question = { ...BY_SERVICE, groupBy: addressed.group_by, pins };
  assert.equal(createAnswer({}, question)(addressed).flows.length, 1);
});

test("the monitor is asked once for what was asked last, and not for what it answers already", () => {
  const live = new LiveQuestions({}, BUILT_IN_NAMES, BY_SERVICE);
  assert.equal(live.take(), null);
  const longer = { ...BY_SERVICE, intervalMs: 5000 };
  assert.equal(live.ask(longer).isFit, true);
  assert.deepEqual(live.take(), { question: null, intervalMs: 5000 });
  assert.equal(live.ask({ ...longer, groupBy: ["source.pid"] }).isFit, true);
  assert.equal(live.ask({ ...longer, groupBy: ["source.ip"] }).isFit, true);
  const change = live.take();
  assert.deepEqual(change?.question?.groupBy, [{ end: "source", tag: "ip" }]);
  assert.equal(live.take(), null);
  const refused = live.ask({ ...longer, groupBy: ["source.nonsense"] });
  assert.match(refused.isFit ? "" : refused.message, /there is no endpoint tag "nonsense"/);
  assert.equal(live.take(), null);
});

async function* only(snapshot: Snapshot): AsyncGenerator<Snapshot> {
  yield snapshot;
}

async function recorded(snapshot: Snapshot): Promise<RecordedQuestions> {
  const player = new Player(only(snapshot), (saved) => saved, new AbortController().signal);
  await player.play().next();
  return new RecordedQuestions(player, {});
}

test("a recording offers the tags that it has, and says what it cannot answer", async () => {
  const grouped = await recorded(createSnapshot());
  assert.deepEqual(grouped.tags(), ["service"]);
  const byProcess = grouped.ask({ ...BY_SERVICE, groupBy: ["source.process"] });
  assert.match(byProcess.isFit ? "" : byProcess.message, /grouped by source\.service, destination\.service/);
  assert.equal(grouped.ask(BY_SERVICE).isFit, true);
  const ungrouped = await recorded(createFlowSnapshot());
  assert.ok(ungrouped.tags().includes("process"));
  assert.equal(ungrouped.ask({ ...BY_SERVICE, groupBy: ["source.process"] }).isFit, true);
});

test("what is typed is judged by its column and completed by what there is", () => {
  const { checkFilter, completeFilter } = createLanguage(() => BUILT_IN_NAMES);
  assert.equal(checkFilter?.("service:web*").isFit, true);
  const wrong = checkFilter?.("service:web sevice:db");
  assert.equal(wrong?.isFit === false ? wrong.column : 0, 13);
  const { from, candidates } = completeFilter?.("service:we", 10, () => ["web", "db"]) ?? {
    from: 0,
    candidates: [],
  };
  assert.deepEqual([from, candidates], [8, ["web"]]);
});
