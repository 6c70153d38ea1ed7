import * as z from "zod";

/** Something wrong below a key, in its value or in a key of its own. */
export interface Fault {
  readonly path: readonly (string | number)[];
  /** The fault is in the last key of the path, not in its value. */
  readonly isKey?: boolean;
  readonly message: string;
}

export type Report = (fault: Fault) => void;

/** What people are told of a key: in the example file, in errors, in the editor. */
export interface KeyFacts {
  /** What would fit, to be read after "expected": `true or false`. */
  readonly expects: string;
  /** In a word or two, for the example file. */
  readonly type: string;
  /** What it does; plain sentences. */
  readonly help: string;
  /** YAML for the example file where the default shows nothing. */
  readonly example?: string;
  /** How the default is told, where it is no value of the key. */
  readonly defaultWords?: string;
  /** Variable that sets it. */
  readonly environment?: string;
  /** Never shown. */
  readonly isSecret?: boolean;
  /**
   * Finds what the schema does not know to be wrong. It looks at any value: what has not the right shape is reported
   * elsewhere and passed over here.
   */
  readonly check?: (value: unknown, report: Report) => void;
}

/** What is known of each key, by its schema. */
export const KEYS = z.registry<KeyFacts>();

/** A map with keys of its own; those that npmon does not know stay and are warned about elsewhere. */
export type Block = z.ZodPrefault<z.ZodObject<z.ZodRawShape>>;

export function key<Schema extends z.ZodType>(schema: Schema, facts: KeyFacts): Schema {
  KEYS.add(schema, facts);
  return schema;
}

export function block<Shape extends z.ZodRawShape>(help: string, shape: Shape) {
  // `prefault` so that the keys of a block that is not there have their defaults.
  const schema = z.looseObject(shape).prefault({} as never);
  return key(schema, { expects: "a map of keys", type: "map", help });
}

export function isBlock(schema: unknown): schema is Block {
  return schema instanceof z.ZodPrefault && schema.unwrap() instanceof z.ZodObject;
}

/** The keys of a block, in the order in which they are listed to people. */
export function keysOf(schema: Block): readonly (readonly [name: string, schema: z.ZodType])[] {
  return Object.entries(schema.unwrap().shape) as [string, z.ZodType][];
}

/** What a key is when nobody sets it, in the form in which one would; undefined for one without a default. */
export function defaultOf(schema: z.ZodType): unknown {
  return schema instanceof z.ZodPrefault ? schema.def.defaultValue : undefined;
}

export const HIDDEN = "(hidden)";

/** The value with every secret in it replaced; the same value when there is none. */
export function hideSecrets(
  schema: z.ZodType,
  value: unknown,
  path: readonly (string | number)[] = [],
): unknown {
  if (value === null || value === undefined || value === "") return value;
  if (KEYS.get(schemaAt(schema, path))?.isSecret === true) return HIDDEN;
  if (typeof value !== "object") return value;
  const entries = Object.entries(value).map(([name, inside]) => {
    const step = Array.isArray(value) ? Number(name) : name;
    return [name, inside, hideSecrets(schema, inside, [...path, step])] as const;
  });
  if (entries.every(([, before, after]) => before === after)) return value;
  return Array.isArray(value)
    ? entries.map(([, , after]) => after)
    : Object.fromEntries(entries.map(([name, , after]) => [name, after]));
}

/** The schema of what stands at the path, or of the deepest part of the way that has one of its own. */
export function schemaAt(root: z.ZodType, path: readonly (string | number)[]): z.ZodType {
  let found = root;
  let here: unknown = root;
  for (const step of path) {
    here = childOf(here, step);
    if (here === undefined) break;
    if (KEYS.has(here as z.ZodType)) found = here as z.ZodType;
  }
  return found;
}

function childOf(schema: unknown, step: string | number): unknown {
  const bare = unwrap(schema);
  if (bare instanceof z.ZodObject) return Object.hasOwn(bare.shape, step) ? bare.shape[step] : undefined;
  if (bare instanceof z.ZodArray) return bare.element;
  if (bare instanceof z.ZodRecord) return bare.valueType;
  if (bare instanceof z.ZodUnion) return bare.options.map((option) => childOf(option, step)).find(isSome);
  return undefined;
}

function isSome(value: unknown): boolean {
  return value !== undefined;
}

/** Without what only changes when a schema applies or what becomes of its value. */
function unwrap(schema: unknown): unknown {
  let bare = schema;
  for (;;) {
    if (bare instanceof z.ZodPrefault || bare instanceof z.ZodDefault || bare instanceof z.ZodNullable) {
      bare = bare.unwrap();
    } else if (bare instanceof z.ZodPipe) {
      bare = bare.in;
    } else {
      return bare;
    }
  }
}

export function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
