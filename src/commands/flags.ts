import { Flags } from "@oclif/core";
import { PROBE_CHOICES } from "../probe/open.ts";
import { parseCount } from "../query/count.ts";
import { parseDuration } from "../query/duration.ts";
import { UNITS } from "../view/format.ts";
import { parseDashValue } from "./dash-value.ts";

const MAX_PID = 4194304;

/** A flag whose text is turned into a value by the parsers of stage `query`. */
const interval = Flags.custom<number>({ parse: async (text) => parseDuration(text, "--interval") });
const count = Flags.custom<number>({ parse: async (text) => parseCount(text, "--count") });
const rows = Flags.custom<number>({ parse: async (text) => parseCount(text, "--rows") });
const headerEvery = Flags.custom<number>({ parse: async (text) => parseCount(text, "--header-every") });
/** A text that may begin with a minus. */
const dashValue = Flags.custom<string>({ parse: async (text) => parseDashValue(text) });
const pid = Flags.custom<number>({
  parse: async (text) => parseCount(text, "--pid", { min: 1, max: MAX_PID }),
});

/** oclif parses any character; only its type knows letters alone. */
const DIGITS = { ipv4: "4", ipv6: "6" } as unknown as { readonly ipv4: "a"; readonly ipv6: "a" };

const WHAT = "WHAT TO COUNT";
const HOW = "HOW TO SHOW IT";
const WHERE = "FROM AND TO FILES";

/** Where the configuration is. */
export const CONFIG_FLAG = {
  config: Flags.string({
    summary: "configuration to use instead of the one under /etc; see `npmon config`",
    helpValue: "FILE",
    helpGroup: WHERE,
  }),
} as const;

/** How an intake is spoken to, for who sends and who asks. */
export const SITE_FLAGS = {
  "token-file": Flags.string({
    summary: "file with the token to show; read anew for every request",
    helpValue: "FILE",
    helpGroup: "INTAKE",
  }),
  header: Flags.string({
    multiple: true,
    summary: "HTTP header to send along, 'Name: value'; may be repeated",
    helpValue: "HEADER",
    helpGroup: "INTAKE",
  }),
  ca: Flags.string({
    summary: "PEM file of the authority that signs the intake's certificate, instead of the usual ones",
    helpValue: "FILE",
    helpGroup: "INTAKE",
  }),
} as const;

export const FORMATS = ["json", "ndjson", "csv", "table"] as const;

export type Format = (typeof FORMATS)[number];

export function formatFlag(name: Format, summary: string) {
  const exclusive = FORMATS.filter((other) => other !== name);
  return Flags.boolean({ summary, exclusive, helpGroup: "FORMAT" });
}

/** The flags that mean the same in every command that looks at flows. */
export const QUESTION_FLAGS = {
  "group-by": Flags.string({
    char: "g",
    summary:
      "tags that make a row: service, source.process,destination.port, client.service,server.port, flow …",
    helpValue: "TAGS",
    helpGroup: WHAT,
  }),
  filter: dashValue({
    char: "f",
    summary:
      "count only what fits: 'service:web* -port:22', 'destination.ip:10.0.0.0/8 retransmits:>0', 'curl OR wget' …",
    helpValue: "FILTER",
    helpGroup: WHAT,
  }),
  interval: interval({
    char: "d",
    summary: "time that one snapshot covers: 500ms, 1s, 5m, or seconds",
    helpValue: "TIME",
    helpGroup: WHAT,
  }),
  count: count({ char: "c", summary: "end after this many snapshots", helpValue: "N", helpGroup: WHAT }),
  pid: pid({ char: "p", summary: "only what this process measured", helpValue: "PID", helpGroup: WHAT }),
  ipv4: Flags.boolean({ char: DIGITS.ipv4, summary: "only IPv4", exclusive: ["ipv6"], helpGroup: WHAT }),
  ipv6: Flags.boolean({ char: DIGITS.ipv6, summary: "only IPv6", helpGroup: WHAT }),
  probe: Flags.option({ options: PROBE_CHOICES })({
    summary: "kernel mechanism to use (auto)",
    helpGroup: WHAT,
  }),
  sort: dashValue({
    char: "s",
    summary: "column to sort by; - before it for descending: -sent, source.service, -retransmits …",
    helpValue: "COLUMN",
    helpGroup: HOW,
  }),
  rows: rows({
    char: "r",
    summary: "at most this many rows of each snapshot",
    helpValue: "N",
    helpGroup: HOW,
  }),
  units: Flags.option({ options: UNITS })({
    char: "u",
    summary: "auto: KiB, MiB …; bits: kbit/s …; bytes: exact",
    helpGroup: HOW,
  }),
  "no-resolve": Flags.boolean({
    summary: "leave addresses without names: neither learned from DNS answers nor asked for",
    helpGroup: WHAT,
  }),
  "no-color": Flags.boolean({
    summary: "no colours; NO_COLOR in the environment does the same",
    helpGroup: HOW,
  }),
  "no-header": Flags.boolean({
    summary: "leave out the lines above tables and the line of CSV names",
    helpGroup: HOW,
  }),
  "header-every": headerEvery({
    summary: "lines above tables and names of columns come with the first table; repeat them after N tables",
    helpValue: "N",
    helpGroup: HOW,
  }),
  quiet: Flags.boolean({ summary: "say nothing on stderr but errors", helpGroup: HOW }),
  output: Flags.string({ char: "o", summary: "write to this file", helpValue: "FILE", helpGroup: WHERE }),
  from: Flags.string({
    summary: "replay snapshots saved with `export --json` or `top -o` instead of tracing; - reads stdin",
    helpValue: "FILE",
    helpGroup: WHERE,
  }),
  ...CONFIG_FLAG,
} as const;
