/** What a person does: presses a key, points at a cell, or pastes text. */
export type Input =
  | { readonly type: "key"; readonly key: string }
  | {
      readonly type: "mouse";
      readonly button: "left" | "wheel-up" | "wheel-down";
      /** Cell of the screen, from 0. */
      readonly column: number;
      readonly row: number;
    }
  | { readonly type: "paste"; readonly text: string };

export interface Decoded {
  readonly inputs: readonly Input[];
  /** The beginning of a sequence whose end has not come; hand it over with what comes next. */
  readonly rest: string;
}

const PASTE_BEGIN = "\x1b[200~";
const PASTE_END = "\x1b[201~";

/** Terminals that do not know the SGR form of the mouse protocol send this and three characters. */
const OLD_MOUSE = "\x1b[M";
const OLD_MOUSE_LENGTH = OLD_MOUSE.length + 3;

/** No sequence that a terminal sends is longer; what is, is not one. */
const MAX_SEQUENCE = 64;
/** A paste without an end must not fill memory. */
const MAX_PASTE = 100_000;

/** A control sequence (ECMA-48): parameters, intermediates, final. SS3 with its one character. Or just its beginning. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: this is what terminals send
const SEQUENCE = /^\x1b(?:\[(?<parameters>[0-?]*)[ -/]*(?<final>[@-~])|O(?<single>[ -~]))/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: this is what terminals send
const BEGUN = /^\x1b(?:\[[0-?]*[ -/]*|O)?$/;

/** By the final character of `ESC [ … X` and `ESC O X`. */
const FINALS: Readonly<Record<string, string>> = {
  A: "up",
  B: "down",
  C: "right",
  D: "left",
  H: "home",
  F: "end",
  Z: "shift-tab",
};

/** Of the number pad, by the character after `ESC O`. */
const KEYPAD: Readonly<Record<string, string>> = { ...FINALS, M: "enter" };

/** By the number of `ESC [ N ~`. */
const NUMBERS: Readonly<Record<string, string>> = {
  "1": "home",
  "3": "delete",
  "4": "end",
  "5": "pageup",
  "6": "pagedown",
  "7": "home",
  "8": "end",
};

const CONTROLS: Readonly<Record<string, string>> = {
  "\t": "tab",
  "\r": "enter",
  "\n": "enter",
  "\x7f": "backspace",
  " ": "space",
};

/** Wheel buttons of the SGR mouse protocol, and the left one; bits for shift, meta and ctrl are left out before. */
const BUTTONS: Readonly<Record<number, "left" | "wheel-up" | "wheel-down">> = {
  0: "left",
  64: "wheel-up",
  65: "wheel-down",
};

/**
 * Turns what a terminal sent, after what was left over, into what was done. What is no key of ours is skipped whole.
 *
 * @param isComplete nothing more will come for now: a lone ESC is the key of that name
 */
export function decodeInput(sent: string, isComplete = false): Decoded {
  const inputs: Input[] = [];
  let left = sent;
  while (left !== "") {
    if (left.startsWith(PASTE_BEGIN)) {
      const end = left.indexOf(PASTE_END);
      if (end < 0 && !isComplete && left.length < MAX_PASTE) return { inputs, rest: left };
      const text = left.slice(PASTE_BEGIN.length, end < 0 ? MAX_PASTE : end);
      inputs.push({ type: "paste", text });
      left = end < 0 ? "" : left.slice(end + PASTE_END.length);
    } else if (left.startsWith(OLD_MOUSE)) {
      if (left.length < OLD_MOUSE_LENGTH && !isComplete) return { inputs, rest: left };
      const [code = 0, column = 0, row = 0] = [...left.slice(OLD_MOUSE.length)].map(
        (c) => c.charCodeAt(0) - 32,
      );
      const input = toMouse(code, column, row);
      if (input !== null && left.length >= OLD_MOUSE_LENGTH) inputs.push(input);
      left = left.slice(OLD_MOUSE_LENGTH);
    } else if (left.startsWith("\x1b")) {
      const sequence = SEQUENCE.exec(left);
      if (sequence !== null) {
        const input = readSequence(sequence.groups ?? {});
        if (input !== null) inputs.push(input);
        left = left.slice(sequence[0].length);
      } else if (BEGUN.test(left) && left.length < MAX_SEQUENCE && !isComplete) {
        return { inputs, rest: left };
      } else {
        left = skipEscape(left, inputs);
      }
    } else {
      const character = String.fromCodePoint(left.codePointAt(0) ?? 0);
      const key = characterKey(character);
      if (key !== null) inputs.push({ type: "key", key });
      left = left.slice(character.length);
    }
  }
  return { inputs, rest: "" };
}

/** ESC and then no sequence: the key alone or twice, or Alt with another key, which is none of ours. */
function skipEscape(left: string, inputs: Input[]): string {
  const next = left.codePointAt(1);
  // A key that is no character is none with Alt: it was pressed right after Esc, and the two came together.
  if (next === undefined || next < 0x20 || next === 0x7f) {
    inputs.push({ type: "key", key: "escape" });
    return left.slice(1);
  }
  if (left.startsWith("\x1b[")) {
    // Cut short or too long to be anything.
    return left.slice(MAX_SEQUENCE);
  }
  return left.slice(1 + String.fromCodePoint(next).length);
}

function characterKey(character: string): string | null {
  const named = CONTROLS[character];
  if (named !== undefined) return named;
  const code = character.codePointAt(0) ?? 0;
  if (code >= 1 && code <= 26) return `ctrl-${String.fromCharCode(code + 96)}`;
  return code < 32 || (code >= 0x7f && code < 0xa0) ? null : character;
}

function readSequence({
  parameters = "",
  final,
  single,
}: Readonly<Record<string, string | undefined>>): Input | null {
  if (parameters.startsWith("<")) return final === "M" ? readMouse(parameters.slice(1)) : null;
  const [number = ""] = parameters.split(";");
  const key = final === "~" ? NUMBERS[number] : single !== undefined ? KEYPAD[single] : FINALS[final ?? ""];
  return key === undefined ? null : { type: "key", key };
}

function readMouse(parameters: string): Input | null {
  const [code = 0, column = 0, row = 0] = parameters.split(";").map(Number);
  return toMouse(code, column, row);
}

/** Column and row from 1. */
function toMouse(code: number, column: number, row: number): Input | null {
  const button = BUTTONS[code & ~0b11100];
  if (button === undefined || column < 1 || row < 1) return null;
  return { type: "mouse", button, column: column - 1, row: row - 1 };
}
