import { lstatSync } from "node:fs";
import { formatDiff } from "../config/diff.ts";
import { parseYaml } from "../config/document.ts";
import { type Change, setKeys } from "../config/edit-text.ts";
import { createExample } from "../config/example.ts";
import { CONFIG_FILES, findConfigFile } from "../config/find-file.ts";
import { checkConfigText } from "../config/load.ts";
import { MAX_YAML_BYTES } from "../config/networks-file.ts";
import { ConfigError } from "../config/problem.ts";
import { readConfigText } from "../config/read-text.ts";
import { replaceFile } from "../config/replace-file.ts";
import { formatSafe } from "../view/text.ts";

/** What is to become of the configuration. */
export interface ConfigChange {
  /** From `--config`. */
  readonly config: string | undefined;
  readonly dryRun: boolean;
  /** `enabled`, `disabled`: what it is then. */
  readonly done: string;
  /** A file is made of the example when there is none. */
  readonly create: boolean;
  changes(text: string): readonly Change[];
}

/**
 * Changes the file that is asked for, else the first there is, else makes npmon's own. Prints what changes on stdout
 * and what was done on stderr.
 * @returns path of the file; null when there is none
 */
export function changeConfig({ config, dryRun, done, create, changes }: ConfigChange): string | null {
  const path = config ?? findConfigFile() ?? CONFIG_FILES[0];
  const before = isThere(path) ? readConfigText(path, MAX_YAML_BYTES).text : null;
  if (before === null && !create) {
    say(`${path}: there is no such file, so nothing is enabled`);
    return null;
  }
  const text = before ?? createExample();
  const parsed = parseYaml(text, path);
  if (!("value" in parsed)) throw new ConfigError(parsed, "Mend the file first; it was left as it is.");
  const after = setKeys(text, changes(text), path);
  checkConfigText(after, path, {});
  if (after === before) {
    say(`${path}: ${done} already, nothing to change`);
    return path;
  }
  process.stdout.write(
    formatDiff(before === null ? "the example" : path, path, text, after)
      .split("\n")
      .map(formatSafe)
      .join("\n"),
  );
  if (dryRun) {
    say(`${path}: nothing was written${before === null ? "; it would be made of npmon's example" : ""}`);
    return path;
  }
  const backup = replaceFile({ path, before, after });
  say(
    `${path}: ${done}; ${backup === null ? "it was made of npmon's example" : `the file before is ${backup}`}`,
  );
  return path;
}

export function say(text: string): void {
  process.stderr.write(`npmon: ${formatSafe(text)}\n`);
}

function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true; // reading it says what is wrong
  }
}
