/**
 * Keys that stand in a file as comments, `# enabled: false`. One `#` before a lower-case word and a colon makes one; two
 * begin prose.
 */
export interface CommentedKey {
  readonly name: string;
  /** Columns before the key when its `#` and the given number of spaces behind it are taken away. */
  readonly indent: number;
  /** What stands behind the colon. */
  readonly rest: string;
}

/** What is taken away to make a line one that counts: `#`, or `# `. */
export type Marker = "#" | "# ";

const COMMENTED = /^([ ]*)#( *)([a-z][a-z0-9_]*)[ ]*:((?:[ \t].*)?)$/;

/** The key that the line comments out; `null` when it is a line of another kind. */
export function readCommentedKey(line: string, marker: Marker): CommentedKey | null {
  const [, before, spaces, name, rest] = COMMENTED.exec(line) ?? [];
  if (before === undefined || spaces === undefined || name === undefined) return null;
  const indent = before.length + spaces.length - (marker === "# " ? Math.min(1, spaces.length) : 0);
  return { name, indent, rest: rest ?? "" };
}

/** How a file comments out the key of this line: with a space behind `#`, or without. */
export function markerOf(line: string): Marker {
  return /^ *# /.test(line) ? "# " : "#";
}

/** The part of a map's lines in which its own keys can stand as comments, and how far they are indented. */
export interface CommentedBody {
  readonly lines: readonly string[];
  /** Number of the first line. */
  readonly from: number;
  /** Column of the map's own key; -1 for the file's outermost map. */
  readonly parentIndent: number;
  /** Column of the keys in it that are there; `null` when none is. */
  readonly bodyIndent: number | null;
  readonly marker: Marker;
}

/** Number of the line that comments out this key of the map, with its indent; `null` when none does. */
export function findCommentedKey(
  { lines, from, parentIndent, bodyIndent, marker }: CommentedBody,
  name: string,
): { readonly line: number; readonly indent: number } | null {
  let expected = bodyIndent;
  for (const [index, line] of lines.entries()) {
    const key = readCommentedKey(line, marker);
    if (key === null) continue;
    // The comment of another map that begins here: what follows is that one's.
    if (key.indent <= parentIndent) return null;
    expected ??= key.indent;
    if (key.name === name && key.indent === expected) return { line: from + index, indent: key.indent };
  }
  return null;
}
