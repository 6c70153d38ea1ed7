import { LABEL_PREFIX } from "../../flow/tags.ts";
import { askQuestion, refuse } from "./ask.ts";
import { addToHistory, createEditor, type Editor, editLine, insertText, splitCharacters } from "./editor.ts";
import { FIT, type Verdict } from "./question.ts";
import type { TuiState } from "./state.ts";

export function openFilter(state: TuiState): TuiState {
  if (state.question === null || state.port?.checkFilter == null) {
    return refuse(state, "no filter can be typed here; f and e choose rows, b what makes one");
  }
  const editor = createEditor(state.question.filter, state.filterHistory);
  return { ...state, mode: { kind: "prompt", purpose: "filter", editor, isRefused: false } };
}

/** Asks for the name of a file. */
export function openSave(state: TuiState): TuiState {
  if (state.shown === null) return refuse(state, "there is no snapshot yet");
  const { host, end } = state.shown;
  const name = `npmon-${host.replace(/[^\w.-]+/g, "-").slice(0, 60)}-${end.replace(/\.\d+|[^\dTZ]/g, "")}.json`;
  return {
    ...state,
    mode: { kind: "prompt", purpose: "save", editor: createEditor(name), isRefused: false },
  };
}

export function pressInPrompt(state: TuiState, key: string): TuiState {
  if (state.mode.kind !== "prompt") return state;
  const { purpose, editor } = state.mode;
  if (key === "ctrl-c") return { ...state, isQuitting: true };
  if (key === "escape") return { ...state, mode: { kind: "table" } };
  if (key === "enter")
    return purpose === "filter" ? takeFilter(state, editor.text) : takePath(state, editor.text);
  if (key === "tab") return purpose === "filter" ? withEditor(state, complete(state, editor)) : state;
  return withEditor(state, editLine(editor, key));
}

export function pasteInPrompt(state: TuiState, text: string): TuiState {
  if (state.mode.kind !== "prompt") return state;
  return withEditor(state, insertText(state.mode.editor, text.trim().replace(/\s+/g, " ")));
}

/** What is wrong with the filter as it stands; empty is no filter, which is fit. */
export function checkFilter({ port }: Pick<TuiState, "port">, text: string): Verdict {
  return text.trim() === "" || port?.checkFilter == null ? FIT : port.checkFilter(text);
}

/** What can stand at the cursor of the filter being typed; `from` counts characters as a person does. */
export function completions(state: TuiState): {
  readonly from: number;
  readonly candidates: readonly string[];
} {
  const complete = state.port?.completeFilter ?? null;
  if (complete === null || state.mode.kind !== "prompt" || state.mode.purpose !== "filter") {
    return { from: 0, candidates: [] };
  }
  const { text, cursor } = state.mode.editor;
  const before = splitCharacters(text).slice(0, cursor).join("");
  const { from, candidates } = complete(text, before.length, (tag) => valuesOnScreen(state, tag));
  return { from: splitCharacters(text.slice(0, from)).length, candidates };
}

/** Puts in what all the words that can stand at the cursor begin with. */
function complete(state: TuiState, editor: Editor): Editor {
  const { from, candidates } = completions(state);
  const [first, ...others] = candidates;
  if (first === undefined) return editor;
  let common = first;
  for (const word of others) while (!word.startsWith(common)) common = common.slice(0, -1);
  const typed = splitCharacters(editor.text).slice(from, editor.cursor).join("");
  return common.length < typed.length ? editor : insertText(removeBack(editor, editor.cursor - from), common);
}

function removeBack(editor: Editor, count: number): Editor {
  let shorter = editor;
  for (let index = 0; index < count; index++) shorter = editLine(shorter, "backspace") ?? shorter;
  return shorter;
}

/** Rows looked at for values, and values taken from them. */
const MAX_ROWS = 2000;
const MAX_VALUES = 200;

function valuesOnScreen({ shown, port }: TuiState, tag: string): readonly string[] {
  if (tag === LABEL_PREFIX) {
    return (port?.tags() ?? [])
      .filter((name) => name.startsWith(LABEL_PREFIX))
      .map((name) => name.slice(LABEL_PREFIX.length));
  }
  const values = new Set<string>();
  for (const { source, destination, client, server } of shown?.flows.slice(0, MAX_ROWS) ?? []) {
    for (const end of [source, destination, client, server]) {
      const value = end !== undefined && Object.hasOwn(end, tag) ? end[tag] : null;
      if (value != null) values.add(String(value));
    }
    if (values.size >= MAX_VALUES) break;
  }
  return [...values];
}

function withEditor(state: TuiState, editor: Editor | null): TuiState {
  if (editor === null || state.mode.kind !== "prompt") return state;
  return { ...state, mode: { ...state.mode, editor, isRefused: false } };
}

function takeFilter(state: TuiState, text: string): TuiState {
  if (state.question === null || state.mode.kind !== "prompt") return state;
  if (!checkFilter(state, text).isFit) return { ...state, mode: { ...state.mode, isRefused: true } };
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
