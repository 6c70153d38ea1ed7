/**
 * Stage `probe`: takes the running kernel, gives records. A tier is one way to get them (this folder has one folder
 * each); all of them stand behind {@link Probe}, so nothing later in the path knows which one is at work.
 *
 * Promise: counters in records are totals that only grow, so a record that comes late loses nothing; whatever could
 * not be counted is in the {@link PassReport}.
 */
import type { DnsSighting } from "../flow/dns.ts";
import type { Direction, Family, Protocol } from "../flow/flow.ts";
import type { ProcessSighting } from "../flow/process.ts";
import type { LossCounts, Tier } from "../snapshot/snapshot.ts";

/** Who and where; fixed for the life of a flow but for the owner, which may be learned later. */
export interface FlowIdentity {
  readonly protocol: Protocol;
  readonly family: Family;
  readonly direction: Direction;
  readonly localIp: string;
  readonly localPort: number;
  /** `null`, with the port, for datagrams whose sender was not asked for. */
  readonly remoteIp: string | null;
  readonly remotePort: number | null;
  /** Inode number of the network namespace. */
  readonly netns: number;
  /** Process that uses the socket, or that listens for it while nobody was seen using it; 0 when unknown. */
  readonly pid: number;
  /** Start of that process in 10 ms ticks since boot. */
  readonly startTicks: number;
}

/**
 * One record. The object is a cursor that the probe moves over mapped kernel memory: it is valid only inside the
 * call that receives it.
 */
export interface FlowRecord {
  /** Row of the flow table that this flow holds, 1..capacity; 0 when it ended without one. */
  readonly slot: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly retransmits: number;
  /** µs; 0 when the flow has no sample. */
  readonly rttUs: number;
  readonly rttVarUs: number;
  /** The connection was established at some time; never for UDP. */
  readonly established: boolean;
  /** It existed before npmon: its counters start at npmon's start. */
  readonly preexisting: boolean;
  /** errno with which it ended, 0 if none; only in records of closed flows. */
  readonly error: number;
  /** Whether {@link identity} may be called: on the first record of a slot, after a change of owner, and when closed. */
  readonly hasIdentity: boolean;
  identity(): FlowIdentity;
}

/** Receives what one pass found. */
export interface RecordSink {
  /** A process seen for the first time; always before the first record that names it. */
  process(sighting: ProcessSighting): void;
  /** A DNS answer that a process received; before every record of a flow that began after it. */
  dns(sighting: DnsSighting): void;
  /** An open flow that changed since its last record. */
  open(record: FlowRecord): void;
  /** The final counters of a flow. Its slot may be released after this call. */
  closed(record: FlowRecord): void;
  /** This slot's flow has ended and its final record was lost. */
  vanished(slot: number): void;
}

/** What one pass has to say of itself. Counters cover the time since the last pass. */
export interface PassReport {
  /** Connections, and for UDP datagrams, that were not counted or not wholly, by cause; what is absent is none. */
  readonly lost: LossCounts;
  readonly lostBytes: number;
  /** Processes whose first sight was lost: one that is gone before its flows are read has no name. */
  readonly lostNames: number;
  /** DNS answers that were received and not handed over: the buffer was full, or they cannot be read (io_uring). */
  readonly lostAnswers: number;
  /** Open flows that got no slot. */
  readonly waiting: number;
  /** 0..1, fill of the buffer for closed flows when the pass began to empty it. */
  readonly closedBufferFill: number;
}

export interface Probe {
  readonly tier: Tier;
  /** Why this tier was taken where a better one exists, and what it cannot see; null when there is nothing to say. */
  readonly reason: string | null;
  readonly capacity: number;
  /** Whether DNS answers are handed over; where not, domains can only come from asking. */
  readonly readsDns: boolean;
  /** Attaches, and takes the baseline of the sockets that exist. */
  start(): void;
  /** Between passes, a few times a second: hands over new processes while they live, and DNS answers. True when a pass should come early. */
  poll(sink: RecordSink): boolean;
  /** One pass: everything that changed goes to the sink. With `last`, nothing is kept back for its owner to appear. */
  collect(sink: RecordSink, last: boolean): PassReport;
  /** Gives back slots whose flows have ended. */
  release(slots: readonly number[]): void;
  /** Detaches everything. Idempotent. */
  close(): void;
}
