import { Box } from "ink";
import type { ReactElement } from "react";
import { formatWindow } from "../format.ts";
import type { Paint } from "../paint.ts";
import { describeHealth, describeMoment, describeNotes, type Fact } from "../status.ts";
import { formatSafe, textWidth, truncateEnd } from "../text.ts";
import { headerHeight } from "./geometry.ts";
import { Line } from "./line.tsx";
import type { TuiState } from "./state.ts";

interface HeaderProps {
  readonly state: TuiState;
  readonly paint: Paint;
}

/** Where and when, what was counted and what was not, what it cost; then what narrows the rows. */
export function Header({ state, paint }: HeaderProps): ReactElement {
  const { columns } = state.size;
  const lines = headerLines(state, paint).slice(0, headerHeight(state));
  return (
    <Box flexDirection="column">
      {lines.map((line, index) => (
        // Lines have no identity but their place.
        <Line key={String(index)} text={line} width={columns} />
      ))}
    </Box>
  );
}

function headerLines(state: TuiState, paint: Paint): readonly string[] {
  const { shown, size } = state;
  const title = truncateEnd(formatSafe(state.title), size.columns);
  const mode = describeMode(state);
  const room = size.columns - textWidth(title) - (mode === null ? 0 : mode.length + 2);
  const place = shown === null ? "" : joinFacts(describeMoment(shown), room - 2, paint);
  const first = paint.title(title) + (place === "" ? "" : `  ${place}`);
  const gap = " ".repeat(Math.max(0, room - textWidth(first) + textWidth(title) + 2));
  const health = shown === null ? [] : [...describeLimit(state), ...describeHealth(shown)];
  return [
    mode === null || room < 0 ? first : first + gap + paint.trouble(mode),
    joinFacts(health, size.columns, paint),
    truncateEnd(shown === null ? "" : describeNotes(shown).join("  "), size.columns),
  ];
}

function describeLimit({ rows, shown }: TuiState): readonly Fact[] {
  const total = shown?.flows.length ?? 0;
  return rows.length < total ? [{ text: `rows ${rows.length} of ${total}`, isTrouble: false }] : [];
}

/** What the reader must not overlook: that the numbers stand still. */
function describeMode(state: TuiState): string | null {
  if (state.isPaused) return "PAUSED";
  return state.isEnded ? "END OF DATA" : null;
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
  return intervalMs === null ? "collecting…" : `collecting… first numbers after ${formatWindow(intervalMs)}`;
}
