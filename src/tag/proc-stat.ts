/** The fields of /proc/PID/stat that tell who a process is. */
export interface ProcStat {
  readonly comm: string;
  /** It has ended and waits for its parent: its executable and environment are gone already. */
  readonly zombie: boolean;
  /** Ticks of 10 ms from boot to the start of the process. */
  readonly startTicks: number;
}

/**
 * `PID (COMM) STATE …`. COMM may hold spaces, parentheses and line breaks, so it ends at the last parenthesis of the
 * file: every later field is a number or a letter. Start time is field 22, the 20th after COMM.
 *
 * @returns `null` when the text is not of that form
 */
export function parseProcStat(text: string): ProcStat | null {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 0 || close < open) return null;
  const fields = text.slice(close + 2).split(" ");
  const startTicks = fields[19];
  if (startTicks === undefined || !/^\d{1,15}$/.test(startTicks)) return null;
  return { comm: text.slice(open + 1, close), zombie: fields[0] === "Z", startTicks: Number(startTicks) };
}

/** The effective user id in /proc/PID/status, whose `Name:` has its line breaks escaped by the kernel. */
export function parseEffectiveUid(text: string): number | null {
  const uid = /^Uid:\s*\d+\s+(\d{1,10})\b/m.exec(text)?.[1];
  return uid === undefined ? null : Number(uid);
}
