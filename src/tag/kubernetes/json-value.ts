/** Reading of JSON that anybody may have written: every question has an answer of the right type or `null`. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function asObject(value: unknown): JsonObject | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

/** The objects among the first `max` elements; empty where there is no array. */
export function asObjects(value: unknown, max: number): JsonObject[] {
  if (!Array.isArray(value)) return [];
  return value
    .slice(0, max)
    .map(asObject)
    .filter((element) => element !== null);
}

/** Text of at most `maxLength` UTF-16 units that fits the form. */
export function asText(value: unknown, form: RegExp, maxLength: number): string | null {
  return typeof value === "string" && value.length <= maxLength && form.test(value) ? value : null;
}

/** A value, or `null` where the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
