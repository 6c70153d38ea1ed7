const MINUTE_MS = 60_000;

/** In a minute; a sender who is refused once is refused a thousand times. */
const MAX_LINES = 20;

const MAX_UNITS = 300;

export interface RefusalLog {
  /** @param kind - such as a status; another one of the same address in the same minute is only counted */
  note(address: string, kind: string, text: string): void;
  /** Says what was only counted, when the minute is over. */
  roll(): void;
}

/** Says who was refused and why, in so many lines at most, however many there are. */
export function createRefusalLog(say: (text: string) => void, nowMs: () => number): RefusalLog {
  let startMs = nowMs();
  const said = new Set<string>();
  const more = new Map<string, number>();
  const roll = (): void => {
    if (nowMs() - startMs < MINUTE_MS) return;
    startMs = nowMs();
    said.clear();
    const counts = [...more].map(([kind, count]) => `${kind} (${count})`);
    more.clear();
    if (counts.length > 0) say(`more of the same in the last minute: ${counts.join(", ")}`);
  };
  return {
    roll,
    note(address, kind, text) {
      roll();
      const key = `${address} ${kind}`;
      if (said.has(key) || said.size >= MAX_LINES) {
        more.set(kind, (more.get(kind) ?? 0) + 1);
        return;
      }
      said.add(key);
      say(`${address}: ${kind}: ${text.slice(0, MAX_UNITS)}`);
    },
  };
}
