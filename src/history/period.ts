import { NpmonError } from "../error/error.ts";
import { parseDuration } from "../query/duration.ts";
import { quoteInput } from "../query/quote.ts";
import type { Period } from "./history.ts";

const AGO = { minMs: 1_000, maxMs: 3650 * 86_400_000, words: "1s to 3650d" } as const;

const DATE = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d(?:\.\d{1,3})?))?)?\s*(z|utc|[+-]\d\d:?\d\d)?$/i;
const TIME_OF_DAY = /^(\d\d:\d\d)(?::(\d\d))?$/;
const MS_PER_DAY = 86_400_000;

export interface PeriodOptions {
  readonly since: string;
  /** Absent: now. */
  readonly until?: string | undefined;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
}

export interface ParsedPeriod extends Period {
  /** `since` was given as a time ago, so it may be moved a little. */
  readonly isRelative: boolean;
  /** What of it was not as it was typed; one line. */
  readonly note: string | null;
}

/**
 * `24h`, `5d`, `30m` ago; `2026-01-31`, `2026-01-31T14:00`, `2026-01-31 14:00:05+01:00`; `14:00`, the latest there was.
 * What says no offset is UTC, as is every time that npmon prints.
 *
 * @throws NpmonError `usage` when one is no time, when it begins in the future or not before it ends
 */
export function parsePeriod({ since, until, nowMs }: PeriodOptions): ParsedPeriod {
  const sinceMs = parseTime(since, "--since", nowMs);
  const asked = until === undefined ? nowMs : parseTime(until, "--until", nowMs);
  const untilMs = Math.min(asked, nowMs);
  if (sinceMs >= nowMs) {
    throw new NpmonError(
      "usage",
      `--since: ${formatTime(sinceMs)} is in the future; it is ${formatTime(nowMs)} now`,
      "Times without an offset are UTC; +02:00 behind one says otherwise.",
    );
  }
  if (sinceMs >= untilMs) {
    throw new NpmonError(
      "usage",
      `--since (${formatTime(sinceMs)}) has to be before --until (${formatTime(untilMs)})`,
      "`--since 2h --until 1h` is from two hours ago to one hour ago.",
    );
  }
  const note = asked > nowMs ? `--until ${formatTime(asked)} is in the future: asked until now` : null;
  return { sinceMs, untilMs, isRelative: isAgo(since), note };
}

function isAgo(text: string): boolean {
  return /^[\d.]+(?:ms|s|m|h|d)$/.test(text.trim());
}

function parseTime(text: string, option: string, nowMs: number): number {
  const typed = text.trim();
  if (typed === "now") return nowMs;
  if (isAgo(typed)) return nowMs - parseDuration(typed, option, AGO);
  const [, clock, second = "00"] = TIME_OF_DAY.exec(typed) ?? [];
  if (clock !== undefined) {
    const today = parseParts(new Date(nowMs).toISOString().slice(0, 10), clock, second, "Z");
    if (today !== null) return today <= nowMs ? today : today - MS_PER_DAY;
  }
  const [, date, time = "00:00", seconds = "00", zone = "Z"] = DATE.exec(typed) ?? [];
  const found = date === undefined ? null : parseParts(date, time, seconds, zone);
  if (found !== null) return found;
  const isNumber = /^\d+$/.test(typed);
  throw new NpmonError(
    "usage",
    `${option}: found ${quoteInput(text)}, expected a time ago such as 30m, 24h or 5d, or a time such as 2026-01-31T14:00 or 14:00`,
    isNumber ? `A number needs its unit: ${quoteInput(`${typed}m`)} is minutes.` : "Times are UTC.",
  );
}

/** `null` for what no calendar has, such as the 30th of February. */
function parseParts(date: string, time: string, seconds: string, zone: string): number | null {
  const whole = `${date}T${time}:${seconds.padEnd(6, seconds.includes(".") ? "0" : ".000")}`;
  const utc = Date.parse(`${whole}Z`);
  // days that a month does not have go on into the next one
  if (Number.isNaN(utc) || new Date(utc).toISOString().slice(0, 16) !== whole.slice(0, 16)) return null;
  if (/^(?:z|utc)$/i.test(zone)) return utc;
  const [, sign, hours = "", minutes = ""] = /^([+-])(\d\d):?(\d\d)$/.exec(zone) ?? [];
  const offset = (Number(hours) * 60 + Number(minutes)) * 60_000;
  if (Number(hours) > 14 || Number(minutes) > 59) return null;
  return sign === "-" ? utc + offset : utc - offset;
}

/** `2026-01-31 14:00:05 UTC` */
export function formatTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
