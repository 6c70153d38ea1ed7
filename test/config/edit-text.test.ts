import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { structuredPatch } from "diff";
import fc from "fast-check";
import { type Change, setKeys } from "../../src/config/edit-text.ts";
import { createExample } from "../../src/config/example.ts";
import { checkConfigText } from "../../src/config/load.ts";
import { LEAVES } from "../../src/config/schema.ts";
import { changesToDisable, changesToEnable } from "../../src/config/switch.ts";

const enable = (text: string) => setKeys(text, changesToEnable(text), "x.yaml");
const disable = (text: string) => setKeys(text, changesToDisable(text), "x.yaml");
const lines = (...all: readonly string[]) => all.join("\n");

/** The example that the agent came with in 2019, in its form. */
const SEED = lines(
  "## @param system_probe_config - custom object - optional",
  "## (Optional) Where the system probe is configured.",
  "#",
  "# system_probe_config:",
  "",
  "  ## @param enabled - boolean - optional - default: false",
  "  ## Set to true to enable it.",
  "  #",
  "  # enabled: false",
  "",
  "  ## @param sysprobe_socket - string - optional - default: /opt/x.sock",
  "  #",
  "  # sysprobe_socket: /opt/x.sock",
  "",
);

/** Lines that leave and lines that come. */
function change(
  before: string,
  after: string,
): readonly [removed: readonly string[], added: readonly string[]] {
  const { hunks } = structuredPatch("a", "b", before, after, undefined, undefined, { context: 0 });
  const all = hunks.flatMap((hunk) => hunk.lines).filter((line) => !line.startsWith("\\"));
  const starting = (sign: string) => all.filter((line) => line.startsWith(sign)).map((line) => line.slice(1));
  return [starting("-"), starting("+")];
}

const CASES: readonly (readonly [
  what: string,
  before: string,
  removed: readonly string[],
  added: readonly string[],
])[] = [
  [
    "the example of the seed",
    SEED,
    ["# system_probe_config:", "  # enabled: false"],
    ["system_probe_config:", "  enabled: true"],
  ],
  ["an empty file", "", [], ["system_probe_config:", "  enabled: true"]],
  [
    "a byte order mark alone",
    "\ufeff",
    ["\ufeff"].filter(() => false),
    ["\ufeffsystem_probe_config:", "  enabled: true"],
  ],
  ["a file of other things", "api_key: x\n", [], ["system_probe_config:", "  enabled: true"]],
  [
    "a last line without an end",
    "api_key: x",
    ["api_key: x"],
    ["api_key: x", "system_probe_config:", "  enabled: true"],
  ],
  [
    "the switch turned off",
    "system_probe_config:\n  enabled: false\n",
    ["  enabled: false"],
    ["  enabled: true"],
  ],
  [
    "a switch with a comment",
    "system_probe_config:\n  enabled:   false   # not yet\n",
    ["  enabled:   false   # not yet"],
    ["  enabled:   true   # not yet"],
  ],
  ["a switch without a value", "system_probe_config:\n  enabled:\n", ["  enabled:"], ["  enabled: true"]],
  [
    "a switch without a value but a comment",
    "system_probe_config:\n  enabled: # yes?\n",
    ["  enabled: # yes?"],
    ["  enabled: true # yes?"],
  ],
  [
    "a switch in quotes",
    'system_probe_config:\n  "enabled": "no"\n',
    ['  "enabled": "no"'],
    ['  "enabled": true'],
  ],
  [
    "a switch on the next line",
    "system_probe_config:\n  enabled:\n    false\n",
    ["  enabled:", "    false"],
    ["  enabled: true"],
  ],
  [
    "a block that is there, the key a comment",
    "system_probe_config:\n    # enabled: false\n    log_level: info\n",
    ["    # enabled: false"],
    ["    enabled: true"],
  ],
  [
    "a block that is there without the key",
    "system_probe_config:\n    log_level: info\n",
    [],
    ["    enabled: true"],
  ],
  [
    "a block of which everything is a comment",
    "system_probe_config:\n   # enabled: false # later\n\nother: 1\n",
    ["   # enabled: false # later"],
    ["   enabled: true # later"],
  ],
  ["a block with nothing in it", "system_probe_config:\nother: 1\n", [], ["  enabled: true"]],
  [
    "a block with nothing in it at the end",
    "other: 1\nsystem_probe_config:",
    ["system_probe_config:"],
    ["system_probe_config:", "  enabled: true"],
  ],
  [
    "a block in braces",
    "system_probe_config: {log_level: info, enabled: false}\n",
    ["system_probe_config: {log_level: info, enabled: false}"],
    ["system_probe_config: {log_level: info, enabled: true}"],
  ],
  [
    "a block in braces without the key",
    "system_probe_config: {log_level: info} # x\n",
    ["system_probe_config: {log_level: info} # x"],
    ["system_probe_config: {enabled: true, log_level: info} # x"],
  ],
  [
    "empty braces",
    "system_probe_config: {}\n",
    ["system_probe_config: {}"],
    ["system_probe_config: {enabled: true}"],
  ],
  [
    "everything in braces",
    "{other: 1}\n",
    ["{other: 1}"],
    ["{system_probe_config: {enabled: true}, other: 1}"],
  ],
  [
    "comments without a space",
    "#system_probe_config:\n#  enabled: false\n#  log_level: info\n",
    ["#system_probe_config:", "#  enabled: false"],
    ["system_probe_config:", "  enabled: true"],
  ],
  [
    "comments indented behind the mark",
    "# system_probe_config:\n#   enabled: false\n",
    ["# system_probe_config:", "#   enabled: false"],
    ["system_probe_config:", "  enabled: true"],
  ],
  [
    "the same key of another block in comments",
    "# system_probe_config:\n#   log_level: info\n# other_config:\n#   enabled: false\n",
    ["# system_probe_config:"],
    ["system_probe_config:", "  enabled: true"],
  ],
  [
    "the same key deeper down",
    "system_probe_config:\n  # nested:\n    # enabled: false\n  log_level: info\n",
    [],
    ["  enabled: true"],
  ],
  [
    "prose that looks like the key",
    "system_probe_config:\n  ## enabled: true turns it on\n  # Enabled: see below\n  # enabled: false\n",
    ["  # enabled: false"],
    ["  enabled: true"],
  ],
  [
    "a comment that is no value",
    "system_probe_config:\n  # enabled: <true|false>\n",
    ["  # enabled: <true|false>"],
    ["  enabled: true"],
  ],
  [
    "the later name of the switch, turned off",
    "network_config:\n  enabled: false\n",
    ["  enabled: false"],
    ["  enabled: true", "system_probe_config:", "  enabled: true"],
  ],
  ["merged defaults", "base: &b {enabled: false}\nsystem_probe_config:\n  <<: *b\n", [], ["  enabled: true"]],
  [
    "an anchor that nobody else uses",
    "system_probe_config: &s\n  enabled: &e false\n",
    ["  enabled: &e false"],
    ["  enabled: &e true"],
  ],
  [
    "an alias in the place of the value",
    "off: &o false\nsystem_probe_config:\n  enabled: *o\n",
    ["  enabled: *o"],
    ["  enabled: true"],
  ],
  [
    "a document that is marked as one",
    "---\n# hello\n...\n".replace("...\n", ""),
    [],
    ["system_probe_config:", "  enabled: true"],
  ],
];

describe("enable changes these lines and no others", () => {
  for (const [what, before, removed, added] of CASES) {
    for (const [how, turn] of [
      ["", (text: string) => text],
      [", lines ending as on Windows", (text: string) => text.replaceAll("\n", "\r\n")],
      [", with a byte order mark", (text: string) => (text.startsWith("\ufeff") ? text : `\ufeff${text}`)],
    ] as const) {
      test(what + how, () => {
        const text = turn(before);
        const after = enable(text);
        const plain = (all: readonly string[]) =>
          all.map((line) => line.replace("\ufeff", "").replace(/\r$/, "")).filter((line) => line !== "");
        const [left, came] = change(text, after);
        assert.deepEqual(
          [plain(left), plain(came)],
          [removed, added.map((line) => line.replace("\ufeff", ""))],
        );
        assert.equal(after.startsWith("\ufeff"), text.startsWith("\ufeff"));
        if (text.includes("\r\n")) assert.doesNotMatch(after, /[^\r]\n/);
        assert.equal(checkConfigText(after, "x", {}).config.enabled, true);
        assert.equal(enable(after), after, "a second time changes nothing");
        const off = disable(after);
        assert.equal(checkConfigText(off, "x", {}).config.enabled, false);
        assert.equal(enable(off), after, "there and back");
        assert.equal(disable(off), off);
      });
    }
  }
});

const REFUSED: readonly (readonly [what: string, text: string])[] = [
  ["a switch that an alias shares", "system_probe_config:\n  enabled: &e false\nother: *e\n"],
  ["a block that an alias shares", "base: &b {log_level: info}\nsystem_probe_config: *b\n"],
  ["a block that another place repeats", "system_probe_config: &s {enabled: false}\ncopy: *s\n"],
  ["a block that is none", "system_probe_config: 5\n"],
  ["a file whose end is marked", "a: 1\n...\n"],
];

describe("what cannot be changed without changing something else is refused", () => {
  for (const [what, text] of REFUSED) {
    test(what, () => {
      assert.throws(() => enable(text), /x\.yaml: system_probe_config\.enabled cannot be changed here/);
    });
  }
});

const FORWARD = ["npmon", "forward", "spool_dir"];
const SETTINGS: readonly (readonly [before: string, change: Change, after: string])[] = [
  ["", { path: FORWARD, value: "/x" }, "npmon:\n  forward:\n    spool_dir: /x\n"],
  [
    "npmon:\n  units: bits\n",
    { path: FORWARD, value: "/x" },
    "npmon:\n  forward:\n    spool_dir: /x\n  units: bits\n",
  ],
  [
    "npmon: {units: bits}\n",
    { path: FORWARD, value: "/x" },
    "npmon: {forward: {spool_dir: /x}, units: bits}\n",
  ],
  ["npmon: {forward: {}}\n", { path: FORWARD, value: "a: b" }, 'npmon: {forward: {spool_dir: "a: b"}}\n'],
  [
    "npmon:\n  forward:\n    to:\n      # the first\n      - https://a\n      - https://b\n    token: x\n",
    { path: ["npmon", "forward", "to"], value: ["https://c"] },
    "npmon:\n  forward:\n    to: [https://c]\n    token: x\n",
  ],
  [
    "npmon:\n  forward:\n    spool_dir: |\n      /x\n    token: x\n",
    { path: FORWARD, value: "/y" },
    "npmon:\n  forward:\n    spool_dir: /y\n    token: x\n",
  ],
  [
    "system_probe_config:\n  source_excludes:\n    10.0.0.0/8: [80]\n\n# end\n",
    { path: ["system_probe_config", "source_excludes"], value: { "*": ["udp 53"] } },
    'system_probe_config:\n  source_excludes: {"*": [udp 53]}\n\n# end\n',
  ],
];

describe("any key can be set, also several maps down", () => {
  for (const [before, wanted, after] of SETTINGS) {
    test(`${JSON.stringify(before)} ${wanted.path.join(".")}`, () =>
      assert.equal(setKeys(before, [wanted], "x"), after));
  }

  for (const leaf of LEAVES) {
    test(`${leaf.name} in the example, in its place`, () => {
      const example = createExample();
      const after = setKeys(example, [{ path: leaf.path, value: "VALUE" }], "x");
      const [removed, added] = change(example, after);
      assert.equal(removed.length, leaf.path.length);
      assert.deepEqual(
        added.map((line) => line.trim()),
        [...leaf.path.slice(0, -1).map((name) => `${name}:`), `${leaf.path.at(-1)}: VALUE`],
      );
    });
  }
});

/** What people do to a file of configuration. */
const edit = fc.oneof(
  fc.record({
    kind: fc.constant("set"),
    leaf: fc.nat(),
    value: fc.constantFrom("1", '"x"', "[a, b]", "{a: 1}", "~", "&a x"),
  }),
  fc.record({ kind: fc.constant("drop"), line: fc.nat() }),
  fc.record({
    kind: fc.constant("comment"),
    line: fc.nat(),
    value: fc.constantFrom("# note", "    # deep", "#enabled: x", "## prose: y", "", "#  - z", "# ü €"),
  }),
  fc.record({ kind: fc.constant("trail"), line: fc.nat(), value: fc.constantFrom("  # why", "   ") }),
  fc.record({ kind: fc.constant("strip"), line: fc.nat() }),
);

function applyEdit(
  text: string,
  { kind, ...how }: { kind: string; leaf?: number; line?: number; value?: string },
): string {
  const all = text.split("\n");
  const at = (how.line ?? 0) % all.length;
  if (kind === "drop") all.splice(at, 1);
  if (kind === "comment") all.splice(at, 0, how.value ?? "");
  if (kind === "trail") all[at] += how.value ?? "";
  if (kind === "strip") all[at] = (all[at] ?? "").replace(/^( *)# /, "$1");
  if (kind !== "set") return all.join("\n");
  const leaf = LEAVES[(how.leaf ?? 0) % LEAVES.length];
  try {
    return leaf === undefined
      ? text
      : setKeys(text, [{ path: leaf.path, value: 7 }], "x").replace(": 7", `: ${how.value}`);
  } catch {
    return text;
  }
}

test("however the example was edited, enable and disable keep everything else byte for byte, or refuse", (t) => {
  let done = 0;
  let refused = 0;
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 12 }), fc.boolean(), fc.boolean(), (edits, crlf, bom) => {
      // A last line without an end gets one; that is a case above.
      const edited = `${edits.reduce(applyEdit, createExample())}\n`;
      const before = (bom ? "\ufeff" : "") + (crlf ? edited.replaceAll("\n", "\r\n") : edited);
      let on: string;
      try {
        on = enable(before);
      } catch (error) {
        assert.match((error as Error).message, /cannot be changed here/);
        refused++;
        return;
      }
      done++;
      const [removed, added] = change(before, on);
      for (const line of removed) assert.match(line, /^\ufeff? *#? ?(?:system_probe_config:|enabled:)/);
      for (const line of added)
        assert.match(line, /^\ufeff? *(?:system_probe_config:|enabled: (?:&a )?true)/);
      assert.ok(removed.length <= 3 && added.length <= 3);
      const off = disable(on);
      const turned = (text: string) => text.replaceAll(/(enabled: (?:&a )?)false/g, "$1true");
      assert.equal(turned(off), turned(on));
      assert.equal(enable(off), on);
      assert.equal(enable(on), on);
    }),
    { numRuns: 100 },
  );
  t.diagnostic(`${done} edited, ${refused} refused`);
  assert.ok(done > refused);
});
