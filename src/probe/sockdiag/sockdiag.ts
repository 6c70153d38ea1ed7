/**
 * The sockdiag tier: TCP from the kernel's own counters as any user may read them, asked for at each tick. Listed
 * are the sockets of npmon's own network namespace; the kernel's notice of a destroyed socket brings the last
 * counters of each, and with them the connections that no tick met.
 */
import { statSync } from "node:fs";
import type { PassReport, Probe, RecordSink } from "../probe.ts";
import { AF_INET, AF_INET6, DiagMessage, INET_DIAG_INFO, TCP_STATE } from "./diag-message.ts";
import { SocketDump } from "./dump.ts";
import { Endings } from "./endings.ts";
import { Listeners } from "./listeners.ts";
import { Owners } from "./owners.ts";
import { Slots } from "./slots.ts";
import { SocketTable } from "./socket-table.ts";
import type { TrackedSocket } from "./tracked-socket.ts";

const FAMILIES = [AF_INET, AF_INET6] as const;
const LISTENING = 1 << TCP_STATE.listen;
const CONNECTED = [
  TCP_STATE.established,
  TCP_STATE.synSent,
  TCP_STATE.finWait1,
  TCP_STATE.finWait2,
  TCP_STATE.closeWait,
  TCP_STATE.lastAck,
  TCP_STATE.closing,
].reduce((mask, state) => mask | (1 << state), 0);

/** Ask for an early pass when this many connections have ended. */
const EARLY_PASS_ENDED = 16_384;
/** Jiffies of the slowest kernel clock (HZ=100), twice: how much older than it is a socket's last move can look. */
const CLOCK_SLACK_MS = 20;

export interface SockdiagOptions {
  /** Most open connections that can be shown at once, 1..4,194,304. */
  readonly capacity: number;
  /** Why no better tier is used, as the beginning of a sentence. */
  readonly reason: string;
  /** Where the host's procfs is mounted. Default `/proc`. */
  readonly procRoot?: string;
}

/** {@link openSockdiagProbe} makes it, `close` ends it. */
export class SockdiagProbe implements Probe {
  readonly tier = "sockdiag";
  readonly reason: string;
  readonly capacity: number;
  readonly readsDns = false;
  readonly #dump = new SocketDump();
  readonly #endings: Endings;
  readonly #message = new DiagMessage();
  readonly #sockets: SocketTable;
  readonly #listeners = new Listeners();
  readonly #owners: Owners;
  readonly #slots: Slots;
  /** Sockets whose process is still looked for. */
  readonly #ownerless = new Set<TrackedSocket>();
  #startedMs = 0;
  #dropped = 0;
  #lost = 0;
  #lostBytes = 0;

  constructor(endings: Endings, options: SockdiagOptions, netns: number) {
    this.reason = reasonText(options.reason, netns);
    this.capacity = options.capacity;
    this.#endings = endings;
    this.#sockets = new SocketTable(netns);
    this.#owners = new Owners(options.procRoot ?? "/proc");
    this.#slots = new Slots(options.capacity);
  }

  start(): void {
    this.#startedMs = performance.now();
    // Twice, because one dump can step over a socket; what an old one moved before would count as new.
    this.#lookAtSockets();
    this.#lookAtSockets();
    this.#drainEndings();
    this.#dropped = 0;
    for (const socket of this.#sockets.takeEnded()) this.#forget(socket);
    for (const socket of this.#sockets.open()) socket.takeBaseline();
    this.#settleFresh();
  }

  /** Only empties the kernel's buffer of ended connections. */
  poll(): boolean {
    this.#drainEndings();
    return this.#sockets.endedCount > EARLY_PASS_ENDED;
  }

  collect(sink: RecordSink, last: boolean): PassReport {
    this.#drainEndings();
    if (this.#lookAtSockets()) this.#sockets.endPass();
    this.#drainEndings();
    this.#settleFresh();
    this.#findOwners(sink, last);
    const waiting = this.#emitOpen(sink);
    this.#emitClosed(sink);
    const lost = { end_missed: this.#sockets.lost - this.#lost, no_room: this.#dropped };
    const lostBytes = this.#sockets.lostBytes - this.#lostBytes;
    this.#lost = this.#sockets.lost;
    this.#lostBytes = this.#sockets.lostBytes;
    this.#dropped = 0;
    return { lost, lostBytes, lostNames: 0, lostAnswers: 0, waiting, closedBufferFill: 0 };
  }

  release(slots: readonly number[]): void {
    this.#slots.release(slots);
  }

  close(): void {
    this.#dump.close();
    this.#endings.close();
  }

  /** @returns false when the dump may lack some */
  #lookAtSockets(): boolean {
    return this.#list(CONNECTED, INET_DIAG_INFO, (message) => this.#sockets.see(message));
  }

  #list(states: number, extension: number, onSocket: (message: DiagMessage) => void): boolean {
    const message = this.#message;
    let complete = true;
    for (const family of FAMILIES) {
      const whole = this.#dump.run({ family, states, extension }, (view, offset, length) => {
        if (message.moveTo(view, offset, length)) onSocket(message);
      });
      complete &&= whole;
    }
    return complete;
  }

  #drainEndings(): void {
    const message = this.#message;
    const maxIdleMs = performance.now() - this.#startedMs + CLOCK_SLACK_MS;
    this.#dropped += this.#endings.drain((view, offset, length) => {
      if (message.moveTo(view, offset, length)) this.#sockets.destroy(message, maxIdleMs);
    });
  }

  /** Gives new sockets their direction where the kernel's arithmetic did not, and has their processes looked for. */
  #settleFresh(): void {
    const { fresh, rehoused } = this.#sockets;
    if (fresh.length > 0) this.#refillListeners();
    for (const socket of fresh) {
      const listened = this.#listeners.find(socket.localIp, socket.localPort) !== undefined;
      socket.direction ??= listened ? "incoming" : "outgoing";
      if (socket.direction === "incoming") socket.established = true;
      this.#ownerless.add(socket);
    }
    for (const socket of rehoused) {
      this.#owners.want(socket.inode);
      this.#ownerless.add(socket);
    }
    fresh.length = 0;
    rehoused.length = 0;
  }

  #refillListeners(): void {
    const before = this.#listeners.inodes();
    this.#listeners.refill((onListener) => this.#list(LISTENING, 0, onListener));
    for (const inode of this.#listeners.inodes()) {
      before.delete(inode);
      this.#owners.want(inode);
    }
    for (const inode of before) this.#owners.forget(inode);
  }

  #findOwners(sink: RecordSink, last: boolean): void {
    this.#owners.search(last, ({ pid, startTicks, comm }) =>
      sink.process({ pid, startTicks, comm, uid: null, cgroupId: null, environ: null }),
    );
    for (const socket of this.#ownerless) {
      const owner = socket.inode === 0 ? undefined : this.#owners.of(socket.inode);
      const next = owner ?? socket.owner ?? this.#listenerOwner(socket);
      if (next !== socket.owner) {
        socket.owner = next;
        socket.hasIdentity = true;
      }
      if (owner !== undefined || socket.ended) this.#ownerless.delete(socket);
    }
  }

  /** The process that listens for a connection which nobody was seen using. */
  #listenerOwner(socket: TrackedSocket): TrackedSocket["owner"] {
    if (socket.direction !== "incoming") return null;
    const inode = this.#listeners.find(socket.localIp, socket.localPort);
    return inode === undefined ? null : (this.#owners.of(inode) ?? null);
  }

  #emitOpen(sink: RecordSink): number {
    let waiting = 0;
    for (const socket of this.#sockets.open()) {
      if (!socket.established) continue;
      if (socket.slot === 0) {
        socket.slot = this.#slots.take();
        if (socket.slot === 0) {
          waiting++;
          continue;
        }
        socket.hasIdentity = true;
      }
      if (!socket.changed && !socket.hasIdentity) continue;
      sink.open(socket);
      socket.changed = false;
      socket.hasIdentity = false;
    }
    return waiting;
  }

  #emitClosed(sink: RecordSink): void {
    for (const socket of this.#sockets.takeEnded()) {
      socket.hasIdentity = true;
      sink.closed(socket);
      this.#forget(socket);
    }
  }

  #forget(socket: TrackedSocket): void {
    this.#ownerless.delete(socket);
    if (socket.inode !== 0) this.#owners.forget(socket.inode);
  }
}

/**
 * Opens the sockdiag tier; nothing is listed until `start`. The caller closes it.
 * @throws NpmonError `unsupported` (no NETLINK_SOCK_DIAG) or `privilege` (a sandbox forbids it), each with its remedy
 */
export function openSockdiagProbe(options: SockdiagOptions): Probe {
  return new SockdiagProbe(Endings.open(), options, statSync("/proc/self/ns/net").ino);
}

/** The README says in full what this tier cannot see; this is what a reader of its numbers must know. */
function reasonText(why: string, netns: number): string {
  return (
    `${why}; sock_diag shows TCP of network namespace ${netns} only, ` +
    "and the process of an outgoing connection only when it outlives a tick"
  );
}
