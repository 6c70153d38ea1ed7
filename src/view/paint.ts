import { Chalk } from "chalk";

/** Colours that the terminal has: none wanted, the sixteen of its own choice, or 256 of known brightness. */
export type ColorDepth = 0 | 16 | 256;

/** Styles by meaning. What a colour says is always written as well, so nothing is lost without them. */
export interface Paint {
  readonly title: (text: string) => string;
  readonly heading: (text: string) => string;
  /** There, but nothing to look at: zeros, absent values, hints. */
  readonly quiet: (text: string) => string;
  /** Worth a look: retransmits, failures, losses. */
  readonly trouble: (text: string) => string;
  readonly selected: (text: string) => string;
  /** Bars of what went out and of what came in. */
  readonly sent: (text: string) => string;
  readonly received: (text: string) => string;
  /** A row that came a moment ago. */
  readonly fresh: (text: string) => string;
  /** A name, in a colour that it keeps wherever it stands. */
  readonly name: (text: string, name: string) => string;
}

/**
 * Of the 256 colours those of middle brightness: at least 3.7 to 1 against black and against white, so they read on
 * either background. Told apart by blue against yellow, which most who confuse colours see.
 */
const BLUE = 32;
const ORANGE = 166;
const TEAL = 29;
const RED = 160;
const NAMES = [32, 130, 133, 29, 62, 166, 31, 64] as const;

/** Whether and how to colour is the caller's to decide. */
export function createPaint(depth: ColorDepth): Paint {
  const chalk = new Chalk({ level: depth === 0 ? 0 : depth === 16 ? 1 : 2 });
  const isRich = depth === 256;
  const asIs = (text: string): string => text;
  return {
    title: (text) => chalk.bold(text),
    heading: isRich ? (text) => chalk.bold.ansi256(31)(text) : (text) => chalk.bold.cyan(text),
    quiet: (text) => chalk.dim(text),
    trouble: isRich ? (text) => chalk.bold.ansi256(RED)(text) : (text) => chalk.bold.red(text),
    selected: (text) => chalk.inverse(text),
    sent: isRich ? (text) => chalk.ansi256(BLUE)(text) : asIs,
    received: isRich ? (text) => chalk.ansi256(ORANGE)(text) : asIs,
    fresh: isRich ? (text) => chalk.bold.ansi256(TEAL)(text) : (text) => chalk.bold(text),
    name: isRich ? (text, name) => chalk.ansi256(NAMES[hash(name) % NAMES.length] ?? BLUE)(text) : asIs,
  };
}

/** How many colours the terminal says it has. @param isWanted no flag and no NO_COLOR speaks against them */
export function colorDepth(isWanted: boolean, env: Readonly<Record<string, string | undefined>>): ColorDepth {
  if (!isWanted) return 0;
  const isRich = /256color|direct/.test(env.TERM ?? "") || (env.COLORTERM ?? "") !== "";
  return isRich ? 256 : 16;
}

/** FNV-1a over UTF-16 units: spreads short names well, and is the same in every run. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return value >>> 0;
}
