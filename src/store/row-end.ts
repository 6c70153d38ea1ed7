import { ENDPOINT_TAGS } from "../flow/tags.ts";
import { tagKind } from "../query/tag-names.ts";
import { MAX_OTHER_TAGS, MAX_OTHER_UNITS } from "./flatten.ts";

/** The name of a tag as it stands in an end. */
export interface Key {
  /** With its quotes and colon. */
  readonly bytes: Uint8Array;
  readonly name: string;
  /** Its place in {@link ENDPOINT_TAGS}; {@link OTHER} for a user's tag or a label. */
  readonly slot: number;
  readonly isNumber: boolean;
}

const SLOTS: ReadonlyMap<string, number> = new Map(ENDPOINT_TAGS.map((tag, slot) => [tag, slot]));
export const OTHER = -1;
/** As the schema has it. */
const TAG_NAME = /^(?:[a-z][a-z0-9_]*|label\.[\s\S]{1,512})$/u;

/** @param bytes - as {@link Key.bytes}, valid UTF-8 without escapes. @returns `null` for what no tag is called */
export function keyOf(bytes: Uint8Array): Key | null {
  const name = Buffer.from(bytes.subarray(1, -2)).toString();
  const slot = SLOTS.get(name) ?? (TAG_NAME.test(name) ? OTHER : null);
  return slot === null ? null : { bytes, name, slot, isNumber: tagKind(name) === "number" };
}

interface OtherTag {
  readonly key: Key;
  readonly from: number;
  readonly to: number;
}

/** One end of a row: where in the text the values of its tags are. */
export class End {
  readonly from = new Int32Array(ENDPOINT_TAGS.length);
  readonly to = new Int32Array(ENDPOINT_TAGS.length);
  /** Which row has the tag, from 1. */
  readonly row = new Int32Array(ENDPOINT_TAGS.length);
  /** By name. */
  readonly others: OtherTag[] = [];
  /** The keys of the end before, in order: nearly always those of the next one. */
  readonly shape: Key[] = [];

  /** @returns whether each is there once and all of them fit */
  sortOthers(): boolean {
    const { others } = this;
    if (others.length > MAX_OTHER_TAGS) return false;
    if (others.length > 1) others.sort((a, b) => (a.key.name < b.key.name ? -1 : 1));
    let bytes = 0;
    for (let at = 0; at < others.length; at++) {
      const { key, from, to } = others[at] as OtherTag;
      if (key.name === others[at + 1]?.key.name) return false;
      bytes += key.bytes.length + to - from;
    }
    return bytes <= MAX_OTHER_UNITS;
  }
}
