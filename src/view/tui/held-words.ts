import type { WriteStream } from "node:tty";

/** Writes kept at most; a library that warns in a loop must not fill memory. */
const MAX_HELD = 200;

/**
 * Keeps back what anything writes on `stderr` while the screen is ours, so that warnings do not land in the table.
 * Call what it returns to print it all and let writes through again.
 */
export function holdWords(stderr: WriteStream): () => void {
  if (!stderr.isTTY) return () => {};
  const write = stderr.write;
  const held: (string | Uint8Array)[] = [];
  let dropped = 0;
  stderr.write = (words: string | Uint8Array): boolean => {
    if (held.length < MAX_HELD) held.push(words);
    else dropped++;
    return true;
  };
  return () => {
    stderr.write = write;
    for (const words of held.splice(0)) stderr.write(words);
    if (dropped > 0) stderr.write(`npmon: ${dropped} more messages were not kept\n`);
  };
}
