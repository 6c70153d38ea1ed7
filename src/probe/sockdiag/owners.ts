import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Looking for owners reads every open file of every process; it may take this share of one core at most. */
const OWNER_PASS_SHARE = 0.05;
/** A socket can be between two processes, or its process too young to be listed; then nobody's for good. */
const PASSES_PER_INODE = 2;
const SOCKET_LINK = /^socket:\[(\d+)\]$/;

/** A process that holds sockets. */
export interface Owner {
  readonly pid: number;
  /** Field 22 of /proc/PID/stat, ticks of 10 ms since boot. */
  readonly startTicks: number;
  readonly comm: string;
}

/**
 * Which process has which socket, by the inode of the socket's file, from /proc/PID/fd: of every process for root,
 * of the user's own for anyone else. Of several processes the one with the lowest pid counts, as in the tracepoint
 * tier.
 */
export class Owners {
  readonly #root: string;
  /** `null`: looked for in vain. */
  readonly #byInode = new Map<number, Owner | null>();
  /** Inodes to look for, and how many more passes may. */
  readonly #wanted = new Map<number, number>();
  readonly #byPid = new Map<number, Owner>();
  #nextPassMs = 0;

  /** @param root - `/proc`, or where the host's is mounted */
  constructor(root: string) {
    this.#root = root;
  }

  /** Inodes that something is remembered of or that are looked for. */
  get size(): number {
    return this.#byInode.size + this.#wanted.size;
  }

  /** `null` when nobody was found, `undefined` when nobody was looked for or the search goes on. */
  of(inode: number): Owner | null | undefined {
    return this.#byInode.get(inode);
  }

  /** Has the next {@link search} look for an inode, unless one did. */
  want(inode: number): void {
    if (inode !== 0 && !this.#byInode.has(inode) && !this.#wanted.has(inode)) {
      this.#wanted.set(inode, PASSES_PER_INODE);
    }
  }

  /** The socket is gone. */
  forget(inode: number): void {
    this.#byInode.delete(inode);
    this.#wanted.delete(inode);
  }

  /**
   * Looks for the wanted inodes, if there are any and it is time or it has to be `now`. `onOwner` is given each
   * process found for the first time.
   */
  search(now: boolean, onOwner: (owner: Owner) => void): void {
    const startedMs = performance.now();
    if (this.#wanted.size === 0 || (startedMs < this.#nextPassMs && !now)) return;
    this.#walk(onOwner);
    for (const [inode, passes] of this.#wanted) {
      if (passes > 1) {
        this.#wanted.set(inode, passes - 1);
      } else {
        this.#wanted.delete(inode);
        this.#byInode.set(inode, null);
      }
    }
    const endedMs = performance.now();
    this.#nextPassMs = endedMs + (endedMs - startedMs) * (1 / OWNER_PASS_SHARE - 1);
  }

  #walk(onOwner: (owner: Owner) => void): void {
    const pids = listNumbers(this.#root);
    const alive = new Set(pids);
    for (const pid of this.#byPid.keys()) if (!alive.has(pid)) this.#byPid.delete(pid);
    for (const pid of pids) {
      this.#lookInto(pid, onOwner);
      if (this.#wanted.size === 0) return;
    }
  }

  #lookInto(pid: number, onOwner: (owner: Owner) => void): void {
    const directory = `${this.#root}/${pid}/fd`;
    let owner: Owner | null = null;
    for (const fd of listNumbers(directory)) {
      const inode = readSocketInode(`${directory}/${fd}`);
      if (!this.#wanted.has(inode)) continue;
      if (owner === null) {
        owner = readOwner(this.#root, pid);
        // The pid may have passed to another process before its stat was read: that one does not have this file.
        if (owner === null || readSocketInode(`${directory}/${fd}`) !== inode) return;
        owner = this.#announce(owner, onOwner);
      }
      this.#wanted.delete(inode);
      this.#byInode.set(inode, owner);
    }
  }

  #announce(owner: Owner, onOwner: (owner: Owner) => void): Owner {
    const known = this.#byPid.get(owner.pid);
    if (known?.startTicks === owner.startTicks) return known;
    this.#byPid.set(owner.pid, owner);
    onOwner(owner);
    return owner;
  }
}

/** The entries of a directory that are numbers, ascending; none where it may not be read or is gone. */
function listNumbers(directory: string): number[] {
  try {
    return readdirSync(directory)
      .map(Number)
      .filter(Number.isInteger)
      .sort((a, b) => a - b);
  } catch {
    return [];
  }
}

/** -1 for a file that is no socket, is gone or may not be looked at. */
function readSocketInode(path: string): number {
  try {
    const inode = SOCKET_LINK.exec(readlinkSync(path))?.[1];
    return inode === undefined ? -1 : Number(inode);
  } catch {
    return -1;
  }
}

function readOwner(root: string, pid: number): Owner | null {
  try {
    const text = readFileSync(`${root}/${pid}/stat`, "utf8");
    // COMM may hold anything, parentheses too; what follows the last one does not. Start time is field 22.
    const close = text.lastIndexOf(")");
    const startTicks = Number(text.slice(close + 2).split(" ")[19]);
    if (close < 0 || !Number.isInteger(startTicks)) return null;
    return { pid, startTicks, comm: text.slice(text.indexOf("(") + 1, close) };
  } catch {
    return null;
  }
}
