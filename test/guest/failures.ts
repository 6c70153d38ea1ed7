/** Every failure is told in these many characters at most. */
const MOST = 20_000;

/**
 * What failed according to TAP: the lines `not ok` with what is said of each, and none of the tests that passed. All
 * of the output where nothing is told to have failed; the end of it where that is long.
 */
export function failuresOf(tap: string): string {
  let failing = false;
  const lines = tap.split("\n").filter((line) => {
    if (/^\s*not ok /.test(line)) failing = true;
    else if (/^\s*(ok |# |\d+\.\.|TAP version)/.test(line)) failing = false;
    return failing;
  });
  return lines.length > 0 ? lines.join("\n").slice(0, MOST) : tap.slice(-MOST);
}
