/** Cells between the beginnings of two times. */
const SHORT_EVERY = 12;
const LONG_EVERY = 18;

const DAY_MS = 86_400_000;

/** How windows stand in cells. */
export interface Scale {
  readonly cells: number;
  /** Windows in one cell, or cells of one window: one of them is 1. */
  readonly windowsPerCell: number;
  readonly cellsPerWindow: number;
}

/** No bar is wider. */
const WIDEST_WINDOW = 4;

export function createScale(windowCount: number, width: number): Scale {
  const cellsPerWindow = Math.max(1, Math.min(WIDEST_WINDOW, Math.floor(width / windowCount)));
  const windowsPerCell = Math.max(1, Math.ceil(windowCount / width));
  return {
    cells: windowsPerCell > 1 ? Math.ceil(windowCount / windowsPerCell) : windowCount * cellsPerWindow,
    windowsPerCell,
    cellsPerWindow,
  };
}

/** A value for each cell: that of its window, or the highest of several; NaN where none is known. */
export function spread(values: readonly number[], scale: Scale): readonly number[] {
  return Array.from({ length: scale.cells }, (_, cell) => {
    const own = windowsOf(cell, scale).map((window) => values[window] ?? Number.NaN);
    return own.reduce((max, value) => (Number.isNaN(max) || value > max ? value : max), Number.NaN);
  });
}

/** Whether any window of each cell is. */
export function spreadFlags(flags: readonly boolean[], scale: Scale): readonly boolean[] {
  return Array.from({ length: scale.cells }, (_, cell) =>
    windowsOf(cell, scale).some((window) => flags[window] === true),
  );
}

function windowsOf(cell: number, { windowsPerCell, cellsPerWindow }: Scale): readonly number[] {
  const first = windowsPerCell > 1 ? cell * windowsPerCell : Math.floor(cell / cellsPerWindow);
  return Array.from({ length: windowsPerCell }, (_, index) => first + index);
}

/** Times under the bars, UTC: each begins under the window that begins then. */
export function renderTimeAxis(sinceMs: number, untilMs: number, stepMs: number, scale: Scale): string {
  const isLong = untilMs - sinceMs > DAY_MS * 1.5;
  const msPerCell = (stepMs * scale.windowsPerCell) / scale.cellsPerWindow;
  const least = isLong ? LONG_EVERY : SHORT_EVERY;
  const every = Math.ceil(least / scale.cellsPerWindow) * scale.cellsPerWindow;
  let line = "";
  for (let cell = 0; cell < scale.cells; cell += every) {
    const iso = new Date(sinceMs + cell * msPerCell).toISOString();
    const isFine = stepMs % 60_000 !== 0 && untilMs - sinceMs < 1_800_000;
    const text = isLong ? `${iso.slice(5, 10)} ${iso.slice(11, 16)}` : iso.slice(11, isFine ? 19 : 16);
    // the last one may stand out a little
    line = `${line.padEnd(cell)}└${text}`;
  }
  return line;
}
