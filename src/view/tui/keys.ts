/** What a key asks for. Later prompts and pickers bind their own keys; these hold while the table has the keyboard. */
export type Command =
  | "quit"
  | "up"
  | "down"
  | "page-up"
  | "page-down"
  | "top"
  | "bottom"
  | "next-sort"
  | "reverse-sort"
  | "pause"
  | "units"
  | "help"
  | "close";

interface Binding {
  readonly command: Command;
  /** As {@link keyName} gives them. */
  readonly keys: readonly string[];
  /** For the key line: shown key and word; absent where the help screen is enough. */
  readonly hint?: string;
  readonly help: string;
}

/** The one table of keys, in the order in which they are offered. */
export const BINDINGS: readonly Binding[] = [
  {
    command: "quit",
    keys: ["q", "ctrl-c"],
    hint: "q quit",
    help: "q          quit (also Ctrl-C); Ctrl-Z puts npmon to sleep",
  },
  { command: "help", keys: ["?", "h"], hint: "? help", help: "?          this help, or back" },
  {
    command: "next-sort",
    keys: ["s"],
    hint: "s sort",
    help: "s S        sort by the next column, reverse the order",
  },
  {
    command: "pause",
    keys: ["space", "p"],
    hint: "Space pause",
    help: "Space      hold the screen still, or go on",
  },
  { command: "reverse-sort", keys: ["S"], hint: "S reverse", help: "" },
  { command: "units", keys: ["u"], hint: "u units", help: "u          units: IEC bytes, bits, exact bytes" },
  { command: "up", keys: ["up", "k"], help: "Up Down    select a row (also k and j); it is followed" },
  { command: "down", keys: ["down", "j"], help: "" },
  { command: "page-up", keys: ["pageup", "ctrl-b"], help: "PgUp PgDn  a screen of rows up or down" },
  { command: "page-down", keys: ["pagedown", "ctrl-f"], help: "" },
  { command: "top", keys: ["g", "home"], help: "g G        first or last row (also Home and End)" },
  { command: "bottom", keys: ["G", "end"], help: "" },
  { command: "close", keys: ["escape"], help: "" },
];

/** A key press as node:readline reports it. */
export interface KeyPress {
  readonly sequence?: string | undefined;
  readonly name?: string | undefined;
  readonly ctrl?: boolean | undefined;
  readonly meta?: boolean | undefined;
  readonly shift?: boolean | undefined;
}

/** `q`, `G`, `ctrl-c`, `pageup`: one spelling for each key; empty for what is not a key of ours. */
export function keyName(press: KeyPress): string {
  const { sequence = "", name = "" } = press;
  if (press.meta === true && name !== "escape") return "";
  if (press.ctrl === true) return `ctrl-${name}`;
  // A printable character stands for itself, so that upper case and `?` need no table.
  return /^[!-~]$/.test(sequence) ? sequence : name;
}

/** The command of a key, or `null`. */
export function keyCommand(key: string): Command | null {
  return BINDINGS.find(({ keys }) => keys.includes(key))?.command ?? null;
}
