/** What the command of a guest came to. */
export interface Verdict {
  /** Exit status; 128 and the number of a signal when it was killed. */
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/**
 * The verdict in what a guest sent: a line with the exit status and the lengths, the two outputs, and a line that
 * ends them. Null unless all of it is there.
 */
export function parseVerdict(sent: Buffer): Verdict | null {
  const lineEnd = sent.indexOf("\n");
  const head = /^npmon-verdict (\d+) (\d+) (\d+)$/.exec(sent.toString("latin1", 0, Math.max(lineEnd, 0)));
  if (head === null) return null;
  const [status = 0, stdoutBytes = 0, stderrBytes = 0] = head.slice(1).map(Number);
  const stdoutEnd = lineEnd + 1 + stdoutBytes;
  const stderrEnd = stdoutEnd + stderrBytes;
  if (sent.toString("latin1", stderrEnd) !== "npmon-verdict-end\n") return null;
  return {
    status,
    stdout: sent.subarray(lineEnd + 1, stdoutEnd),
    stderr: sent.subarray(stdoutEnd, stderrEnd),
  };
}
