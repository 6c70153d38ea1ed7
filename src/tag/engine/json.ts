/** True for `{…}`; arrays and null are none. What it inherits must not be asked for: keys are an engine's choice. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Text cut to `maxCharacters` UTF-16 units, or null when it is none. */
export function textOf(value: unknown, maxCharacters: number): string | null {
  if (typeof value !== "string") return null;
  if (value.length <= maxCharacters) return value;
  // A slice would keep the whole text in memory behind it; half a surrogate pair at its end becomes U+FFFD.
  return Buffer.from(value.slice(0, maxCharacters), "utf8").toString("utf8");
}

/** The value of JSON text, or undefined when it is none. Keys such as `__proto__` are ordinary own properties of it. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
