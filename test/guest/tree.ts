import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Entry } from "./cpio.ts";
import { sharedLibraries } from "./library.ts";

/** Files up to this size are read at once, and so may change afterwards; larger ones when they are packed. */
const HELD_BYTES = 1 << 20;

/** Says for the host path of a file or folder whether it is left out. */
export type LeaveOut = (path: string) => boolean;

/**
 * The file tree of a guest. What comes from this machine keeps its path, through the same symbolic links, so that a
 * path means the same on both sides.
 */
export class Tree {
  readonly #entries: Map<string, Entry>;

  /** Begins with what another tree has. */
  constructor(beginning?: Tree) {
    this.#entries = new Map(beginning?.entries);
  }

  /** In the order in which they can be made: a directory before what is in it. */
  get entries(): ReadonlyMap<string, Entry> {
    return this.#entries;
  }

  /** Adds a file of this machine with the shared libraries that it needs, or a folder with all that is in it. */
  add(path: string, leaveOut: LeaveOut = () => false): this {
    this.#copy(this.#arrive(resolve(path)), leaveOut);
    return this;
  }

  /** Adds a file with these contents. */
  write(path: string, content: string | Buffer, mode = 0o644): this {
    this.#addDirectories(dirname(path));
    this.#entries.set(path, { kind: "file", mode, mtimeMs: 0, content: Buffer.from(content) });
    return this;
  }

  /** Adds a symbolic link. */
  link(path: string, target: string): this {
    this.#addDirectories(dirname(path));
    this.#entries.set(path, { kind: "link", target });
    return this;
  }

  /** Whether there is something at a path that leads through no symbolic link. */
  has(path: string): boolean {
    return this.#entries.has(path);
  }

  /** Adds an empty folder. */
  addDirectory(path: string): this {
    this.#addDirectories(path);
    return this;
  }

  #copy(path: string, leaveOut: LeaveOut): void {
    const status = lstatSync(path);
    if (status.isDirectory()) {
      this.#addDirectories(path);
      for (const name of readdirSync(path).sort()) {
        const inside = join(path, name);
        if (!leaveOut(inside)) this.#copy(inside, leaveOut);
      }
    } else if (status.isSymbolicLink()) {
      this.add(path, leaveOut);
    } else if (status.isFile() && !this.#entries.has(path)) {
      const content = status.size <= HELD_BYTES ? readFileSync(path) : { from: path, bytes: status.size };
      this.#entries.set(path, { kind: "file", mode: status.mode & 0o777, mtimeMs: status.mtimeMs, content });
      for (const library of sharedLibraries(path)) this.add(library);
    }
  }

  /** Adds the symbolic links and directories on the way to a path of this machine; returns where they lead. */
  #arrive(path: string, hops = 0): string {
    if (hops > 40) throw new Error(`${path}: too many levels of symbolic links`);
    const parts = path.split("/").filter((part) => part !== "");
    let reached = "";
    for (const [index, part] of parts.entries()) {
      const next = `${reached}/${part}`;
      const status = lstatSync(next);
      if (status.isSymbolicLink()) {
        const target = readlinkSync(next);
        this.#entries.set(next, { kind: "link", target });
        return this.#arrive(
          resolve(reached === "" ? "/" : reached, target, ...parts.slice(index + 1)),
          hops + 1,
        );
      }
      if (status.isDirectory()) this.#addDirectories(next);
      reached = next;
    }
    return reached;
  }

  #addDirectories(path: string): void {
    if (path === "/" || this.#entries.has(path)) return;
    this.#addDirectories(dirname(path));
    this.#entries.set(path, { kind: "directory" });
  }
}
