import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { Ajv } from "ajv";
import { parse } from "yaml";
import { createExample } from "../../src/config/example.ts";
import { createJsonSchema } from "../../src/config/json-schema.ts";
import { checkConfigText } from "../../src/config/load.ts";
import { ConfigError } from "../../src/config/problem.ts";
import { LEAVES } from "../../src/config/schema.ts";
import { Folder } from "./folder.ts";

const FILES = [
  ["system-probe.schema.json", () => `${JSON.stringify(createJsonSchema(), null, 2)}\n`],
  ["system-probe.yaml.example", createExample],
] as const;

for (const [name, create] of FILES) {
  test(`${name} is what the schema gives; if not, \`npm run config-files\``, () => {
    const path = new URL(`../../src/config/${name}`, import.meta.url);
    assert.equal(readFileSync(path, "utf8"), create());
  });
}

const validate = new Ajv({ allowUnionTypes: true, strict: true }).compile(createJsonSchema());

/** Every key set as the example writes it. */
const UNCOMMENTED = createExample().replaceAll(/^( *)# (?=.)/gm, "$1");

describe("the example", () => {
  test("says nothing as it is", () => {
    const { config, unknownKeys } = checkConfigText(createExample(), "example", {});
    assert.deepEqual(unknownKeys, []);
    assert.ok([...config.settings.values()].every(({ origin }) => origin.kind === "default"));
  });

  test("is a configuration of every key when nothing of it is a comment any more", () => {
    using folder = new Folder();
    const text = UNCOMMENTED.replace("/etc/npmon/cidrs.csv", folder.file("cidrs.csv", "cidr,team\n"));
    const { config, unknownKeys } = checkConfigText(text, "example", {});
    assert.deepEqual(unknownKeys, []);
    assert.deepEqual(
      LEAVES.filter(({ name }) => config.settings.get(name)?.origin.kind !== "file").map(({ name }) => name),
      [],
    );
    assert.ok(validate(parse(UNCOMMENTED)), JSON.stringify(validate.errors));
  });

  test("names every variable", () => {
    const named = [...createExample().matchAll(/## @env (\w+)/g)].map(([, name]) => name);
    assert.deepEqual(
      named,
      LEAVES.flatMap(({ environment }) => environment ?? []),
    );
    assert.equal(new Set(named).size, named.length);
  });
});

const TEXTS = [
  "{}",
  "system_probe_config:",
  "other: 1",
  "system_probe_config: {enabled: yes}",
  "system_probe_config: {enabled: true, unknown: 1}",
  "system_probe_config: {max_tracked_connections: 0}",
  "system_probe_config: {source_excludes: {10.0.0.0/8: [80, tcp *]}}",
  "system_probe_config: {source_excludes: {10.0.0.0/8: 80}}",
  "npmon: 1",
  "npmon: {interval: 5}",
  "npmon: {interval: [5]}",
  "npmon: {probe: magic}",
  "npmon: {container_sockets: null}",
  "npmon: {container_sockets: /x}",
  "npmon: {tags: {rules: [{when: x, set: {a: 1}}]}}",
  "npmon: {tags: {rules: [{when: x}]}}",
  "npmon: {tags: {rules: [{when: x, set: {a: 1}, else: y}]}}",
  "npmon: {forward: {to: https://a.example}}",
  "npmon: {forward: {to: [{url: https://a.example, token: x}]}}",
  "npmon: {forward: {to: [{token: x}]}}",
];

describe("an editor with the JSON Schema says of a file what npmon says", () => {
  for (const text of TEXTS) {
    test(text, () => {
      let isGood = true;
      try {
        checkConfigText(text, "x", {});
      } catch (error) {
        assert.ok(error instanceof ConfigError);
        isGood = false;
      }
      assert.equal(validate(parse(text)), isGood);
    });
  }
});
