import { endianness } from "node:os";

// The kernel's Documentation/bpf/btf.rst, as of 6.0. libbpf before 1.3 follows BTF's type numbers and string offsets
// without looking whether they lead anywhere, and crashes on a damaged file: so they are looked at here.

const LITTLE = endianness() === "LE";
const MAGIC = 0xeb9f;
const HEADER_BYTES = 24;
const TYPE_BYTES = 12;
const LAST_MODIFIER_STEPS = 64;

/** What follows a type's 12 bytes: `fixed` bytes or `each` for every member; which words hold types and names. */
interface Kind {
  readonly fixed?: number;
  readonly each?: number;
  readonly types?: readonly number[];
  readonly names?: readonly number[];
  /** The third word is a type, not a size. */
  readonly refers?: boolean;
  /** Only qualifies the type it refers to. */
  readonly modifies?: boolean;
}

const REFERENCE: Kind = { refers: true };
const MODIFIER: Kind = { refers: true, modifies: true };
const MEMBERS: Kind = { each: 12, names: [0], types: [4] };

/** By BTF_KIND_ number. */
const KINDS: readonly (Kind | null)[] = [
  null, // UNKN
  { fixed: 4 }, // INT
  REFERENCE, // PTR
  { fixed: 12, types: [0, 4] }, // ARRAY
  MEMBERS, // STRUCT
  MEMBERS, // UNION
  { each: 8, names: [0] }, // ENUM
  {}, // FWD
  MODIFIER, // TYPEDEF
  MODIFIER, // VOLATILE
  MODIFIER, // CONST
  MODIFIER, // RESTRICT
  REFERENCE, // FUNC
  { each: 8, names: [0], types: [4], refers: true }, // FUNC_PROTO
  { fixed: 4, refers: true }, // VAR
  { each: 12, types: [0] }, // DATASEC
  {}, // FLOAT
  { fixed: 4, refers: true }, // DECL_TAG
  MODIFIER, // TYPE_TAG
  { each: 12, names: [0] }, // ENUM64
];

/** What is wrong with a `.BTF` section, or `null`: every type number and string offset leads to something. */
export function findBtfFault(section: Uint8Array): string | null {
  const view = new DataView(section.buffer, section.byteOffset, section.byteLength);
  const word = (at: number) => view.getUint32(at, LITTLE);
  if (section.byteLength < HEADER_BYTES || view.getUint16(0, LITTLE) !== MAGIC) return "it has no BTF header";
  const header = word(4);
  const types = header + word(8);
  const typesEnd = types + word(12);
  const strings = header + word(16);
  const stringBytes = word(20);
  const inside = header >= HEADER_BYTES && Math.max(typesEnd, strings + stringBytes) <= section.byteLength;
  if (!inside || stringBytes === 0) return "its parts lie outside it";
  if (section[strings] !== 0 || section[strings + stringBytes - 1] !== 0) return "its strings have no end";

  const names: number[] = [];
  const referred: number[] = [];
  const modified: number[] = [0]; // by type number: the type it qualifies, or 0; type 0 is void
  for (let at = types; at < typesEnd; ) {
    const kind = at + TYPE_BYTES <= typesEnd ? KINDS[(word(at + 4) >>> 24) & 0x1f] : null;
    const members = kind?.each === undefined ? 1 : word(at + 4) & 0xffff;
    const each = kind?.each ?? kind?.fixed ?? 0;
    const end = at + TYPE_BYTES + members * each;
    if (kind === undefined || kind === null || end > typesEnd)
      return `type ${modified.length} makes no sense`;
    names.push(word(at));
    if (kind.refers) referred.push(word(at + 8));
    modified.push(kind.modifies ? word(at + 8) : 0);
    for (let member = at + TYPE_BYTES; member < end; member += each) {
      for (const offset of kind.names ?? []) names.push(word(member + offset));
      for (const offset of kind.types ?? []) referred.push(word(member + offset));
    }
    at = end;
  }
  if (names.some((offset) => offset >= stringBytes)) return "a name lies outside its strings";
  if (referred.some((type) => type >= modified.length)) return "a type refers to one that is not there";
  for (let type of modified) {
    for (let steps = 0; type !== 0; steps++) {
      if (steps === LAST_MODIFIER_STEPS) return "a type qualifies itself";
      type = modified[type] ?? 0;
    }
  }
  return null;
}
