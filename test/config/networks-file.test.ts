import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { readNetworksFile } from "../../src/config/networks-file.ts";
import { formatProblem } from "../../src/config/problem.ts";
import { createPrefixTable } from "../../src/tag/prefix-table.ts";
import { Folder } from "./folder.ts";

const folder = new Folder();
after(() => folder.remove());

const CSV = `# made by the network team\r
cidr,team,zone\r
10.0.0.0/8,payments,\r
"10.1.0.0/16","the, ""core""",eu-1\r
\r
2001:db8::/32,,eu-2\r
`;

test("a CSV file has a tag in each column and nothing for an empty cell", () => {
  const { entries, problems } = readNetworksFile(folder.file("a.csv", `\ufeff${CSV}`));
  assert.deepEqual(problems, []);
  assert.deepEqual(
    entries.map(([, tags]) => tags),
    [{ team: "payments" }, { team: 'the, "core"', zone: "eu-1" }, { zone: "eu-2" }],
  );
});

test("the file lies beside the configuration that names it, and what that says itself wins", () => {
  folder.file("b/networks.yml", "10.0.0.0/8: {team: file}\n10.1.0.0/16: {team: file}\n");
  const path = folder.file(
    "b/c.yaml",
    "npmon: {tags: {cidrs_file: networks.yml, cidrs: {10.1.0.0/16: {zone: own}}}}",
  );
  const { config } = loadConfig({ path, environment: {} });
  const table = createPrefixTable(config.tags.networks);
  assert.deepEqual([table.find("10.2.3.4"), table.find("10.1.3.4")], [{ team: "file" }, { zone: "own" }]);
  assert.deepEqual(config.tags.names, ["team", "zone"]);
});

const CASES: readonly (readonly [what: string, name: string, text: string, says: readonly RegExp[]])[] = [
  [
    "a first line that names nothing",
    "1.csv",
    "10.0.0.0/8,a",
    [/:1:1: found "10\.0\.0\.0\/8", expected a line of names/],
  ],
  ["an empty file", "2.csv", "", [/:1:1: found "", expected a line of names/]],
  [
    "several lines",
    "3.csv",
    "cidr,team\n10.0.0.0/8,a\n10.0.0/8,b\n10.0.0.0/8,c\n10.2.0.0/16,d,e\n10.9.9.9/8,f\n",
    [
      /:3:1: found "10\.0\.0\/8", expected a network/,
      /:4:1: .*a second time; the first is in line 2/,
      /:5:1: found 3 columns, expected 2/,
      /:6:1: .*the same network as "10\.0\.0\.0\/8"/,
    ],
  ],
  [
    "a tag that cannot be",
    "4.csv",
    "cidr,Team,port\n10.0.0.0/8,a,b\n10.1.0.0/16,a,b\n",
    [/:1:1: found "Team", expected a tag name/, /:1:1: the tag `port` is what npmon measured/],
  ],
  ["a quote that does not end", "5.csv", 'cidr,team\n10.0.0.0/8,"a\n', [/this is not CSV: /]],
  [
    "YAML of another kind",
    "6.yaml",
    "cidrs:\n  10.0.0.0/8: {team: a}\n",
    [
      /:1:1: cidrs: found "cidrs", expected a network/,
      /:2:3: cidrs\."10\.0\.0\.0\/8": found "10.*expected a tag name/,
      /:2:15: cidrs\."10\.0\.0\.0\/8": found a map, expected a text/,
    ],
  ],
  ["YAML that is none", "7.yaml", "a: [", [/this is not YAML/]],
  ["a binary file", "8.csv", "cidr\0", [/there is a NUL byte/]],
];

describe("a file of networks that cannot be read says every line that is wrong", () => {
  for (const [what, name, text, says] of CASES) {
    test(what, () => {
      const { entries, problems } = readNetworksFile(folder.file(name, text));
      const found = problems.map(formatProblem).sort();
      assert.equal(entries.length, 0);
      assert.equal(found.length, says.length, found.join("\n"));
      for (const pattern of says)
        assert.ok(
          found.some((line) => pattern.test(line)),
          `${pattern}: ${found.join("\n")}`,
        );
    });
  }

  test("one that is not there is a problem of the configuration", () => {
    const path = folder.file("d.yaml", "npmon: {tags: {cidrs_file: gone.csv}, units: x}");
    assert.throws(() => loadConfig({ path, environment: {} }), /the configuration has 2 problems/);
  });
});

test("20,000 networks are read from CSV", () => {
  const rows = Array.from(
    { length: 20_000 },
    (_, index) => `10.${index >> 8}.${index & 255}.0/24,team-${index % 50},eu-1`,
  );
  const { entries, problems } = readNetworksFile(
    folder.file("big.csv", `cidr,team,zone\n${rows.join("\n")}\n`),
  );
  assert.deepEqual([entries.length, problems.length], [20_000, 0]);
  assert.deepEqual(createPrefixTable(entries).find("10.78.31.7"), { team: "team-49", zone: "eu-1" });
});
