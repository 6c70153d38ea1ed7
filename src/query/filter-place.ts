/** What is being typed at the end of an unfinished filter. `from`: where it begins, in UTF-16 units from 0. */
export type FilterPlace =
  /** The name of a tag or measure, or a word; `follows`: there is a term before it. */
  | { readonly kind: "name"; readonly from: number; readonly follows: boolean }
  /** A value of the tag or measure called `name`. */
  | { readonly kind: "value"; readonly from: number; readonly name: string }
  /** What stands between two values in brackets. */
  | { readonly kind: "operator"; readonly from: number }
  /** Inside a range. */
  | { readonly kind: "nowhere"; readonly from: number };

/** Reads over whatever was typed, sense or no sense, once and from left to right. */
export function findFilterPlace(typed: string): FilterPlace {
  const walk = new Walk(typed);
  for (let at = 0; at < typed.length; at++) at = walk.step(at);
  return walk.place();
}

class Walk {
  readonly #text: string;
  /** Where the name of this term begins, and its value if there is one. */
  #termAt = 0;
  #colonAt = -1;
  #itemAt = 0;
  /** In the brackets of a list of values, and whether what came last in it was one. */
  #inList = false;
  #followsValue = false;
  #inRange = false;
  #followsTerm = false;

  constructor(text: string) {
    this.#text = text;
  }

  /** @returns where the character, or all that was between quotes, ends */
  step(at: number): number {
    const unit = this.#text[at] ?? "";
    if (unit === '"' || (unit === "'" && at === this.#start)) return this.#endOfQuoted(at, unit);
    if (this.#inRange) this.#inRange = unit !== "]";
    else if (this.#colonAt < 0) this.#stepInName(at, unit);
    else if (this.#inList) this.#stepInList(at, unit);
    else this.#stepInValue(at, unit);
    return at;
  }

  place(): FilterPlace {
    if (this.#inRange) return { kind: "nowhere", from: this.#itemAt };
    if (this.#colonAt < 0) return { kind: "name", from: this.#termAt, follows: this.#followsTerm };
    if (this.#inList && this.#followsValue) return { kind: "operator", from: this.#itemAt };
    return { kind: "value", from: this.#itemAt, name: this.#text.slice(this.#termAt, this.#colonAt) };
  }

  get #start(): number {
    return this.#colonAt < 0 ? this.#termAt : this.#itemAt;
  }

  #stepInName(at: number, unit: string): void {
    if (/[\s()]/.test(unit)) this.#endTerm(at, unit);
    else if (unit === "-" && at === this.#termAt) this.#termAt = at + 1;
    else if (unit === ":") {
      this.#colonAt = at;
      this.#itemAt = at + 1;
    }
  }

  #stepInValue(at: number, unit: string): void {
    if (unit === "(" && at === this.#itemAt) {
      this.#inList = true;
      this.#followsValue = false;
      this.#itemAt = at + 1;
    } else if (unit === "[" && at === this.#itemAt) this.#inRange = true;
    else if (/[\s()]/.test(unit)) this.#endTerm(at, unit);
    else if (unit === ",") this.#itemAt = at + 1;
  }

  #stepInList(at: number, unit: string): void {
    if (unit === ")") this.#endTerm(at, unit);
    else if (unit === "[" && at === this.#itemAt) this.#inRange = true;
    else if (unit === "," || /\s/.test(unit)) {
      const word = this.#text.slice(this.#itemAt, at);
      if (unit === "," || word === "OR") this.#followsValue = false;
      else if (word !== "") this.#followsValue = true;
      this.#itemAt = at + 1;
    }
  }

  #endTerm(at: number, unit: string): void {
    const word = this.#text.slice(this.#termAt, at);
    if (unit === "(") this.#followsTerm = false;
    else if (word !== "") this.#followsTerm = !["AND", "OR", "NOT"].includes(word);
    else if (unit === ")") this.#followsTerm = true;
    this.#termAt = at + 1;
    this.#colonAt = -1;
    this.#inList = false;
  }

  /** The quote at `at` is closed, or the text ends in it. */
  #endOfQuoted(at: number, quote: string): number {
    for (let end = at + 1; end < this.#text.length; end++) {
      if (this.#text[end] === "\\") end++;
      else if (this.#text[end] === quote) return end;
    }
    return this.#text.length;
  }
}
