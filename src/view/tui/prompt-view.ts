import type { Paint } from "../paint.ts";
import { formatSafe, textWidth, truncateEnd } from "../text.ts";
import { type Editor, splitCharacters } from "./editor.ts";
import { checkFilter, completions } from "./prompt.ts";
import type { TuiState } from "./state.ts";

export interface PromptLines {
  /** What there is to say of the line being typed, then that line. */
  readonly lines: readonly string[];
  /** Cell of the last line where the next character goes. */
  readonly cursor: number;
}

/** At the end of the line a cell is left for the cursor. */
const CURSOR_CELL = 1;

export function promptLines(state: TuiState, paint: Paint): PromptLines {
  if (state.mode.kind !== "prompt") return { lines: [], cursor: 0 };
  const { purpose, editor } = state.mode;
  const { columns } = state.size;
  const label = purpose === "filter" ? " filter: " : " write to: ";
  const room = Math.max(1, columns - label.length - CURSOR_CELL);
  const { text, cells } = windowOf(editor, room);
  const shown = truncateEnd(label, Math.max(0, columns - 1));
  return {
    lines: [messageLine(state, editor, columns, paint), paint.title(shown) + truncateEnd(text, room)],
    cursor: Math.min(columns - 1, textWidth(shown) + cells),
  };
}

/** The part of the text around the cursor that fits, and the cells before the cursor in it. */
function windowOf({ text, cursor }: Editor, room: number): { readonly text: string; readonly cells: number } {
  const characters = splitCharacters(text);
  let start = 0;
  const widthTo = (end: number): number => textWidth(characters.slice(start, end).join(""));
  while (start < cursor && widthTo(cursor) > room) start++;
  let end = characters.length;
  while (end > cursor && widthTo(end) > room) end--;
  return { text: characters.slice(start, end).join(""), cells: widthTo(cursor) };
}

function messageLine(state: TuiState, editor: Editor, columns: number, paint: Paint): string {
  if (state.mode.kind !== "prompt") return "";
  if (state.mode.purpose === "save") {
    return paint.quiet(
      truncateEnd(" this snapshot, as `export --json` would; Enter writes, Esc does not", columns),
    );
  }
  const verdict = checkFilter(state, editor.text);
  if (!verdict.isFit) return paint.trouble(truncateEnd(` ${formatSafe(verdict.message)}`, columns));
  const words = completions(state);
  const hint =
    words.length > 0
      ? ` Tab completes: ${words.join(" ")}`
      : editor.text.trim() === ""
        ? " Enter shows all rows again; example: source.service:web* -destination.port:443"
        : " Enter asks, Esc does not, Up finds earlier filters";
  return paint.quiet(truncateEnd(formatSafe(hint), columns));
}
