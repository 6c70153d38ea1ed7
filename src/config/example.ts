import { isCollection, isScalar, parseDocument, stringify } from "yaml";
import { type Block, defaultOf, isBlock, isMap, KEYS, keysOf } from "./key.ts";
import { LEAVES, ROOT } from "./schema.ts";

const WIDTH = 110;

const HEAD = `## Configuration of npmon. Made from npmon's own list of keys; "npmon config" shows what holds and where it came from.
##
## Every key stands here as a comment, with its default. To set one, take the "# " away before it and before the maps
## that it is in, or say "npmon enable --set KEY=VALUE". Variables of the environment win over this file, flags over both.
`;

/** The commented example: every key with its type, its default and a line on what it does. */
export function createExample(): string {
  return HEAD + exampleOf(ROOT as never, []);
}

function exampleOf(block: Block, above: readonly string[]): string {
  const indent = "  ".repeat(above.length);
  return keysOf(block)
    .map(([name, schema]) => {
      const path = [...above, name];
      const facts = KEYS.get(schema);
      if (facts === undefined) throw new Error(`${path.join(".")} has no facts`);
      const isMap = isBlock(schema);
      const standard = isMap ? "" : ` - default: ${facts.defaultWords ?? formatFlow(defaultOf(schema))}`;
      const variable = LEAVES.find((leaf) => leaf.name === path.join("."))?.environment ?? null;
      const lines = [
        `## @param ${name} - ${facts.type} - optional${standard}`,
        ...(variable === null ? [] : [`## @env ${variable}`]),
        ...wrap(facts.help, WIDTH - indent.length - 3).map((line) => `## ${line}`),
        "#",
        ...(isMap ? [`${name}:`] : entryOf(name, facts.example, defaultOf(schema))).map(
          (line) => `# ${line}`,
        ),
      ];
      const text = `\n${lines.map((line) => `${indent}${line}\n`).join("")}`;
      return isMap ? text + exampleOf(schema, path) : text;
    })
    .join("");
}

/** The key as it would be written: on one line, a map or list of several things on one line each. */
function entryOf(name: string, example: string | undefined, standard: unknown): readonly string[] {
  if (example === undefined) return [`${name}: ${formatFlow(standard)}`];
  const node = parseDocument(example).contents;
  if (!isCollection(node) || node.items.length < 1) return [`${name}: ${example}`];
  const value: unknown = node.toJSON();
  if (Array.isArray(value)) return [`${name}:`, ...value.map((item) => `  - ${formatFlow(item)}`)];
  const entries = isMap(value) ? Object.entries(value) : [];
  return [`${name}:`, ...entries.map(([key, inside]) => `  ${formatFlow(key)}: ${formatFlow(inside)}`)];
}

/** A value on one line of YAML. */
export function formatFlow(value: unknown): string {
  const options = { collectionStyle: "flow", flowCollectionPadding: false, lineWidth: 0 } as const;
  return stringify(value, options).trim();
}

/** What YAML reads as this very text on one line, else the text in quotes. */
export function formatScalar(text: string): string {
  const { contents, errors } = parseDocument(text);
  return errors.length === 0 && isScalar(contents) && contents.value === text ? text : JSON.stringify(text);
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
