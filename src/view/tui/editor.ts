import { formatSafe } from "../text.ts";

/** One line of text being typed. */
export interface Editor {
  readonly text: string;
  /** Characters (as a person counts them) before the cursor. */
  readonly cursor: number;
  /** Lines entered before, the newest last. */
  readonly history: readonly string[];
  /** Index into `history`; its length while the line is a new one. */
  readonly place: number;
  /** The new line, while an old one is looked at. */
  readonly draft: string;
}

/** Enough for every filter; a paste must not fill memory. */
const MAX_CHARACTERS = 2000;
export const MAX_HISTORY = 100;

const segmenter = new Intl.Segmenter();

/** As a person counts them: a letter with its marks is one. */
export function splitCharacters(text: string): readonly string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

export function createEditor(text: string, history: readonly string[] = []): Editor {
  return { text, cursor: splitCharacters(text).length, history, place: history.length, draft: text };
}

/** Puts text in at the cursor. What a terminal would obey is written as an escape. */
export function insertText(editor: Editor, typed: string): Editor {
  const characters = splitCharacters(editor.text);
  const room = Math.max(0, MAX_CHARACTERS - characters.length);
  const added = splitCharacters(formatSafe(typed)).slice(0, room).join("");
  const before = characters.slice(0, editor.cursor).join("") + added;
  return withText(editor, before + characters.slice(editor.cursor).join(""), splitCharacters(before).length);
}

/** What a key does to the line; `null` for one that means nothing here. */
export function editLine(editor: Editor, key: string): Editor | null {
  const { cursor } = editor;
  const characters = splitCharacters(editor.text);
  const end = characters.length;
  switch (key) {
    case "left":
    case "ctrl-b":
      return { ...editor, cursor: Math.max(0, cursor - 1) };
    case "right":
    case "ctrl-f":
      return { ...editor, cursor: Math.min(end, cursor + 1) };
    case "home":
    case "ctrl-a":
      return { ...editor, cursor: 0 };
    case "end":
    case "ctrl-e":
      return { ...editor, cursor: end };
    case "backspace":
    case "ctrl-h":
      return without(editor, characters, cursor - 1, cursor);
    case "delete":
    case "ctrl-d":
      return without(editor, characters, cursor, cursor + 1);
    case "ctrl-w":
      return without(editor, characters, startOfWord(characters, cursor), cursor);
    case "ctrl-u":
      return without(editor, characters, 0, cursor);
    case "ctrl-k":
      return without(editor, characters, cursor, end);
    case "up":
    case "ctrl-p":
      return recall(editor, editor.place - 1);
    case "down":
    case "ctrl-n":
      return recall(editor, editor.place + 1);
    case "space":
      return insertText(editor, " ");
    default:
      return splitCharacters(key).length === 1 ? insertText(editor, key) : null;
  }
}

/** The history with one more line; the same line is not kept twice. */
export function addToHistory(history: readonly string[], text: string): readonly string[] {
  if (text.trim() === "") return history;
  return [...history.filter((line) => line !== text), text].slice(-MAX_HISTORY);
}

function withText(editor: Editor, text: string, cursor: number): Editor {
  return { ...editor, text, cursor, place: editor.history.length, draft: text };
}

function without(editor: Editor, characters: readonly string[], from: number, to: number): Editor {
  const start = Math.max(0, from);
  const text = [...characters.slice(0, start), ...characters.slice(to)].join("");
  return withText(editor, text, start);
}

function startOfWord(characters: readonly string[], cursor: number): number {
  let start = cursor;
  while (start > 0 && characters[start - 1] === " ") start--;
  while (start > 0 && characters[start - 1] !== " ") start--;
  return start;
}

function recall(editor: Editor, place: number): Editor {
  const { history, draft } = editor;
  if (place < 0 || place > history.length) return editor;
  const text = history[place] ?? draft;
  return { ...editor, text, cursor: splitCharacters(text).length, place };
}
