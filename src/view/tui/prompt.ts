import { askQuestion, refuse } from "./ask.ts";
import { addToHistory, createEditor, type Editor, editLine, insertText } from "./editor.ts";
import { FIT, type Verdict } from "./question.ts";
import type { TuiState } from "./state.ts";

export function openFilter(state: TuiState): TuiState {
  if (state.question === null || state.port?.checkFilter == null) {
    return refuse(state, "no filter can be typed here; f and e choose rows, b what makes one");
  }
  const editor = createEditor(state.question.filter, state.filterHistory);
  return { ...state, mode: { kind: "prompt", purpose: "filter", editor } };
}

/** Asks for the name of a file. */
export function openSave(state: TuiState): TuiState {
  if (state.shown === null) return refuse(state, "there is no snapshot yet");
  const { host, end } = state.shown;
  const name = `npmon-${host.replace(/[^\w.-]+/g, "-").slice(0, 60)}-${end.replace(/\.\d+|[^\dTZ]/g, "")}.json`;
  return { ...state, mode: { kind: "prompt", purpose: "save", editor: createEditor(name) } };
}

export function pressInPrompt(state: TuiState, key: string): TuiState {
  if (state.mode.kind !== "prompt") return state;
  const { purpose, editor } = state.mode;
  if (key === "ctrl-c") return { ...state, isQuitting: true };
  if (key === "escape") return { ...state, mode: { kind: "table" } };
  if (key === "enter")
    return purpose === "filter" ? takeFilter(state, editor.text) : takePath(state, editor.text);
  const completed = key === "tab" && purpose === "filter" ? completeTag(editor, tagWords(state)) : null;
  return withEditor(state, completed ?? editLine(editor, key));
}

export function pasteInPrompt(state: TuiState, text: string): TuiState {
  if (state.mode.kind !== "prompt") return state;
  return withEditor(state, insertText(state.mode.editor, text.trim().replace(/\s+/g, " ")));
}

/** What is wrong with the filter as it stands; empty is no filter, which is fit. */
export function checkFilter({ port }: Pick<TuiState, "port">, text: string): Verdict {
  return text.trim() === "" || port?.checkFilter == null ? FIT : port.checkFilter(text);
}

/** Puts in what all the words that go on like the one before the cursor have in common. */
export function completeTag(editor: Editor, words: readonly string[]): Editor {
  const begun = wordBefore(editor);
  const fitting = words.filter((word) => word.startsWith(begun));
  const [first = "", ...others] = fitting;
  if (begun === "" || first === "") return editor;
  let common = first;
  for (const word of others) while (!word.startsWith(common)) common = common.slice(0, -1);
  return insertText(editor, common.slice(begun.length) + (others.length === 0 ? ":" : ""));
}

/** The words that {@link completeTag} chooses from for the one being typed; none while nothing is typed. */
export function completions(state: TuiState): readonly string[] {
  if (state.mode.kind !== "prompt" || state.mode.purpose !== "filter") return [];
  const begun = wordBefore(state.mode.editor);
  return begun === "" ? [] : tagWords(state).filter((word) => word.startsWith(begun) && word !== begun);
}

function withEditor(state: TuiState, editor: Editor | null): TuiState {
  if (editor === null || state.mode.kind !== "prompt") return state;
  return { ...state, mode: { ...state.mode, editor } };
}

function takeFilter(state: TuiState, text: string): TuiState {
  if (state.question === null || !checkFilter(state, text).isFit) return state;
  const filter = text.trim();
  const filterHistory = addToHistory(state.filterHistory, filter);
  const closed: TuiState = { ...state, filterHistory, mode: { kind: "table" } };
  return filter === state.question.filter ? closed : askQuestion(closed, { ...state.question, filter });
}

function takePath(state: TuiState, path: string): TuiState {
  const { shown } = state;
  if (path.trim() === "" || shown === null) return state;
  return {
    ...state,
    mode: { kind: "table" },
    effects: [{ type: "save", path: path.trim(), snapshot: shown }],
  };
}

/** The beginning of a tag at the cursor, where one can stand. */
function wordBefore({ text, cursor }: Editor): string {
  return /(?:^|[\s(-])([a-z][\w.-]*)$/i.exec([...text].slice(0, cursor).join(""))?.[1] ?? "";
}

function tagWords({ port }: TuiState): readonly string[] {
  const tags = port?.tags() ?? [];
  const ends = ["source", "destination", "client", "server"];
  return [...tags, ...ends.flatMap((end) => tags.map((tag) => `${end}.${tag}`))];
}
