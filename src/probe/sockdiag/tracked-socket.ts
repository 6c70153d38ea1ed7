import type { Direction, Family } from "../../flow/flow.ts";
import type { FlowIdentity, FlowRecord } from "../probe.ts";
import { type DiagMessage, TCP_STATE } from "./diag-message.ts";
import type { Owner } from "./owners.ts";

const ECONNREFUSED = 111;
/** States that a socket reaches by the arrival of the peer's FIN, of those that are listed. */
const AFTER_PEER_FIN: ReadonlySet<number> = new Set([
  TCP_STATE.closeWait,
  TCP_STATE.lastAck,
  TCP_STATE.closing,
]);

/**
 * One TCP socket from its first sight to its end, and at the same time the record of its flow: a socket costs its
 * objects once, a look at it none.
 *
 * Bytes are those of bpf/counters.h, with three approximations that the kernel's answers leave no way around:
 * - The state is read a moment before the counters: a FIN that arrives between the two counts as a received byte.
 * - When a socket has ended, its last state is gone. If it received more after it was last looked at, the last of
 *   that is taken for the peer's FIN; after a reset, or when this end closed first, that is one byte too few.
 * - Linux before 4.19 tells only what was acknowledged: sent bytes count when they are, never if the peer did not.
 *   The SYN of an end that connected and an acknowledged FIN are in there and taken off.
 */
export class TrackedSocket implements FlowRecord {
  readonly cookie: number;
  readonly family: Family;
  readonly localIp: string;
  readonly localPort: number;
  readonly remoteIp: string;
  readonly remotePort: number;
  readonly #netns: number;
  slot = 0;
  preexisting = false;
  established = false;
  hasIdentity = true;
  /** It moved something since its last record. */
  changed = true;
  ended = false;
  /** `null` until the kernel's arithmetic or the listeners decide. */
  direction: Direction | null = null;
  /** 0 while no process has a file of it. */
  inode = 0;
  owner: Owner | null = null;
  /** Passes that have ended since one met it, with that one. */
  missed = 0;
  rttUs = 0;
  rttVarUs = 0;
  #state = 0;
  #ackedOnly = false;
  /** The kernel's own numbers as last seen, with SYN and FIN. */
  #acked = 0;
  #rawReceived = 0;
  #sent = 0;
  #received = 0;
  #segsOut = 0;
  #segsIn = 0;
  #retransmits = 0;
  /** Where counting begins. */
  #baseSent = 0;
  #baseReceived = 0;
  #baseSegsOut = 0;
  #baseSegsIn = 0;
  #baseRetransmits = 0;

  constructor(message: DiagMessage, netns: number) {
    this.cookie = message.cookie;
    this.family = message.flowFamily();
    this.localIp = message.localIp();
    this.localPort = message.localPort;
    this.remoteIp = message.remoteIp();
    this.remotePort = message.remotePort;
    this.#netns = netns;
  }

  get bytesSent(): number {
    const synCounted =
      this.#ackedOnly && !this.preexisting && this.direction === "outgoing" && this.#sent > 0;
    return this.#sent - this.#baseSent - (synCounted ? 1 : 0);
  }

  get bytesReceived(): number {
    return this.#received - this.#baseReceived;
  }

  get packetsSent(): number {
    return (this.#segsOut - this.#baseSegsOut) >>> 0;
  }

  get packetsReceived(): number {
    return (this.#segsIn - this.#baseSegsIn) >>> 0;
  }

  get retransmits(): number {
    return (this.#retransmits - this.#baseRetransmits) >>> 0;
  }

  /** The kernel does not tell. All that can answer a SYN without making a connection is a reset. */
  get error(): number {
    return this.ended && !this.established && this.#segsIn > 0 ? ECONNREFUSED : 0;
  }

  identity(): FlowIdentity {
    return {
      protocol: "tcp",
      family: this.family,
      direction: this.direction ?? "none",
      localIp: this.localIp,
      localPort: this.localPort,
      remoteIp: this.remoteIp,
      remotePort: this.remotePort,
      netns: this.#netns,
      pid: this.owner?.pid ?? 0,
      startTicks: this.owner?.startTicks ?? 0,
    };
  }

  /** Whether this is still the same connection: a socket can be disconnected and connected again, from zero. */
  continues(message: DiagMessage): boolean {
    return (
      message.localPort === this.localPort &&
      message.remotePort === this.remotePort &&
      message.bytesAcked >= this.#acked
    );
  }

  /** Takes the counters of an open socket. */
  advance(message: DiagMessage): void {
    this.#state = message.state;
    if (message.state !== TCP_STATE.synSent) this.established = true;
    this.direction ??= message.direction();
    this.#take(message, AFTER_PEER_FIN.has(message.state), message.state === TCP_STATE.finWait2);
  }

  /** Takes the last counters of a socket that is being destroyed, if they are still those of this connection. */
  finish(message: DiagMessage): void {
    this.ended = true;
    if (!this.continues(message)) return;
    this.direction ??= message.direction();
    const grew = message.bytesReceived > this.#rawReceived;
    this.#take(message, grew || AFTER_PEER_FIN.has(this.#state), true);
    if (message.bytesAcked + this.#sent + message.bytesReceived > 0) this.established = true;
  }

  /** Everything up to now was before npmon, or has been told already. */
  takeBaseline(): void {
    if (!this.established) return; // it may still open a connection of its own
    this.preexisting = true;
    this.#baseSent = this.#sent;
    this.#baseReceived = this.#received;
    this.#baseSegsOut = this.#segsOut;
    this.#baseSegsIn = this.#segsIn;
    this.#baseRetransmits = this.#retransmits;
  }

  /** @returns bytes by which the message has more than this */
  bytesBehind(message: DiagMessage): number {
    if (!this.continues(message)) return 0;
    const received = Math.max(0, message.bytesReceived - this.#rawReceived - 1);
    return received + Math.max(0, message.knowsSent ? message.bytesSent - this.#sent : 0);
  }

  #take(message: DiagMessage, peerFin: boolean, ownFin: boolean): void {
    const raw = message.bytesReceived;
    this.#ackedOnly = !message.knowsSent;
    const sent = message.knowsSent ? message.bytesSent : message.bytesAcked - (ownFin ? 1 : 0);
    const received = raw - (peerFin && raw > 0 ? 1 : 0);
    this.#acked = message.bytesAcked;
    this.#rawReceived = raw;
    const { packetsSent, packetsReceived, retransmits } = message;
    if (
      sent > this.#sent ||
      received > this.#received ||
      packetsSent !== this.#segsOut ||
      packetsReceived !== this.#segsIn ||
      retransmits !== this.#retransmits
    ) {
      this.changed = true;
      this.#sent = Math.max(sent, this.#sent);
      this.#received = Math.max(received, this.#received);
      this.#segsOut = packetsSent;
      this.#segsIn = packetsReceived;
      this.#retransmits = retransmits;
    }
    this.rttUs = message.rttUs;
    this.rttVarUs = message.rttVarUs;
  }
}
