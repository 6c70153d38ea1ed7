import { existsSync, readFileSync } from "node:fs";

/** Where hosts mount cgroup v2 when nothing can be learnt from the mount table: alone, or beside v1. */
const USUAL_ROOTS = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/**
 * The mount points of cgroup v2 in the text of a `mountinfo` file, those that show the whole hierarchy first: a
 * container with a control group namespace of its own sees only its part of it, unless the host's is mounted too.
 */
export function parseCgroupMounts(mountinfo: string): string[] {
  const mounts: { point: string; ups: number; whole: boolean }[] = [];
  for (const line of mountinfo.split("\n")) {
    const [, root, point] = /^\d+ \d+ \S+ (\S+) (\S+) .* - cgroup2 /.exec(line) ?? [];
    if (root === undefined || point === undefined) continue;
    const whole = /^\/(?:\.\.(?:\/\.\.)*)?$/.test(root);
    mounts.push({ point: unescapeMount(point), ups: root.split("..").length - 1, whole });
  }
  return mounts.sort((a, b) => Number(b.whole) - Number(a.whole) || b.ups - a.ups).map(({ point }) => point);
}

/** The mount point of cgroup v2 that shows most; `null` where there is none. */
export function findCgroupRoot(mountinfoPath = "/proc/self/mountinfo"): string | null {
  const candidates: string[] = [];
  try {
    candidates.push(...parseCgroupMounts(readFileSync(mountinfoPath, "utf8")));
  } catch {}
  candidates.push(...USUAL_ROOTS);
  return candidates.find((root) => existsSync(`${root}/cgroup.controllers`)) ?? null;
}

/** The kernel writes space, tab, line break and backslash in paths as octal. */
function unescapeMount(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
}
