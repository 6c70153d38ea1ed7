/**
 * Text with wildcards, and how text is compared: upper and lower case alike, because people type `web` for `Web`.
 * Comparing makes nothing, for it is done for every flow, and takes time by the lengths alone, whatever the text.
 */

/** `any`: any characters, also none (`*`); `one`: exactly one character (`?`). */
export type PatternPart =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "any" }
  | { readonly kind: "one" };

const ANY: PatternPart = Object.freeze({ kind: "any" });
const ONE: PatternPart = Object.freeze({ kind: "one" });

/** No name is longer; it bounds what looking for a pattern in somebody else's long text can cost. */
export const MAX_PATTERN_UNITS = 1_000;

/** Collects parts in the one way in which a pattern is written: neighbouring texts joined, `?` before `*`, one `*`. */
export class PatternBuilder {
  readonly #parts: PatternPart[] = [];
  #units = 0;

  /** UTF-16 units of text and wildcards. */
  get units(): number {
    return this.#units;
  }

  literal(text: string): void {
    if (text === "") return;
    const last = this.#parts.at(-1);
    this.#units += text.length;
    if (last?.kind === "literal") this.#parts.pop();
    const whole = last?.kind === "literal" ? last.text + text : text;
    this.#parts.push(Object.freeze({ kind: "literal", text: whole }));
  }

  any(): void {
    if (this.#parts.at(-1)?.kind === "any") return;
    this.#units++;
    this.#parts.push(ANY);
  }

  one(): void {
    this.#units++;
    const any = this.#parts.at(-1)?.kind === "any";
    if (any) this.#parts.pop();
    this.#parts.push(ONE);
    if (any) this.#parts.push(ANY);
  }

  /** Frozen. */
  build(): readonly PatternPart[] {
    return Object.freeze([...this.#parts]);
  }
}

/** Whether two texts are the same but for upper and lower case; `folded` is from {@link foldText}. */
export function equalsFolded(text: string, folded: string): boolean {
  if (text.length !== folded.length) return false;
  for (let at = 0; at < text.length; at++) {
    if (foldUnit(text.charCodeAt(at)) !== folded.charCodeAt(at)) return false;
  }
  return true;
}

export function foldText(text: string): string {
  let folded = "";
  for (let at = 0; at < text.length; at++) folded += String.fromCharCode(foldUnit(text.charCodeAt(at)));
  return folded;
}

const ANY_UNIT = -1;
const ONE_UNIT = -2;

/** The whole text must fit. */
export function compilePattern(parts: readonly PatternPart[]): (text: string) => boolean {
  const units: number[] = [];
  for (const part of parts) {
    if (part.kind === "any") units.push(ANY_UNIT);
    else if (part.kind === "one") units.push(ONE_UNIT);
    else for (let at = 0; at < part.text.length; at++) units.push(foldUnit(part.text.charCodeAt(at)));
  }
  const shortest = units.filter((unit) => unit !== ANY_UNIT).length;
  return (text) => text.length >= shortest && fits(units, text);
}

/** Goes back no further than to the last `*`, so there is no pattern that takes for ever. */
function fits(units: readonly number[], text: string): boolean {
  let unit = 0;
  let at = 0;
  let starUnit = -1;
  let starAt = 0;
  while (at < text.length) {
    const wanted = units[unit];
    if (wanted === ANY_UNIT) {
      starUnit = unit++;
      starAt = at;
    } else if (wanted === ONE_UNIT) {
      at += characterLength(text, at);
      unit++;
    } else if (wanted === foldUnit(text.charCodeAt(at))) {
      at++;
      unit++;
    } else if (starUnit >= 0) {
      unit = starUnit + 1;
      at = ++starAt;
    } else {
      return false;
    }
  }
  while (units[unit] === ANY_UNIT) unit++;
  return unit === units.length;
}

function characterLength(text: string, at: number): number {
  const isPair = (text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
  return isPair ? 2 : 1;
}

/** Lower case of the code units beyond ASCII, a page of 256 when first asked for. */
const PAGES: (Uint16Array | undefined)[] = [];

/** One UTF-16 unit in lower case; left alone where its lower case is longer. */
function foldUnit(unit: number): number {
  if (unit < 128) return unit >= 65 && unit <= 90 ? unit + 32 : unit;
  const page = PAGES[unit >> 8] ?? makePage(unit >> 8);
  return page[unit & 255] ?? unit;
}

function makePage(number: number): Uint16Array {
  const page = new Uint16Array(256);
  for (let low = 0; low < 256; low++) {
    const unit = (number << 8) | low;
    const lower = String.fromCharCode(unit).toLowerCase();
    page[low] = lower.length === 1 ? lower.charCodeAt(0) : unit;
  }
  PAGES[number] = page;
  return page;
}
