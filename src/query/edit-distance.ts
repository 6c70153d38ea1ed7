/**
 * Damerau-Levenshtein distance, restricted to transpositions of neighbours: how many letters were dropped, added,
 * mistaken or swapped. Cost is the product of the lengths: cap them before asking.
 */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row++) {
    const current = [row];
    for (let column = 1; column <= to.length; column++) {
      const same = from[row - 1] === to[column - 1];
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      current[column] = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
        swapped && row > 1 && column > 1 ? (beforeLast[column - 2] ?? 0) + 1 : Number.POSITIVE_INFINITY,
      );
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
}

/** The word nearest to what was typed, upper and lower case alike; `null` when none is near enough to be meant. */
export function nearestWord(typed: string, words: readonly string[]): string | null {
  const wanted = typed.toLowerCase();
  let nearest: string | null = null;
  let nearestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const word of words) {
    if (Math.abs(word.length - wanted.length) >= nearestDistance) continue;
    const distance = editDistance(wanted, word);
    if (distance >= nearestDistance || distance >= word.length) continue;
    nearest = word;
    nearestDistance = distance;
  }
  return nearest;
}
