import { join } from "node:path";
import { compileProgram } from "../../traffic/compile.ts";

/** Path of the compiled ask.c, which says what its words are. */
export function buildAsk(): string {
  return compileProgram([join(import.meta.dirname, "ask.c")]);
}
