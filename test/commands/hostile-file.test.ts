import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { createFlow, createSnapshot, QUIET_PROBE } from "../view/fixtures/snapshots.ts";
import { assertHarmless } from "./harmless.ts";
import { npmon } from "./npmon.ts";

const folder = mkdtempSync(join(tmpdir(), "npmon-hostile-file-"));
after(() => rmSync(folder, { recursive: true }));

const EVIL = "\x1b]0;pwned\x07\x1b[2J\n\r\t\x7f\u009b31m\u202e\u2066\u200b\u2028\ud800\ufeffend";
/** How `EVIL` looks where it is shown. */
const EVIL_SHOWN =
  "\\x1b]0;pwned\\x07\\x1b[2J\\n\\r\\t\\x7f\\x9b31m\\u202e\\u2066\\u200b\\u2028\\ud800\\ufeffend";

interface Case {
  readonly title: string;
  /** One line of the file, as text: not everything here could be made with `JSON.stringify`. */
  readonly line: string;
  /** What the table shows, or what the one line of the error says. */
  readonly shows?: RegExp;
  readonly says?: RegExp;
}

const PLAIN = JSON.stringify(createSnapshot());

/** The plain snapshot with one place changed. */
function edited(place: string, text: string): string {
  assert.ok(PLAIN.includes(place), `${place} in ${PLAIN}`);
  return PLAIN.replace(place, text);
}

function literally(text: string): RegExp {
  return new RegExp(text.replaceAll(/[\\[\]()*+?.^$|{}]/g, "\\$&"));
}

const DEEP = 200_000;

const CASES: readonly Case[] = [
  {
    title: "escape sequences in tags",
    line: JSON.stringify(createSnapshot({ flows: [createFlow({ source: { service: EVIL } })] })),
    shows: literally(EVIL_SHOWN),
  },
  {
    title: "escape sequences in host, filter and reason",
    line: JSON.stringify(
      createSnapshot({ host: EVIL, filter: EVIL, probe: { ...QUIET_PROBE, reason: EVIL } }),
    ),
    shows: literally(`host ${EVIL_SHOWN}`),
  },
  {
    title: "escape sequences in place of a time",
    line: edited('"2026-01-01T00:00:05.000Z"', JSON.stringify(EVIL)),
    says: /line 1: end must match format/,
  },
  {
    title: "escape sequences in the name of a tag",
    line: edited('"source":{', `"source":{${JSON.stringify(EVIL)}:1,`),
    says: /line 1: flows\.0\.source/,
  },
  {
    title: "escape sequences in the name of a column",
    line: edited('"source.service"', JSON.stringify(`source.${EVIL}`)),
    says: /line 1: group_by\.0/,
  },
  {
    title: "escape sequences in the name of a field",
    line: edited('"filter":null', `"filter":null,${JSON.stringify(EVIL)}:1`),
  },
  {
    title: "__proto__ as the name of a tag",
    line: edited('"source":{', '"source":{"__proto__":"x",'),
    says: /line 1: flows\.0\.source/,
  },
  {
    title: "__proto__ as a row of tags",
    line: edited('"source":{', '"__proto__":{"service":"x"},"source":{'),
    says: /line 1: flows\.0/,
  },
  {
    title: "__proto__ as a field of the snapshot",
    line: edited('"filter":null', '"filter":null,"__proto__":{"flows":[],"toJSON":1}'),
  },
  {
    title: "__proto__ as the value of a tag",
    line: edited('"web"', '"__proto__"'),
    shows: /^__proto__ +postgres /m,
  },
  {
    title: "a column that every object has",
    line: edited('"source.service"', '"source.constructor"'),
    shows: /^SOURCE CONSTRUCTOR +\S.*\nN\/A +postgres /m,
  },
  {
    title: "bytes beyond what is exact",
    line: edited('"bytes_sent":1258291', '"bytes_sent":1e308'),
    says: /line 1: flows\.0\.bytes_sent must be <= 9007199254740991/,
  },
  {
    title: "a number too large for any",
    line: edited('"bytes_sent":1258291', '"bytes_sent":1e999'),
    says: /line 1: flows\.0\.bytes_sent/,
  },
  {
    title: "a negative number",
    line: edited('"bytes_sent":1258291', '"bytes_sent":-1'),
    says: /line 1: flows\.0\.bytes_sent must be >= 0/,
  },
  {
    title: "times without measure",
    line: edited('"rtt_us":120', '"rtt_us":1e308').replace('"interval_ms":1000', '"interval_ms":1e300'),
  },
  {
    title: "a tag that is a number without measure",
    line: edited('"web"', "1e308"),
    shows: /^1e\+308 +postgres /m,
  },
  { title: "NaN", line: edited('"rtt_us":120', '"rtt_us":NaN'), says: /line 1: this is not JSON/ },
  { title: "Infinity", line: edited('"rtt_us":120', '"rtt_us":Infinity'), says: /line 1: this is not JSON/ },
  {
    title: "a deeply nested tag",
    line: edited('"web"', `${"[".repeat(DEEP)}${"]".repeat(DEEP)}`),
    says: /line 1: flows\.0\.source\.service must be string,number,null/,
  },
  {
    title: "a deeply nested field that no schema knows",
    line: edited('"filter":null', `"filter":null,"more":${"[".repeat(DEEP)}${"]".repeat(DEEP)}`),
  },
  {
    title: "a nest that never ends",
    line: "[".repeat(DEEP),
    says: /line 1: the snapshot is cut off/,
  },
  {
    title: "one field twice",
    line: edited('"host":"web-1"', '"host":"web-1","host":"other\\u001b[2J"'),
    shows: /^host other\\x1b\[2J /m,
  },
];

/** What both commands make of a file; a flaw of the file is never a fault of npmon. */
async function replay(args: readonly string[], { title, line, shows, says }: Case): Promise<void> {
  const path = join(folder, `${title.replaceAll(/\W/g, "-")}.json`);
  writeFileSync(path, `${line}\n`);
  const { status, stdout, stderr } = await npmon([...args, "--from", path]);
  assertHarmless(stdout);
  assertHarmless(stderr);
  assert.doesNotMatch(stderr, /unexpected|fault of npmon|^\s+at /m);
  if (says !== undefined || status !== 0) {
    assert.equal(status, 1, stdout);
    assert.match(stderr, says ?? /line 1: /);
    assert.match(stderr, /^npmon: [^\n]*\n( {2}[^\n]*\n)?$/);
    assert.equal(stdout, "");
    return;
  }
  assert.equal(stderr, "");
  assert.notEqual(stdout, "");
  if (shows !== undefined && args.length > 1) assert.match(stdout, shows);
}

const COMMANDS = [
  ["export", "--table"],
  ["top", "-b"],
] as const;

for (const [index, each] of CASES.entries()) {
  const isRefused = each.says !== undefined;
  test(`${each.title} in a saved file is ${isRefused ? "refused" : "refused or shown as text"}`, async () => {
    // What reads the file is the same in every command; what shows it is not.
    const commands = isRefused ? COMMANDS.filter((_, at) => at === index % 2) : [...COMMANDS, ["export"]];
    await Promise.all(commands.map((command) => replay(command, each)));
  });
}
