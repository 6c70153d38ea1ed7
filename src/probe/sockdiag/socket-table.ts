import type { DiagMessage } from "./diag-message.ts";
import { TrackedSocket } from "./tracked-socket.ts";

/** A socket may stay behind, closed, as long as its process likes; this many of them are remembered. */
const MAX_GHOSTS = 16_384;
/** After each look at it a socket is one pass behind; see {@link SocketTable.endPass}. */
const PASSES_MISSED = 2;

/**
 * The TCP sockets of the network namespace by the kernel's cookie. Fed with dumps ({@link see}, {@link endPass}) and with the kernel's word that a socket is being destroyed ({@link destroy}).
 */
export class SocketTable {
  /** Met for the first time since the owner of the table last emptied this. */
  readonly fresh: TrackedSocket[] = [];
  /** Got a file, or another one, since the owner of the table last emptied this. */
  readonly rehoused: TrackedSocket[] = [];
  /** Connections that went on after their last record, and by how many bytes. Only grow. */
  lost = 0;
  lostBytes = 0;
  readonly #netns: number;
  readonly #byCookie = new Map<number, TrackedSocket>();
  /** Left the kernel's table and were reported as closed, but have not been destroyed. */
  readonly #ghosts = new Map<number, TrackedSocket>();
  #ended: TrackedSocket[] = [];

  constructor(netns: number) {
    this.#netns = netns;
  }

  /** Sockets that are open, and those that the last pass did not meet. */
  open(): IterableIterator<TrackedSocket> {
    return this.#byCookie.values();
  }

  get openCount(): number {
    return this.#byCookie.size;
  }

  get endedCount(): number {
    return this.#ended.length;
  }

  get ghostCount(): number {
    return this.#ghosts.size;
  }

  /** An open socket, as a dump describes it. */
  see(message: DiagMessage): void {
    if (!message.hasCounters) return;
    const { cookie } = message;
    let socket = this.#byCookie.get(cookie) ?? this.#revive(cookie, message);
    if (socket !== undefined && !socket.continues(message)) {
      this.#end(socket);
      socket = undefined;
    }
    if (socket === undefined) {
      socket = new TrackedSocket(message, this.#netns);
      this.#byCookie.set(cookie, socket);
      this.fresh.push(socket);
    }
    socket.missed = 0;
    socket.advance(message);
    const { inode } = message;
    if (inode !== 0 && inode !== socket.inode) {
      socket.inode = inode;
      this.rehoused.push(socket);
    }
  }

  /**
   * After a dump that gave everything. Ends the sockets that two such passes in a row did not meet: a dump can step over one when another leaves the same
   * hash chain between two datagrams (`inet_diag_dump_icsk` resumes by position), and what is destroyed says so.
   */
  endPass(): void {
    for (const socket of this.#byCookie.values()) {
      socket.missed++;
      if (socket.missed <= PASSES_MISSED) continue;
      this.#end(socket);
      this.#ghosts.set(socket.cookie, socket);
      if (this.#ghosts.size > MAX_GHOSTS) this.#ghosts.delete(this.#ghosts.keys().next().value ?? 0);
    }
  }

  /**
   * The kernel frees a socket; these are its last counters. One that was never met is a short connection, unless it
   * was idle for longer than `maxIdleMs`: then it ended before npmon began to look.
   */
  destroy(message: DiagMessage, maxIdleMs: number): void {
    if (!message.hasCounters) return;
    const { cookie } = message;
    const known = this.#byCookie.get(cookie);
    if (known !== undefined) {
      known.finish(message);
      this.#end(known);
      return;
    }
    const ghost = this.#ghosts.get(cookie);
    if (ghost !== undefined) {
      this.#ghosts.delete(cookie);
      const behind = ghost.bytesBehind(message);
      if (behind > 0) this.lost++;
      this.lostBytes += behind;
      return;
    }
    // Port 0: a listener, or a socket that never had a peer, or was disconnected.
    if (message.remotePort === 0 || message.localPort === 0 || message.idleMs > maxIdleMs) return;
    const socket = new TrackedSocket(message, this.#netns);
    socket.finish(message);
    this.fresh.push(socket);
    this.#ended.push(socket);
  }

  /** The sockets that ended since the last call. */
  takeEnded(): readonly TrackedSocket[] {
    const ended = this.#ended;
    this.#ended = [];
    return ended;
  }

  #end(socket: TrackedSocket): void {
    socket.ended = true;
    this.#byCookie.delete(socket.cookie);
    this.#ended.push(socket);
  }

  /** A ghost that is in the table after all goes on as a new flow, from what was told of it. */
  #revive(cookie: number, message: DiagMessage): TrackedSocket | undefined {
    const ghost = this.#ghosts.get(cookie);
    if (ghost === undefined) return undefined;
    this.#ghosts.delete(cookie);
    if (!ghost.continues(message)) return undefined;
    ghost.takeBaseline();
    ghost.slot = 0;
    ghost.ended = false;
    this.#byCookie.set(cookie, ghost);
    return ghost;
  }
}
