/** What npmon has in the kernel: seen by bpftool from outside, and by the descriptors of the process that holds it. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { until } from "./deadline.ts";

const KINDS = ["prog", "link", "map"] as const;

type Kind = (typeof KINDS)[number];

interface KernelObject {
  readonly id: number;
  readonly name?: string;
}

function list(kind: Kind): readonly KernelObject[] {
  return JSON.parse(execFileSync("bpftool", [kind, "show", "-j"], { encoding: "utf8" }));
}

/** `prog 12`, `link 3`, `map 7` of everything in the kernel, whoever made it. */
function present(): Set<string> {
  return new Set(KINDS.flatMap((kind) => list(kind).map(({ id }) => `${kind} ${id}`)));
}

/** Programs that are npmon's by name, as `prog 12`. */
function programs(): Set<string> {
  const mine = list("prog").filter(({ name }) => name?.startsWith("npmon_"));
  return new Set(mine.map(({ id }) => `prog ${id}`));
}

/** What the descriptors of a process hold; nothing when it is gone. */
function heldBy(pid: number | string): string[] {
  let descriptors: readonly string[] = [];
  try {
    descriptors = readdirSync(`/proc/${pid}/fdinfo`);
  } catch {}
  return descriptors.flatMap((descriptor) => {
    try {
      const info = readFileSync(`/proc/${pid}/fdinfo/${descriptor}`, "utf8");
      return [...info.matchAll(/^(prog|link|map)_id:\s*(\d+)$/gm)].map(([, kind, id]) => `${kind} ${id}`);
    } catch {
      return []; // closed since it was listed
    }
  });
}

/** Other runs of npmon may come and go on this machine; what they hold is not left behind. */
function heldByAnyone(): Set<string> {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return new Set(pids.flatMap(heldBy));
}

/** The traces of one run of npmon, from before it starts until after it ended. */
export class Attachment {
  readonly #before = programs();
  #held: ReadonlySet<string> = new Set();

  /** Notes what a tracing npmon holds, once the kernel shows all of it. */
  async note(pid: number): Promise<void> {
    this.#held = await until("an attached npmon", () => {
      const held = new Set(heldBy(pid));
      const kinds = KINDS.filter((kind) => [...held].some((name) => name.startsWith(kind)));
      return kinds.length === KINDS.length && held;
    });
    const there = present();
    assert.deepEqual(
      [...this.#held].filter((name) => !there.has(name)),
      [],
      "bpftool sees what the process holds",
    );
    const fresh = [...programs()].filter((name) => !this.#before.has(name) && this.#held.has(name));
    assert.ok(fresh.length >= 3, "the programs of this run are named npmon_*");
  }

  /** Resolves when none of it is left, and no program of npmon's is there that nobody holds. The kernel takes its time. */
  async assertGone(): Promise<void> {
    assert.notEqual(this.#held.size, 0, "nothing was noted");
    let left: readonly string[] = [];
    await until("the end of what was attached", () => {
      const there = present();
      const orphans = [...programs()].filter((name) => !this.#before.has(name));
      const held = orphans.length > 0 ? heldByAnyone() : new Set();
      left = [
        ...[...this.#held].filter((name) => there.has(name)),
        ...orphans.filter((name) => !held.has(name)),
      ];
      return left.length === 0;
    }).catch(() => assert.deepEqual(left, [], "left in the kernel"));
  }
}
