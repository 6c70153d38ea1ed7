import type { Config } from "../config/config.ts";
import { CONFIG_FILES } from "../config/find-file.ts";
import { type ConfigSources, type LoadedConfig, loadConfig } from "../config/load.ts";
import { ConfigError, formatProblem } from "../config/problem.ts";
import { NpmonError } from "../error/error.ts";
import { type Finding, failing, limited, ok } from "./finding.ts";

/** Beyond these a person reads on with `npmon config`. */
const MAX_SHOWN = 20;

export interface ConfigFacts {
  /** The defaults where what there is cannot be used. */
  readonly config: Config;
  readonly outcome: LoadedConfig | NpmonError;
}

export function readConfiguration(sources: ConfigSources): ConfigFacts {
  try {
    const outcome = loadConfig(sources);
    return { config: outcome.config, outcome };
  } catch (error) {
    if (!(error instanceof NpmonError)) throw error;
    const bare = { path: null, environment: {}, places: [], flags: sources.flags ?? [] };
    return { config: loadConfig(bare).config, outcome: error };
  }
}

export function checkConfiguration({ outcome }: ConfigFacts): Finding {
  const name = "configuration";
  if (outcome instanceof NpmonError) {
    const details = outcome instanceof ConfigError && outcome.problems.length > 1 ? outcome.details : [];
    const remedy = `${outcome.remedy} The lines here are of the defaults.`.trim();
    return failing(name, "fault", outcome.message, remedy, details);
  }
  const { config, warnings, unknownKeys } = outcome;
  const value = config.file ?? `the defaults: there is no ${CONFIG_FILES.join(" or ")}`;
  const likely = unknownKeys.filter(({ isLikelyMistake }) => isLikelyMistake);
  const problems = [...warnings, ...likely].map(formatProblem);
  if (problems.length === 0) return ok(name, value);
  const left = problems.length - MAX_SHOWN;
  const details = [...problems.slice(0, MAX_SHOWN), ...(left > 0 ? [`and ${left} more`] : [])];
  const count = `${problems.length} ${problems.length === 1 ? "warning" : "warnings"}`;
  return limited(
    name,
    `${value}, with ${count}`,
    "Each line says what to change; `npmon config` shows what is in effect.",
    details,
  );
}
