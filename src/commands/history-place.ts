import type { Config, Destination } from "../config/config.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { NpmonError } from "../error/error.ts";
import { createFolderHistory } from "../history/folder.ts";
import type { History } from "../history/history.ts";
import { createIntakeHistory } from "../history/intake.ts";
import { type SiteFlags, siteValues, warnBareToken } from "./site-values.ts";

export interface PlaceFlags extends SiteFlags {
  readonly intake?: string | undefined;
  readonly data?: string | undefined;
  readonly config?: string | undefined;
  readonly units?: string | undefined;
}

/** The configuration as the flags have it, and where history is asked. */
export interface HistoryPlace {
  readonly loaded: LoadedConfig;
  readonly config: Config;
  readonly history: History;
}

/**
 * `--data`, `--intake`, or the first intake that `npmon forward` sends to. An intake of the configuration is asked with
 * the token that it has there.
 *
 * @param say - words for people
 * @throws NpmonError `usage` when there is nowhere to ask, ConfigError
 */
export function findHistory(flags: PlaceFlags, say: (words: string) => void): HistoryPlace {
  const loaded = load(flags, []);
  const { config } = loaded;
  if (flags.data !== undefined) {
    return { loaded, config, history: createFolderHistory(flags.data, config.names) };
  }
  const found = findSite(flags, config);
  // what is typed wins also over what one intake has of its own
  const site = {
    ...found,
    ...(flags["token-file"] !== undefined && { token: null, tokenFile: flags["token-file"] }),
    ...(flags.ca !== undefined && { caFile: flags.ca }),
  };
  warnBareToken(site, say);
  return { loaded, config, history: createIntakeHistory(site) };
}

function load(flags: PlaceFlags, intake: readonly string[]): LoadedConfig {
  const values = [...siteValues(flags)];
  if (intake.length > 0) values.push({ key: "npmon.forward.to", name: "--intake", value: intake });
  if (flags.units !== undefined) values.push({ key: "npmon.units", name: "--units", value: flags.units });
  return loadConfig({ path: flags.config ?? null, environment: process.env, flags: values });
}

function findSite(flags: PlaceFlags, config: Config): Destination {
  const { intake } = flags;
  const known = config.forward.destinations.filter(({ url }) => isHttp(url));
  if (intake === undefined) {
    const [first] = known;
    if (first !== undefined) return first;
    throw new NpmonError(
      "usage",
      "there is no intake to ask",
      "--intake URL asks one, --data DIR reads the folder of one; npmon.forward.to in the configuration is asked where neither is given.",
    );
  }
  const same = known.find(({ url }) => trim(url) === trim(intake));
  if (same !== undefined) return same;
  const [typed] = load(flags, [intake]).config.forward.destinations;
  if (typed !== undefined && isHttp(typed.url)) return typed;
  throw new NpmonError(
    "usage",
    "--intake: expected a URL such as https://intake.example:8474",
    "Files of snapshots are read by `npmon export --from FILE`.",
  );
}

function isHttp(url: string): boolean {
  return /^https?:/i.test(url);
}

function trim(url: string): string {
  return url.replace(/\/+$/, "");
}
