import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findPlace, type Place } from "../../src/completion/command-line.ts";
import type { Manifest } from "../../src/completion/manifest.ts";
import { splitShellLine } from "../../src/completion/shell-words.ts";

const option = (name: string, more: object) => ({ name, type: "option" as const, ...more });

const MANIFEST: Manifest = {
  commands: {
    look: {
      summary: "Look.",
      flags: {
        batch: { name: "batch", char: "b", type: "boolean", summary: "plain" },
        json: { name: "json", type: "boolean", exclusive: ["csv"] },
        csv: { name: "csv", type: "boolean", exclusive: ["json"] },
        secret: { name: "secret", type: "boolean", hidden: true },
        filter: option("filter", { char: "f", helpValue: "FILTER" }),
        "group-by": option("group-by", { char: "g", helpValue: "TAGS" }),
        sort: option("sort", { char: "s", helpValue: "COLUMN" }),
        pid: option("pid", { char: "p", helpValue: "PID" }),
        output: option("output", { char: "o", helpValue: "FILE" }),
        probe: option("probe", { options: ["auto", "kprobe"] }),
        data: option("data", { helpValue: "DIR" }),
        since: option("since", { helpValue: "WHEN" }),
        step: option("step", { helpValue: "STEP" }),
        rows: option("rows", { helpValue: "N" }),
        label: option("label", { helpValue: "N", multiple: true }),
      },
    },
    script: { summary: "Script.", flags: {}, args: { shell: { options: ["bash", "zsh"] } } },
    inner: { hidden: true, flags: {} },
  },
};

const words = (texts: string): Place => ({
  kind: "words",
  candidates: texts
    .split(" ")
    .filter(Boolean)
    .map((text) => ({ text, meaning: "" })),
});

const FLAGS =
  "--batch --json --csv --filter --group-by --sort --pid --output --probe --data --since --step --rows --label --help";

const PLACES: readonly (readonly [line: string, place: Place])[] = [
  ["npmon ", words("look script")],
  ["npmon l", words("look")],
  ["npmon -", words("--help --version")],
  ["npmon help s", words("script")],
  ["npmon nowhere ", words("")],
  ["npmon constructor ", words("")],
  ["npmon look ", words("")],
  ["npmon look -", words(FLAGS)],
  ["npmon look --js", words("--json")],
  ["npmon look --csv --js", words("")],
  ["npmon look -b --ba", words("")],
  ["npmon look --label 1 --lab", words("--label")],
  ["npmon look --filter a --fi", words("")],
  ["npmon look --probe ", words("auto kprobe")],
  ["npmon look --probe=k", words("--probe=kprobe")],
  ["npmon look --rows ", words("")],
  ["npmon look --data ", { kind: "files" }],
  ["npmon look --since ", words("15m 1h 6h 24h 5d")],
  ["npmon look --since=5", words("--since=5d")],
  ["npmon look --step a", words("auto")],
  ["npmon look -f 'service:a p", { kind: "filter", head: "", current: "service:a p" }],
  ["npmon look -f -por", { kind: "filter", head: "", current: "-por" }],
  ["npmon look -bf x", { kind: "filter", head: "", current: "x" }],
  ["npmon look --filter=po", { kind: "filter", head: "--filter=", current: "po" }],
  ["npmon look --filter=a:1 -", words(FLAGS.replace("--filter ", ""))],
  ["npmon look --nothing=x", words("")],
  ["npmon look --json=x", words("")],
  ["npmon look -g ser", { kind: "group-by", head: "", current: "ser" }],
  ["npmon look -s -se", { kind: "column", head: "", current: "-se", groupBy: "service" }],
  ["npmon look -g pod,ip -s ", { kind: "column", head: "", current: "", groupBy: "pod,ip" }],
  ["npmon look --group-by=pod -s ", { kind: "column", head: "", current: "", groupBy: "pod" }],
  ["npmon look -p ", { kind: "pid", head: "", current: "" }],
  ["npmon look -o /t", { kind: "files" }],
  ["npmon look -fo ", words("")],
  ["npmon script ", words("bash zsh")],
];

describe("findPlace", () => {
  for (const [line, expected] of PLACES) {
    it(`knows what belongs behind ${line}`, () => {
      const { words: before, current } = splitShellLine(line);
      const place = findPlace(MANIFEST, before, current.text);
      const texts =
        place.kind === "words" ? words(place.candidates.map(({ text }) => text).join(" ")) : place;
      assert.deepEqual(texts, expected);
    });
  }

  it("says of commands and flags what they do", () => {
    assert.deepEqual(findPlace(MANIFEST, ["npmon"], "lo"), {
      kind: "words",
      candidates: [{ text: "look", meaning: "Look." }],
    });
    assert.deepEqual(findPlace(MANIFEST, ["npmon", "look"], "--ba"), {
      kind: "words",
      candidates: [{ text: "--batch", meaning: "plain" }],
    });
  });
});
