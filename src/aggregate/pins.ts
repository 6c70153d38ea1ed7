import { formatTagRef, type TagRef, type TagValue } from "../flow/tags.ts";

/** Only what has all these values counts, or, when excluded, all but that. What is not known is `null` and equals itself. */
export interface Pin {
  readonly values: readonly { readonly ref: TagRef; readonly value: TagValue }[];
  readonly isExcluded: boolean;
}

/** Whether something counts whose tags `tagOf` gives. */
export function matchesPins(pins: readonly Pin[], tagOf: (ref: TagRef) => TagValue): boolean {
  return pins.every(({ values, isExcluded }) => {
    const has = values.every(({ ref, value }) => tagOf(ref) === value);
    return has !== isExcluded;
  });
}

/** In words, in the manner of filters: `source.service:web -(destination.service:N/A)`; empty without pins. */
export function formatPins(pins: readonly Pin[]): string {
  return pins
    .map(({ values, isExcluded }) => {
      const terms = values.map(({ ref, value }) => `${formatTagRef(ref)}:${formatValue(value)}`).join(" ");
      return isExcluded ? `-(${terms})` : terms;
    })
    .join(" ");
}

function formatValue(value: TagValue): string {
  if (value === null) return "N/A";
  const text = String(value);
  return /^[\w./@+-]+$/.test(text) ? text : JSON.stringify(text);
}
