/** What a key asks for while the table has the keyboard. */
export type Command =
  | "quit"
  | "help"
  | "up"
  | "down"
  | "page-up"
  | "page-down"
  | "top"
  | "bottom"
  | "drill"
  | "back"
  | "detail"
  | "filter"
  | "only-row"
  | "not-row"
  | "group-by"
  | "names"
  | "next-sort"
  | "reverse-sort"
  | "freeze"
  | "pause"
  | "measure"
  | "units"
  | "slower"
  | "faster"
  | "step-back"
  | "step"
  | "save"
  | "mouse";

/** `live` and `replay`: only then is it offered. */
type When = "always" | "live" | "replay";

interface Binding {
  readonly command: Command;
  /** As {@link decodeInput} names them. */
  readonly keys: readonly string[];
  readonly when: When;
  /** For the key line: shown key and word; absent where the help screen is enough. */
  readonly hint?: string;
  /** For the help screen: keys and what they do; absent where the line before says it. */
  readonly help?: readonly [keys: string, meaning: string];
}

/** The one table of keys, in the order in which they are offered. */
export const BINDINGS: readonly Binding[] = [
  {
    command: "quit",
    keys: ["q", "ctrl-c"],
    when: "always",
    hint: "q quit",
    help: ["q", "quit (also Ctrl-C); Ctrl-Z puts npmon to sleep"],
  },
  { command: "help", keys: ["?", "h"], when: "always", hint: "? help", help: ["? h", "this help, or back"] },
  {
    command: "drill",
    keys: ["enter"],
    when: "always",
    hint: "Enter into",
    help: ["Enter", "into the row: its processes, then its flows"],
  },
  { command: "back", keys: ["escape"], when: "always", help: ["Esc", "back to what was asked before"] },
  {
    command: "filter",
    keys: ["/"],
    when: "always",
    hint: "/ filter",
    help: ["/", "type a filter; Up and Down find earlier ones"],
  },
  {
    command: "group-by",
    keys: ["b"],
    when: "always",
    hint: "b group by",
    help: ["b", "choose the tags that make a row"],
  },
  {
    command: "detail",
    keys: ["tab"],
    when: "always",
    hint: "Tab detail",
    help: ["Tab", "the row's past, round trips, failures and peers"],
  },
  {
    command: "pause",
    keys: ["space", "p"],
    when: "always",
    hint: "Space pause",
    help: ["Space", "hold the screen still, or go on"],
  },
  {
    command: "step",
    keys: [".", "right"],
    when: "replay",
    hint: ". , step",
    help: [". ,", "one snapshot on or back (also Right, Left)"],
  },
  { command: "step-back", keys: [",", "left"], when: "replay" },
  {
    command: "faster",
    keys: ["+", "="],
    when: "replay",
    hint: "+ - speed",
    help: ["+ -", "play faster or slower"],
  },
  {
    command: "next-sort",
    keys: ["s"],
    when: "always",
    hint: "s sort",
    help: ["s S 1-9", "sort by the next column, reverse, by that column"],
  },
  { command: "reverse-sort", keys: ["S"], when: "always" },
  {
    command: "freeze",
    keys: ["o"],
    when: "always",
    hint: "o freeze",
    help: ["o", "freeze the order: rows stay where they are"],
  },
  {
    command: "measure",
    keys: ["t"],
    when: "always",
    hint: "t measure",
    help: ["t", "bandwidth, throughput of the window, total"],
  },
  {
    command: "units",
    keys: ["u"],
    when: "always",
    hint: "u units",
    help: ["u", "units: IEC bytes, bits, exact bytes"],
  },
  { command: "only-row", keys: ["f"], when: "always", help: ["f e", "only this row; all but this row"] },
  { command: "not-row", keys: ["e"], when: "always" },
  { command: "names", keys: ["n"], when: "always", help: ["n", "addresses instead of names, and back"] },
  { command: "slower", keys: ["+", "="], when: "live", help: ["+ -", "longer or shorter interval"] },
  { command: "faster", keys: ["-", "_"], when: "live" },
  { command: "slower", keys: ["-", "_"], when: "replay" },
  { command: "save", keys: ["w"], when: "always", help: ["w", "write this snapshot to a file"] },
  {
    command: "up",
    keys: ["up", "k", "ctrl-p"],
    when: "always",
    help: ["Up Down", "select a row (also k, j, wheel); it is followed"],
  },
  { command: "down", keys: ["down", "j", "ctrl-n"], when: "always" },
  {
    command: "page-up",
    keys: ["pageup", "ctrl-b"],
    when: "always",
    help: ["PgUp PgDn", "a screen of rows up or down"],
  },
  { command: "page-down", keys: ["pagedown", "ctrl-f"], when: "always" },
  {
    command: "top",
    keys: ["g", "home"],
    when: "always",
    help: ["g G", "first or last row (also Home and End)"],
  },
  { command: "bottom", keys: ["G", "end"], when: "always" },
  {
    command: "mouse",
    keys: ["m"],
    when: "always",
    help: ["m", "mouse on or off; on, Shift selects text"],
  },
];

/** Those that there are, live or in a recording. */
export function bindingsFor(isReplay: boolean): readonly Binding[] {
  return BINDINGS.filter(({ when }) => when === "always" || (when === "replay") === isReplay);
}

/** The command of a key, or `null`. */
export function keyCommand(key: string, isReplay: boolean): Command | null {
  return bindingsFor(isReplay).find(({ keys }) => keys.includes(key))?.command ?? null;
}
