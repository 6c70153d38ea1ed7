import { type Dirent, readdirSync, statSync } from "node:fs";

/** However fast it is, never walk more often than this. */
const MIN_PAUSE_MS = 50;
/** After a walk, wait this many times as long as it took: at most 5 % of a CPU whatever the size of the host. */
const PAUSE_PER_WALK = 20;
/** Directories looked at in one walk; a host has hundreds. */
const MAX_DIRECTORIES = 50_000;
/** Paths remembered, those of control groups that are gone included. */
const MAX_PATHS = 100_000;

/**
 * Paths of control groups by their inode number, which is what BPF calls a cgroup id (64-bit hosts, Linux 5.5).
 * Walks the hierarchy when asked for a number it does not know, and keeps the paths of groups that have been
 * removed: those are the ones asked for when a process is gone. Numbers are not used twice while a host runs
 * (kernfs counts a generation in their upper half).
 */
export class CgroupIndex {
  readonly #findRoot: () => string | null;
  readonly #nowMs: () => number;
  #root: string | null | undefined;
  #paths = new Map<bigint, string>();
  #nextWalkAtMs = Number.NEGATIVE_INFINITY;
  #walks = 0;

  /**
   * @param findRoot - mount point of the v2 hierarchy, asked for once, when first needed; `null` where there is none
   * @param nowMs - monotonic clock
   */
  constructor(findRoot: () => string | null, nowMs: () => number) {
    this.#findRoot = findRoot;
    this.#nowMs = nowMs;
  }

  /** Walks done so far; shows what the index costs. */
  get walks(): number {
    return this.#walks;
  }

  /** Path from the root of the hierarchy. `null`: removed before it was ever seen, or not to be walked for yet. */
  pathOf(cgroupId: bigint): string | null {
    const known = this.#paths.get(cgroupId);
    if (known !== undefined) return known;
    const nowMs = this.#nowMs();
    if (nowMs < this.#nextWalkAtMs) return null;
    this.#walk();
    const endMs = this.#nowMs();
    this.#nextWalkAtMs = endMs + Math.max(MIN_PAUSE_MS, PAUSE_PER_WALK * (endMs - nowMs));
    return this.#paths.get(cgroupId) ?? null;
  }

  /**
   * Remembers that a process of this cgroup id was found at this path, once the directory confirms it: the process
   * may have been moved since the id was taken. Saves the walk for the next process of the same group.
   */
  learn(cgroupId: bigint, path: string): void {
    const root = this.#mount();
    if (root === null || this.#paths.has(cgroupId)) return;
    try {
      if (statSync(root + path, { bigint: true }).ino === cgroupId) this.#paths.set(cgroupId, path);
    } catch {}
  }

  #mount(): string | null {
    if (this.#root === undefined) this.#root = this.#findRoot();
    return this.#root;
  }

  #walk(): void {
    const root = this.#mount();
    if (root === null) return;
    this.#walks++;
    if (this.#paths.size > MAX_PATHS) this.#paths = new Map();
    const pending = ["/"];
    for (
      let path = pending.pop(), seen = 0;
      path !== undefined && seen < MAX_DIRECTORIES;
      path = pending.pop(), seen++
    ) {
      const directory = path === "/" ? root : root + path;
      try {
        const { ino, nlink } = statSync(directory, { bigint: true });
        this.#paths.set(ino, path);
        // A kernfs directory has a link for each directory in it and two of its own. Most groups are leaves, and
        // listing one means listing some sixty control files.
        if (nlink === 2n) continue;
        for (const child of subdirectories(directory))
          pending.push(path === "/" ? `/${child}` : `${path}/${child}`);
      } catch {} // removed while walking
    }
  }
}

function subdirectories(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry: Dirent) => entry.isDirectory())
    .map(({ name }) => name);
}
