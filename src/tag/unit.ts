import { findContainer } from "./container.ts";
import type { ProcessFacts } from "./facts.ts";

/**
 * The innermost systemd service or scope of a cgroup path. The scope that an engine makes for a container is not
 * one, nor is anything around it: the unit of the engine would lump all its containers together. A systemd that
 * runs inside the container does count, and so does the service that podman runs a single container for.
 */
export function findUnit(path: string): string | null {
  const segments = path.split("/");
  const container = findContainer(path);
  const outermost = container === null || container.ownsOuterUnit ? 0 : container.depth + 1;
  for (let depth = segments.length - 1; depth >= outermost; depth--) {
    const segment = segments[depth] ?? "";
    if (/.\.(?:service|scope)$/.test(segment)) return unescapeUnit(segment);
  }
  return null;
}

export function tagUnit({ cgroup }: ProcessFacts): string | null {
  return cgroup === null ? null : findUnit(cgroup);
}

/** systemd writes bytes it cannot have in a name as `\x2d`, and puts `_` before names the kernel has taken. */
function unescapeUnit(segment: string): string {
  return segment
    .replace(/^_/, "")
    .replaceAll(/(?:\\x[0-9a-fA-F]{2})+/g, (escapes) =>
      Buffer.from(escapes.replaceAll("\\x", ""), "hex").toString("utf8"),
    );
}
