import type { Config } from "../config/config.ts";
import { type FlagValue, type LoadedConfig, loadConfig } from "../config/load.ts";
import { formatProblem } from "../config/problem.ts";
import { formatSafe } from "../view/text.ts";

/** The flags that say something of the configuration. */
export interface ConfigFlags {
  readonly config?: string | undefined;
  readonly probe?: string | undefined;
  readonly units?: string | undefined;
  readonly "no-resolve"?: boolean | undefined;
  readonly from?: string | undefined;
  readonly quiet?: boolean | undefined;
}

/**
 * The configuration for a command that looks at flows, its oddities said on stderr. Saved snapshots have nothing to do
 * with this host, so with `--from` its file is not looked for.
 * @throws ConfigError, NpmonError `config`
 */
export function loadCommandConfig(flags: ConfigFlags): Config {
  const values: FlagValue[] = [];
  const { probe, units } = flags;
  if (probe !== undefined) values.push({ key: "npmon.probe", name: "--probe", value: probe });
  if (flags["no-resolve"]) values.push({ key: "npmon.resolve", name: "--no-resolve", value: false });
  if (units !== undefined) values.push({ key: "npmon.units", name: "--units", value: units });
  const loaded = loadConfig({
    path: flags.config ?? null,
    environment: process.env,
    flags: values,
    ...(flags.from !== undefined && { places: [] }),
  });
  if (!flags.quiet) warnOf(loaded);
  return loaded.config;
}

/** Says on stderr what is odd; of keys that are nobody's mistake, as other programs have them, only with `everything`. */
export function warnOf(
  { config, warnings, unknownKeys }: LoadedConfig,
  { everything = false }: { readonly everything?: boolean } = {},
): void {
  const likely = unknownKeys.filter(({ isLikelyMistake }) => everything || isLikelyMistake);
  for (const problem of [...warnings, ...likely]) say(formatProblem(problem));
  const others = unknownKeys.length - likely.length;
  if (others > 0) say(`${config.file}: ${others} keys that npmon does not use; \`npmon config\` names them`);
}

function say(text: string): void {
  process.stderr.write(`npmon: ${formatSafe(text)}\n`);
}
