/** Cells between the beginnings of two times. */
const SHORT_EVERY = 12;
const LONG_EVERY = 18;

const DAY_MS = 86_400_000;

/** How windows stand in cells: several in one, or one in several. */
export interface Scale {
  readonly cells: number;
  readonly windows: number;
}

/** No bar is wider. */
const WIDEST_WINDOW = 4;

export function createScale(windows: number, width: number): Scale {
  const cellsPerWindow = Math.min(WIDEST_WINDOW, Math.floor(width / windows));
  return { windows, cells: cellsPerWindow > 0 ? windows * cellsPerWindow : Math.max(1, width) };
}

/** The most windows that share a cell. */
export function windowsPerCell({ cells, windows }: Scale): number {
  return Math.ceil(windows / cells);
}

/** A value for each cell: that of its window, or the highest of several; NaN where none is known. */
export function spread(values: readonly number[], scale: Scale): readonly number[] {
  return Array.from({ length: scale.cells }, (_, cell) => {
    const [from, to] = windowsOf(cell, scale);
    let max = Number.NaN;
    for (let window = from; window < to; window++) {
      const value = values[window] ?? Number.NaN;
      if (Number.isNaN(max) || value > max) max = value;
    }
    return max;
  });
}

/** Whether any window of each cell is. */
export function spreadFlags(flags: readonly boolean[], scale: Scale): readonly boolean[] {
  return Array.from({ length: scale.cells }, (_, cell) =>
    flags.slice(...windowsOf(cell, scale)).includes(true),
  );
}

function windowsOf(cell: number, { cells, windows }: Scale): [from: number, to: number] {
  const from = Math.floor((cell * windows) / cells);
  return [from, Math.max(from + 1, Math.floor(((cell + 1) * windows) / cells))];
}

/** Times under the bars, UTC: each begins under the window that begins then. */
export function renderTimeAxis(sinceMs: number, untilMs: number, stepMs: number, scale: Scale): string {
  const isLong = untilMs - sinceMs > DAY_MS * 1.5;
  const isFine = stepMs % 60_000 !== 0 && untilMs - sinceMs < 1_800_000;
  const least = isLong ? LONG_EVERY : SHORT_EVERY;
  const cellsPerWindow = Math.max(1, Math.floor(scale.cells / scale.windows));
  const every = Math.ceil(least / cellsPerWindow) * cellsPerWindow;
  let line = "";
  for (let cell = 0; cell < scale.cells; cell += every) {
    const iso = new Date(sinceMs + Math.floor((cell * scale.windows) / scale.cells) * stepMs).toISOString();
    const text = isLong ? `${iso.slice(5, 10)} ${iso.slice(11, 16)}` : iso.slice(11, isFine ? 19 : 16);
    // the last one may stand out a little
    line = `${line.padEnd(cell)}└${text}`;
  }
  return line;
}
