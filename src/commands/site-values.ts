import type { FlagValue } from "../config/load.ts";
import { NpmonError } from "../error/error.ts";
import type { Site } from "../http/site.ts";

/** As `SITE_FLAGS` are parsed. */
export interface SiteFlags {
  readonly "token-file"?: string | undefined;
  readonly header?: string[] | undefined;
  readonly ca?: string | undefined;
}

/** What they say of the configuration. @throws NpmonError `usage` for what is no header */
export function siteValues(flags: SiteFlags): readonly FlagValue[] {
  const values: FlagValue[] = [];
  const set = (key: string, name: string, value: unknown): void => {
    if (value !== undefined) values.push({ key: `npmon.forward.${key}`, name: `--${name}`, value });
  };
  set("token_file", "token-file", flags["token-file"]);
  set("headers", "header", flags.header === undefined ? undefined : parseHeaders(flags.header));
  set("ca_file", "ca", flags.ca);
  return values;
}

function parseHeaders(texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const colon = text.indexOf(":");
      if (colon < 1) throw new NpmonError("usage", "--header: expected 'Name: value'");
      return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
    }),
  );
}

/** Says so where a token leaves this host for everybody to read. */
export function warnBareToken({ url, token, tokenFile }: Site, say: (words: string) => void): void {
  const isBare = url.startsWith("http:") && !/^http:\/\/(localhost|127\.|\[::1\])/.test(url);
  if (isBare && (token ?? tokenFile) !== null) say(`the token goes to ${url} unencrypted`);
}
