import { formatWindow } from "../format.ts";
import type { Paint } from "../paint.ts";
import { describeHealth, describeMoment, type Fact } from "../status.ts";
import { formatSafe, textWidth, truncateEnd } from "../text.ts";
import type { ReplayState } from "./replay.ts";
import type { TuiState } from "./state.ts";

/** Where and when, then what was counted, what was not, and what it cost. */
export function headerLines(state: TuiState, paint: Paint): readonly string[] {
  const { shown, size } = state;
  const title = truncateEnd(formatSafe(state.title), size.columns);
  const mode = truncateEnd(describeMode(state), Math.max(0, size.columns - textWidth(title) - 2));
  const room = size.columns - textWidth(title) - (mode === "" ? 0 : textWidth(mode) + 2);
  const place =
    shown === null ? "" : joinFacts(describeMoment(shown, state.replay === null), room - 2, paint);
  const first = paint.title(title) + (place === "" ? "" : `  ${place}`);
  const gap = " ".repeat(Math.max(0, room - textWidth(first) + textWidth(title) + 2));
  const health = shown === null ? [] : [...describeLimit(state), ...describeHealth(shown)];
  return [mode === "" ? first : first + gap + paint.trouble(mode), joinFacts(health, size.columns, paint)];
}

function describeLimit({ maxRows, rows, shown }: TuiState): readonly Fact[] {
  const total = shown?.flows.length ?? 0;
  return maxRows !== null && rows.length < total
    ? [{ text: `rows ${rows.length} of ${total}`, isTrouble: false }]
    : [];
}

/** What the reader must not overlook: that the numbers stand still, or are not of now. */
function describeMode({ replay, isEnded, isPaused, isWaiting, isFrozen, measure }: TuiState): string {
  const words: string[] = [];
  if (isWaiting) words.push("asking…");
  if (measure !== "bandwidth") words.push(measure === "total" ? "totals" : "throughput");
  if (isFrozen) words.push("order frozen");
  if (replay !== null) {
    words.push(describeReplay(replay));
  } else if (isPaused) {
    words.push("PAUSED");
  } else if (isEnded) {
    words.push("END OF DATA");
  }
  return words.join("  ");
}

function describeReplay({ isPlaying, speed, position, count }: ReplayState): string {
  const isOver = count !== null && position >= count;
  const what = isOver ? "END OF DATA" : isPlaying ? "playing" : "PAUSED";
  const place = position === 0 ? "" : ` ${position}${count === null ? "" : `/${count}`}`;
  return `${what}${speed === 1 ? "" : ` ${speed}x`}${place}`;
}

/** Facts from the left, as many as fit whole, two cells apart. */
function joinFacts(facts: readonly Fact[], width: number, paint: Paint): string {
  let line = "";
  let used = -2;
  for (const { text, isTrouble } of facts) {
    used += 2 + textWidth(text);
    if (used > width) break;
    line += (line === "" ? "" : "  ") + (isTrouble ? paint.trouble(text) : text);
  }
  return line;
}

/** What to say before the first snapshot. */
export function describeCollecting(intervalMs: number | null): string {
  return intervalMs === null ? "collecting…" : `collecting… a window is ${formatWindow(intervalMs)}`;
}
