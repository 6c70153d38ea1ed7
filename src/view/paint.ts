import { Chalk } from "chalk";

/** Colours by meaning. What a colour says is always written as well, so nothing is lost without them. */
export interface Paint {
  readonly title: (text: string) => string;
  readonly heading: (text: string) => string;
  /** There, but nothing to look at: zeros, absent values, hints. */
  readonly quiet: (text: string) => string;
  /** Worth a look: retransmits, failures, losses. */
  readonly trouble: (text: string) => string;
  readonly selected: (text: string) => string;
}

/** Sixteen-colour escapes when `color`, else the text as it is. Whether to colour is the caller's to decide. */
export function createPaint(color: boolean): Paint {
  const chalk = new Chalk({ level: color ? 1 : 0 });
  return {
    title: (text) => chalk.bold(text),
    heading: (text) => chalk.bold.cyan(text),
    quiet: (text) => chalk.dim(text),
    trouble: (text) => chalk.bold.red(text),
    selected: (text) => chalk.inverse(text),
  };
}
