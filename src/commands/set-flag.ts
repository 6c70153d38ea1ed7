import { parseDocument } from "yaml";
import type { Change } from "../config/edit-text.ts";
import { LEAVES, leafOf } from "../config/schema.ts";
import { findProblems } from "../config/validate.ts";
import { NpmonError } from "../error/error.ts";
import { nearestWord } from "../query/edit-distance.ts";
import { quoteInput } from "../query/quote.ts";

/**
 * `npmon.forward.spool_dir=/x` → the key and its value, as YAML would read it, or the very text where the key takes texts.
 * @throws NpmonError `usage` when there is no such key or the value does not fit
 */
export function parseSetting(text: string): Change {
  const equals = text.indexOf("=");
  const name = equals < 0 ? text : text.slice(0, equals);
  const leaf = leafOf(name);
  if (leaf === undefined) {
    const nearest = nearestWord(
      name.slice(0, 100),
      LEAVES.map((each) => each.name),
    );
    const hint = nearest === null ? "`npmon config` lists them" : `did you mean \`${nearest}\`?`;
    throw new NpmonError("usage", `--set: there is no key ${quoteInput(name)}; ${hint}`);
  }
  if (equals < 0) throw new NpmonError("usage", `--set: found ${quoteInput(text)}, expected ${name}=VALUE`);
  const typed = text.slice(equals + 1);
  const { contents, errors } = parseDocument(typed);
  const read: unknown = errors.length > 0 ? typed : (contents?.toJSON() ?? typed);
  const problemsOf = (value: unknown) =>
    findProblems(leaf.schema, value, leaf.path, () => ({ kind: "flag", name: "--set" }));
  const problems = problemsOf(read);
  if (problems.length === 0) return { path: leaf.path, value: read };
  if (problemsOf(typed).length === 0) return { path: leaf.path, value: typed };
  throw new NpmonError(
    "usage",
    `--set: ${problems.map(({ key, message }) => `${key}: ${message}`).join("; ")}`,
  );
}
