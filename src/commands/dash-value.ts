interface DashValue {
  readonly long: string;
  readonly short: string;
  /** What a value looks like that begins with a minus. A lone letter is a flag, as in `-s -b`. */
  readonly value: RegExp;
}

const FLAGS: readonly DashValue[] = [
  // descending order
  { long: "--sort", short: "-s", value: /^-[a-z][a-z_.]/ },
  // a term that must not fit
  { long: "--filter", short: "-f", value: /^-(?:[^-].|["'(*])/s },
];

/**
 * Puts a space before the minus in `-s -sent`, `--filter=-process:curl` and the like: the argument parser takes a value
 * that begins with the letter of a flag for that flag. {@link parseDashValue} takes the space away again.
 */
export function protectDashValues(argv: readonly string[]): string[] {
  const end = argv.indexOf("--");
  return argv.map((word, index) => {
    if (end >= 0 && index >= end) return word;
    for (const { long, short, value } of FLAGS) {
      const glued = gluedValue(word, long, short);
      if (glued?.startsWith("-")) return `${long}= ${glued}`;
      const before = argv[index - 1];
      if ((before === short || before === long) && value.test(word)) return ` ${word}`;
    }
    return word;
  });
}

/** Of `--sort=-sent`, `-s=-sent` and `-s-sent`. */
function gluedValue(word: string, long: string, short: string): string | null {
  if (word.startsWith(`${long}=`)) return word.slice(long.length + 1);
  return word.startsWith(short) ? word.slice(short.length).replace(/^=/, "") : null;
}

/** The value as it was typed. */
export function parseDashValue(text: string): string {
  return text.startsWith(" -") ? text.slice(1) : text;
}
