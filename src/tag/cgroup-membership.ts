import { findContainer } from "./container.ts";
import { findUnit } from "./unit.ts";

/** One line of /proc/PID/cgroup: where the process sits in one hierarchy. */
export interface CgroupMembership {
  /** True for the one hierarchy of cgroup v2. */
  readonly unified: boolean;
  /** v1 controllers, comma separated; `name=systemd` for the hierarchy that only systemd uses. */
  readonly controllers: string;
  readonly path: string;
}

/** Hierarchies in the order in which they are believed, for hosts with v1 only or with both. */
const PREFERENCE: readonly ((membership: CgroupMembership) => boolean)[] = [
  (membership) => membership.unified,
  (membership) => membership.controllers === "name=systemd",
  (membership) => membership.controllers === "memory",
  () => true,
];

/**
 * Lines `ID:CONTROLLERS:PATH`; what is not such a line is left out. Paths lose what says how they are seen rather
 * than where they are: a leading `/..` (reader in a cgroup namespace of its own) and a final ` (deleted)`.
 */
export function parseCgroupFile(text: string): CgroupMembership[] {
  const memberships: CgroupMembership[] = [];
  for (const line of text.split("\n")) {
    const [, id, controllers, path] = /^(\d+):([^:]*):(\/.*)$/.exec(line) ?? [];
    if (id === undefined || controllers === undefined || path === undefined) continue;
    const bare = path.replace(/ \(deleted\)$/, "").replace(/^(?:\/\.\.)+(?=\/|$)/, "");
    memberships.push({
      unified: id === "0" && controllers === "",
      controllers,
      path: bare === "" ? "/" : bare,
    });
  }
  return memberships;
}

/** The path of the v2 hierarchy; `null` where the host has none. */
export function unifiedPath(memberships: readonly CgroupMembership[]): string | null {
  return memberships.find((membership) => membership.unified)?.path ?? null;
}

/**
 * The path that says most about a process: one that names a container, else one that names a systemd unit, else
 * any; v2 before v1 each time. On a host with both, an engine may use either.
 */
export function chooseCgroup(memberships: readonly CgroupMembership[]): string | null {
  const paths = PREFERENCE.flatMap((believed) => memberships.filter(believed)).map(({ path }) => path);
  return (
    paths.find((path) => findContainer(path) !== null) ??
    paths.find((path) => findUnit(path) !== null) ??
    paths[0] ??
    null
  );
}
