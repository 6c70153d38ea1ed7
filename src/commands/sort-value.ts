/** What a column to sort by looks like after its minus. A lone letter is a flag, as in `-s -b`. */
const DESCENDING = /^-[a-z][a-z_.]/;

const FLAGS = ["-s", "--sort"];

/** `--sort=-sent`, `-s=-sent` and `-s-sent`. */
const GLUED = /^(?:--sort=|-s=?)(-.*)$/;

/**
 * Puts a space before the minus in `-s -sent`, `--sort=-sent` and the like: the argument parser takes a value that
 * begins with the letter of a flag for that flag. {@link parseSortValue} takes the space away again.
 */
export function protectSortValue(argv: readonly string[]): string[] {
  const end = argv.indexOf("--");
  return argv.map((word, index) => {
    if (end >= 0 && index >= end) return word;
    const [, glued] = GLUED.exec(word) ?? [];
    if (glued !== undefined) return `--sort= ${glued}`;
    const isValue = FLAGS.includes(argv[index - 1] ?? "") && DESCENDING.test(word);
    return isValue ? ` ${word}` : word;
  });
}

/** The column as it was typed. */
export function parseSortValue(text: string): string {
  return text.trim();
}
