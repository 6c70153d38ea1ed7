/** What a command of a guest came to. */
export interface Verdict {
  /** Exit status; 128 and the number of a signal when it was killed. */
  readonly status: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

const END = "npmon-verdict-end\n";

/**
 * The verdicts in what a guest sent: each is a line with the exit status and the lengths, the two outputs, and a line
 * that ends them. Null unless all of them are there, and nothing else.
 */
export function parseVerdicts(sent: Buffer, count: number): readonly Verdict[] | null {
  const verdicts: Verdict[] = [];
  let start = 0;
  while (verdicts.length < count) {
    const lineEnd = sent.indexOf("\n", start);
    const head = /^npmon-verdict (\d+) (\d+) (\d+)$/.exec(
      sent.toString("latin1", start, Math.max(lineEnd, start)),
    );
    if (head === null) return null;
    const [status = 0, stdoutBytes = 0, stderrBytes = 0] = head.slice(1).map(Number);
    const stdoutEnd = lineEnd + 1 + stdoutBytes;
    const stderrEnd = stdoutEnd + stderrBytes;
    start = stderrEnd + END.length;
    if (sent.toString("latin1", stderrEnd, start) !== END) return null;
    verdicts.push({
      status,
      stdout: sent.subarray(lineEnd + 1, stdoutEnd),
      stderr: sent.subarray(stdoutEnd, stderrEnd),
    });
  }
  return start === sent.length ? verdicts : null;
}
