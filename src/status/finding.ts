/**
 * Stage `status`: takes this host and the configuration, gives what matters before and while npmon runs, a
 * {@link Finding} for each, with what would mend it. A check is one small file: what is read of the host, and a pure
 * function of that. It changes nothing; the tiers are loaded and closed again, the real tables are never allocated.
 */

/** `limited`: npmon works, with less. `failing`: something that was asked for will not work. */
export type State = "ok" | "limited" | "failing";

/** What a failing line comes from; it decides the exit code. */
export type Cause = "fault" | "privilege" | "kernel";

export interface Finding {
  readonly name: string;
  readonly state: State;
  /** What was found. May hold hostile text: it is made safe where it is shown. */
  readonly value: string;
  /** More of it, a line each. */
  readonly details: readonly string[];
  /** The command or setting that mends it; empty when nothing is to be mended. */
  readonly remedy: string;
  /** Null unless it is failing. */
  readonly cause: Cause | null;
}

export function ok(name: string, value: string, details: readonly string[] = []): Finding {
  return { name, state: "ok", value, details, remedy: "", cause: null };
}

export function limited(
  name: string,
  value: string,
  remedy: string,
  details: readonly string[] = [],
): Finding {
  return { name, state: "limited", value, details, remedy, cause: null };
}

export function failing(
  name: string,
  cause: Cause,
  value: string,
  remedy: string,
  details: readonly string[] = [],
): Finding {
  return { name, state: "failing", value, details, remedy, cause };
}

const EXIT_CODES: Readonly<Record<Cause, number>> = { fault: 1, privilege: 3, kernel: 4 };
/** What privilege would not mend comes first. */
const CAUSES: readonly Cause[] = ["fault", "kernel", "privilege"];

/** 0 when nothing fails, 3 when only privilege is missing, 4 when the kernel cannot, 1 for anything else. */
export function exitCodeOf(findings: readonly Finding[]): number {
  const cause = CAUSES.find((each) => findings.some((finding) => finding.cause === each));
  return cause === undefined ? 0 : EXIT_CODES[cause];
}
