import { NpmonError } from "../error/error.ts";
import { createHttpClient, type HttpAnswer, type HttpLimits } from "../http/client.ts";
import type { Site } from "../http/site.ts";
import { decodeHistoryAnswer } from "./decode-answer.ts";
import {
  type History,
  type HistoryAnswer,
  type HistoryQuestion,
  MAX_SEARCH_UNITS,
  QUERY_PATH,
} from "./history.ts";
import { refusalOf } from "./refusal.ts";

/** 100,000 rows with every tag are some 200 MB; days of a fleet take a while to be summed. */
const LIMITS: HttpLimits = { idleMs: 170_000, totalMs: 300_000, maxBytes: 400 * 1024 ** 2 };

/** An intake, asked over HTTP. */
export function createIntakeHistory(site: Site, limits: HttpLimits = LIMITS): History {
  const request = createHttpClient(site, limits);
  const place = `the intake ${site.url}`;
  let clockAheadMs: number | null = null;
  return {
    place,
    get clockAheadMs() {
      return clockAheadMs;
    },
    async ask(question, signal): Promise<HistoryAnswer> {
      const search = searchOf(question);
      if (search.length > MAX_SEARCH_UNITS) {
        throw new NpmonError(
          "usage",
          "--filter is too long for an intake to be asked",
          "`npmon query --data DIR` on the intake's host takes it.",
        );
      }
      const headers = { accept: "application/json" };
      const sentMs = Date.now();
      const answer = await request({ method: "GET", path: QUERY_PATH, search, headers }, signal);
      if (answer.kind === "failed") throw failureOf(answer, place, site);
      if (answer.status !== 200) throw refusalOf(answer, place);
      clockAheadMs = aheadOf(answer.headers.date, sentMs, Date.now());
      const decoded = decodeHistoryAnswer(answer.body, question);
      if (decoded === null) throw refusalOf(answer, place);
      return decoded;
    },
  };
}

function searchOf({ sinceMs, untilMs, stepMs, groupBy, filter }: HistoryQuestion): string {
  const search = new URLSearchParams({ since_ms: `${sinceMs}`, until_ms: `${untilMs}`, group_by: groupBy });
  if (filter !== "") search.set("filter", filter);
  if (stepMs !== undefined) search.set("step_ms", `${stepMs}`);
  return search.toString();
}

type Failed = Extract<HttpAnswer, { kind: "failed" }>;

const WHERE = "--intake URL, or npmon.forward.to in the configuration, says where it is.";

const REMEDIES: Readonly<Record<Failed["place"], string>> = {
  credentials: "--token-file and --ca name files that this user may read.",
  certificate:
    "--ca FILE names the authority that signed it; the address has to be one that the certificate is for.",
  away: `Does \`npmon intake\` run there, and can it be reached from here? ${WHERE}`,
  slow: "Ask for a shorter time or fewer tags, or narrow it with --filter.",
  cut: "Ask again; a shorter time, fewer tags or a filter make the answer smaller.",
  too_long: "Ask for a shorter time or fewer tags, or narrow it with --filter.",
};

function failureOf({ place: where, why }: Failed, place: string, { url }: Site): NpmonError {
  if (where === "credentials")
    return new NpmonError("intake", `cannot ask ${place}: ${why}`, REMEDIES[where]);
  // what speaks the other of the two says so in the words of TLS or of a parser
  if (/wrong version number|packet length too long/.test(why)) {
    const remedy = `It may speak plain HTTP: --intake ${url.replace(/^https:/, "http:")}`;
    return new NpmonError("intake", `${place} does not speak HTTPS`, remedy);
  }
  if (url.startsWith("http:") && /socket hang up|ECONNRESET|Parse Error/.test(why)) {
    const remedy = `It may speak HTTPS: --intake ${url.replace(/^http:/, "https:")}`;
    return new NpmonError("intake", `${place} answers in no HTTP (${why})`, remedy);
  }
  const what =
    where === "certificate"
      ? `the certificate of ${place} is not trusted`
      : where === "away"
        ? `cannot reach ${place}`
        : where === "slow"
          ? `${place} takes too long`
          : `the answer of ${place} is not whole`;
  return new NpmonError("intake", `${what}: ${why}`, REMEDIES[where]);
}

/** `Date` has whole seconds; half the way there and back is the network's. */
function aheadOf(date: string | undefined, sentMs: number, gotMs: number): number | null {
  const there = Date.parse(date ?? "");
  // it was written at some time in between
  if (Number.isNaN(there)) return null;
  if (there > gotMs) return there - gotMs;
  return there + 1000 < sentMs ? there + 1000 - sentMs : 0;
}
