import { dirname, resolve } from "node:path";
import { NpmonError } from "../error/error.ts";
import { MAX_CAPACITY } from "../probe/open.ts";
import type { Filter } from "../query/filter.ts";
import { type GroupBy, parseGroupBy } from "../query/group-by.ts";
import { parseFilter } from "../query/parse-filter.ts";
import { createTagNames, isTagName, type TagNames } from "../query/tag-names.ts";
import { type Config, createConfig, type Setting } from "./config.ts";
import { type KeyPath, parseYaml, type YamlFile } from "./document.ts";
import { type Environment, readEnvironment } from "./environment.ts";
import { findConfigFile } from "./find-file.ts";
import { defaultOf, hideSecrets, isBlock, isMap, keysOf } from "./key.ts";
import { MAX_YAML_BYTES, readNetworksFile } from "./networks-file.ts";
import { ConfigError, type Origin, type Problem } from "./problem.ts";
import { readConfigText } from "./read-text.ts";
import { LEAVES, type Leaf, leafOf, ROOT } from "./schema.ts";
import type { NetworkEntries, TagValues } from "./tag-rules.ts";
import { findProblems, findUnknownKeys, type UnknownKey, valueAt } from "./validate.ts";

/** A key that the command line says something of, in the form in which the file would say it. */
export interface FlagValue {
  readonly key: string;
  /** `--probe` */
  readonly name: string;
  readonly value: unknown;
}

export interface ConfigSources {
  /** From `--config`; null to look where it belongs. */
  readonly path: string | null;
  readonly environment: Environment;
  readonly flags?: readonly FlagValue[];
  /** Where it is looked for, instead of {@link CONFIG_FILES}. */
  readonly places?: readonly string[];
}

export interface LoadedConfig {
  readonly config: Config;
  /** What is odd but does not keep npmon from running. */
  readonly warnings: readonly Problem[];
  readonly unknownKeys: readonly UnknownKey[];
}

type Raw = Record<string, unknown>;

const REMEDY =
  "`npmon config --schema` describes every key; `npmon config --example` prints them with their defaults.";

/**
 * Reads the configuration: defaults, over them the file, over that the environment, over that flags.
 * @throws ConfigError with everything that is wrong; NpmonError `config` for a file that cannot be read
 */
export function loadConfig(sources: ConfigSources): LoadedConfig {
  const name = sources.path ?? findConfigFile(sources.places);
  const warnings: Problem[] = [];
  const file = name === null ? null : openFile(name, sources.path === null, warnings);
  return { ...layer(file, sources, warnings), warnings };
}

/** As {@link loadConfig}, for text that is in no file yet. */
export function checkConfigText(text: string, name: string, environment: Environment): LoadedConfig {
  const warnings: Problem[] = [];
  const file = { ...parse(text, name), isPublic: false, name };
  return { ...layer(file, { path: name, environment }, warnings), warnings };
}

interface OpenedFile extends YamlFile {
  readonly name: string;
  readonly isPublic: boolean;
}

/** Where nobody asked for the file, that this user may not read it is no reason to do nothing. */
function openFile(name: string, isDefault: boolean, warnings: Problem[]): OpenedFile | null {
  try {
    const { text, isPublic } = readConfigText(name, MAX_YAML_BYTES);
    return { ...parse(text, name), isPublic, name };
  } catch (error) {
    const isForbidden = error instanceof NpmonError && /this user may not read it/.test(error.message);
    if (!isDefault || !isForbidden) throw error;
    const origin: Origin = { kind: "file", file: name, line: 1, column: 1 };
    warnings.push({ origin, key: null, message: "this user may not read it; npmon runs by its defaults" });
    return null;
  }
}

function parse(text: string, name: string): YamlFile {
  const file = parseYaml(text, name);
  if ("value" in file) return file;
  throw new ConfigError(file, "Indent with spaces, and put texts with `: `, `#`, `*` or `&` in quotes.");
}

function layer(
  file: OpenedFile | null,
  { environment, flags = [] }: ConfigSources,
  warnings: Problem[],
): Omit<LoadedConfig, "warnings"> {
  const written = withoutEmptyBlocks(file?.value ?? {});
  const locate = (path: KeyPath, of?: "key" | "value"): Origin =>
    file === null ? { kind: "default" } : file.origin(path, of);
  const origins = new Map<string, Origin>();
  for (const { name, path } of LEAVES) {
    const isThere = valueAt(written, path) !== undefined;
    origins.set(name, isThere ? locate(path) : { kind: "default" });
  }
  const problems = [...findProblems(ROOT, written, [], locate)];
  const values = structuredClone(written);
  const said = [
    ...readEnvironment(environment).map(({ leaf, name, value }) => ({
      leaf,
      value,
      origin: { kind: "environment", name } as const,
    })),
    ...flags.flatMap(({ key, name, value }) => {
      const leaf = leafOf(key);
      return leaf === undefined ? [] : [{ leaf, value, origin: { kind: "flag", name } as const }];
    }),
  ];
  for (const { leaf, value, origin } of said) {
    problems.push(...findProblems(leaf.schema, value, leaf.path, () => origin));
    origins.set(leaf.name, origin);
    put(values, leaf.path, value);
  }
  clampTables(values, origins, warnings);
  const networksFile = valueAt(values, ["npmon", "tags", "cidrs_file"]);
  const base = origins.get("npmon.tags.cidrs_file")?.kind === "file" ? dirname(file?.name ?? ".") : ".";
  const more =
    typeof networksFile === "string" && networksFile !== ""
      ? readNetworksFile(resolve(base, networksFile))
      : null;
  problems.push(...(more?.problems ?? []));
  const names = createTagNames(userTags(values, more?.entries ?? []));
  const groupBy = readGroupBy(valueAt(values, ["npmon", "group_by"]), names, origins, problems);
  const ruleOrigin = (index: number): Origin => locate(["npmon", "tags", "rules", index, "when"]);
  const ruleFilters = readRuleFilters(valueAt(values, ["npmon", "tags", "rules"]), ruleOrigin, problems);
  if (problems.length > 0) throw new ConfigError(problems.toSorted(byPlace), REMEDY);

  const checked = ROOT.parse(values);
  const enabled = effectiveSwitch(checked, origins);
  warnings.push(...findPublicSecrets(file, origins));
  const config = createConfig(checked, {
    file: file?.name ?? null,
    enabled,
    groupBy,
    moreNetworks: more?.entries ?? [],
    settings: listSettings(values, origins),
    names,
    ruleFilters,
    ruleOrigin,
  });
  return { config, unknownKeys: findUnknownKeys(file?.value ?? {}, locate) };
}

/** As they stand in the file; what stands elsewhere keeps its order behind that. */
function byPlace(a: Problem, b: Problem): number {
  if (a.origin.kind !== "file" || b.origin.kind !== "file") {
    return Number(a.origin.kind !== "file") - Number(b.origin.kind !== "file");
  }
  if (a.origin.file !== b.origin.file) return 0;
  return a.origin.line - b.origin.line || a.origin.column - b.origin.column;
}

/** A block of which everything is commented out is null to YAML, and means nothing. */
function withoutEmptyBlocks(value: Raw): Raw {
  const strip = (block: typeof ROOT, inside: Raw): Raw => {
    const kept = Object.entries(inside);
    const blocks = new Map(keysOf(block as never).filter(([, schema]) => isBlock(schema)));
    return Object.fromEntries(
      kept.flatMap(([name, each]): [string, unknown][] => {
        const schema = blocks.get(name);
        if (schema === undefined) return [[name, each]];
        if (each === null) return [];
        const isMap = typeof each === "object" && !Array.isArray(each);
        return [[name, isMap ? strip(schema as never, each as Raw) : each]];
      }),
    );
  };
  return strip(ROOT, value);
}

function put(values: Raw, path: readonly string[], value: unknown): void {
  let here = values;
  for (const step of path.slice(0, -1)) {
    const inside = here[step];
    // What is no map here is a problem that was found already.
    if (typeof inside !== "object" || inside === null) here[step] = {};
    here = here[step] as Raw;
  }
  here[path.at(-1) ?? ""] = value;
}

/** More rows than the kernel's tables can have are asked for by people who mean "all of them". */
function clampTables(values: Raw, origins: ReadonlyMap<string, Origin>, warnings: Problem[]): void {
  for (const key of ["max_tracked_connections", "max_closed_connections_buffered"]) {
    const path = ["system_probe_config", key];
    const value = valueAt(values, path);
    if (typeof value !== "number" || !(value > MAX_CAPACITY)) continue;
    put(values, path, MAX_CAPACITY);
    const name = path.join(".");
    const origin = origins.get(name) ?? { kind: "default" };
    warnings.push({
      origin,
      key: name,
      message: `found ${value}, used ${MAX_CAPACITY}, the most there can be`,
    });
  }
}

function listSettings(values: Raw, origins: ReadonlyMap<string, Origin>): ReadonlyMap<string, Setting> {
  return new Map(
    LEAVES.map(({ name, path, schema }) => {
      const value = valueAt(values, path) ?? defaultOf(schema) ?? null;
      const origin = origins.get(name) ?? { kind: "default" };
      return [name, Object.freeze({ value: hideSecrets(schema, value), origin })];
    }),
  );
}

/** Names that rules and networks give, as far as they are names; the others are problems that were found already. */
function userTags(values: Raw, networks: NetworkEntries<TagValues>): readonly string[] {
  const rules = valueAt(values, ["npmon", "tags", "rules"]);
  const cidrs = valueAt(values, ["npmon", "tags", "cidrs"]);
  const sets = [
    ...(Array.isArray(rules) ? rules.map((rule) => (isMap(rule) ? rule.set : null)) : []),
    ...(isMap(cidrs) ? Object.values(cidrs) : []),
    ...networks.map(([, set]) => set),
  ];
  return [...new Set(sets.flatMap((set) => (isMap(set) ? Object.keys(set) : [])))].filter(isTagName);
}

/** The filters of the rules, in their order; null for one that is none. They look at what npmon itself knows. */
function readRuleFilters(
  rules: unknown,
  originOf: (index: number) => Origin,
  problems: Problem[],
): readonly (Filter | null)[] {
  if (!Array.isArray(rules)) return [];
  return rules.map((rule, index) => {
    const when = isMap(rule) && typeof rule.when === "string" ? rule.when : "";
    try {
      return parseFilter(when, { place: "filter", scope: "endpoint" });
    } catch (error) {
      if (!(error instanceof NpmonError)) throw error;
      problems.push({
        origin: originOf(index),
        key: `npmon.tags.rules[${index}].when`,
        message: error.message,
      });
      return null;
    }
  });
}

/** Read last: it may name tags that the file defines. What is no text is a problem that was found already. */
function readGroupBy(
  value: unknown,
  names: TagNames,
  origins: ReadonlyMap<string, Origin>,
  problems: Problem[],
): GroupBy {
  try {
    return parseGroupBy(typeof value === "string" ? value : "service", names);
  } catch (error) {
    if (!(error instanceof NpmonError)) throw error;
    const key = "npmon.group_by";
    const message = error.message.replace(/^--group-by, /, "");
    problems.push({ origin: origins.get(key) ?? { kind: "default" }, key, message });
    return "flow";
  }
}

const SWITCH = "system_probe_config.enabled";

/** The later name of the switch wins over the earlier one, and a variable over both. */
function effectiveSwitch(values: ReturnType<typeof ROOT.parse>, origins: Map<string, Origin>): boolean {
  const later = values.network_config.enabled;
  const fromFile = origins.get(SWITCH)?.kind === "file" || origins.get(SWITCH)?.kind === "default";
  return fromFile && later !== null ? later : values.system_probe_config.enabled;
}

function findPublicSecrets(file: OpenedFile | null, origins: ReadonlyMap<string, Origin>): Problem[] {
  if (file === null || !file.isPublic) return [];
  const holdsSecret = ({ path, schema }: Leaf): boolean => {
    const value = valueAt(file.value, path);
    return value !== undefined && hideSecrets(schema, value) !== value;
  };
  return LEAVES.filter((leaf) => origins.get(leaf.name)?.kind === "file" && holdsSecret(leaf)).map(
    ({ name, path }) => ({
      origin: file.origin(path),
      key: name,
      message: `everybody on this host may read it; \`chmod 640 ${file.name}\`, or use token_file`,
    }),
  );
}
