/** Texts and sets of labels remembered for sharing. When full it starts anew: that only costs sharing. */
const MAX_TEXTS = 65_536;
const MAX_LABEL_SETS = 8_192;

/** Gives equal values as one object, so that a hundred pods of one workload cost its names and labels once. */
export class Interner {
  readonly #texts = new Map<string, string>();
  readonly #labels = new Map<string, Readonly<Record<string, string>>>();

  text(text: string): string {
    const known = this.#texts.get(text);
    if (known !== undefined) return known;
    if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
    this.#texts.set(text, text);
    return text;
  }

  /** A frozen object without prototype: a label may be called `constructor`. */
  labels(entries: readonly (readonly [key: string, value: string])[]): Readonly<Record<string, string>> {
    const key = entries.map(([name, value]) => `${name}=${value}`).join();
    const known = this.#labels.get(key);
    if (known !== undefined) return known;
    if (this.#labels.size >= MAX_LABEL_SETS) this.#labels.clear();
    const labels: Record<string, string> = Object.create(null);
    for (const [name, value] of entries) labels[name] = value;
    this.#labels.set(key, Object.freeze(labels));
    return labels;
  }
}
