import { StringDecoder } from "node:string_decoder";
import type { ReadStream } from "node:tty";
import { decodeInput, type Input } from "./input.ts";

/** When nothing came after an ESC for so long, ms, it was the key and not the beginning of a sequence. */
const ESCAPE_MS = 50;

/** Hands over what a person does at the terminal, until it is closed. */
export function openKeyboard(
  stdin: ReadStream,
  onInput: (input: Input) => void,
): { readonly close: () => void } {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let timer: NodeJS.Timeout | undefined;

  const take = (text: string, isComplete: boolean): void => {
    clearTimeout(timer);
    const decoded = decodeInput(rest + text, isComplete);
    rest = decoded.rest;
    if (rest !== "") timer = setTimeout(take, ESCAPE_MS, "", true);
    for (const input of decoded.inputs) onInput(input);
  };
  const onData = (chunk: Buffer | string): void =>
    take(typeof chunk === "string" ? chunk : decoder.write(chunk), false);

  stdin.on("data", onData);
  stdin.resume();
  return {
    close: () => {
      clearTimeout(timer);
      stdin.off("data", onData);
    },
  };
}
