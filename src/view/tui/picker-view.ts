import type { Paint } from "../paint.ts";
import { fitText, formatSafe, truncateEnd } from "../text.ts";
import { bodyHeight } from "./geometry.ts";
import { isOfFlow, type Picker, pickedGroupBy, shownTags, UNGROUPED } from "./picker.ts";
import type { TuiState } from "./state.ts";

/** Lines above the tags: what this is, and what would be taken. */
const TOP_LINES = 3;
const TAG_WIDTH = 24;

/** Line of the body on which the first tag of all would stand, so that a cell can be turned into a tag. */
export function pickerTop(state: TuiState): number {
  return state.mode.kind === "picker" ? scrollOf(state.mode.picker, bodyHeight(state)) - TOP_LINES : 0;
}

/** The tags, which of them are chosen, and what that comes to. */
export function pickerLines(state: TuiState, height: number, paint: Paint): readonly string[] {
  if (state.mode.kind !== "picker") return [];
  const { picker } = state.mode;
  const { columns } = state.size;
  const scroll = scrollOf(picker, height);
  const tags = shownTags(picker);
  const room = Math.max(0, height - TOP_LINES);
  const lines = tags.slice(scroll, scroll + room).map((tag, index) => {
    const line = fitText(tagLine(picker, tag, scroll + index === picker.cursor), columns, "left");
    return scroll + index === picker.cursor ? paint.selected(line) : line.trimEnd();
  });
  const narrowed = picker.narrow === "" ? "" : `  only tags with "${picker.narrow}"`;
  const more =
    tags.length > room ? `  ${scroll + 1}-${Math.min(tags.length, scroll + room)} of ${tags.length}` : "";
  return [
    paint.heading(truncateEnd(` Group by ${ends(picker).join(" and ")}${narrowed}${more}`, columns)),
    truncateEnd(` Enter takes: ${formatSafe(pickedGroupBy(picker).join(", "))}`, columns),
    "",
    ...lines,
  ];
}

function tagLine(picker: Picker, tag: string, isUnderCursor: boolean): string {
  const place = picker.chosen.findIndex((choice) => choice.tag === tag);
  const choice = picker.chosen[place];
  const [first = "", second = ""] = ends(picker);
  const which =
    choice === undefined
      ? ""
      : isOfFlow(tag)
        ? "yes"
        : choice.ends === "both"
          ? `${first} and ${second}`
          : choice.ends === "first"
            ? first
            : second;
  const meaning = tag === UNGROUPED ? "every flow by itself" : isOfFlow(tag) ? "of the flow" : "";
  const number = choice === undefined ? "[ ]" : `[${place + 1}]`;
  return `${isUnderCursor ? ">" : " "} ${number} ${fitText(formatSafe(tag), TAG_WIDTH, "left")} ${which === "" ? meaning : which}`;
}

function ends({ isByRole }: Picker): readonly string[] {
  return isByRole ? ["client", "server"] : ["source", "destination"];
}

/** Scrolled as little as shows the cursor. */
function scrollOf(picker: Picker, height: number): number {
  const room = Math.max(1, height - TOP_LINES);
  return Math.max(0, picker.cursor - room + 1);
}
