/**
 * Stage `aggregate`: takes records and the tags of processes, gives rows of sums. Nothing here reads the kernel, a
 * clock or a file.
 */
import type { FailureReason } from "../flow/flow.ts";

/** Sums over one interval. Mutable on purpose: one a row, changed in place by every record. */
export class Tally {
  bytesSent = 0;
  bytesReceived = 0;
  packetsSent = 0;
  packetsReceived = 0;
  retransmits = 0;
  opened = 0;
  closed = 0;
  /** Whether anything at all was counted since the last {@link reset}. */
  touched = false;
  failedRefused = 0;
  failedReset = 0;
  failedTimedOut = 0;
  failedUnreachable = 0;
  failedOther = 0;
  /** Round-trip times of flows that ended in the interval. */
  rttSum = 0;
  rttVarSum = 0;
  rttCount = 0;

  /** Counts bytes and packets; all arguments are increases, zero or more. */
  move(
    sent: number,
    received: number,
    packetsSent: number,
    packetsReceived: number,
    retransmits: number,
  ): void {
    this.bytesSent += sent;
    this.bytesReceived += received;
    this.packetsSent += packetsSent;
    this.packetsReceived += packetsReceived;
    this.retransmits += retransmits;
    this.touched = true;
  }

  /** Counts a connection that failed. */
  fail(reason: FailureReason): void {
    switch (reason) {
      case "refused":
        this.failedRefused++;
        break;
      case "reset":
        this.failedReset++;
        break;
      case "timed_out":
        this.failedTimedOut++;
        break;
      case "unreachable":
        this.failedUnreachable++;
        break;
      case "other":
        this.failedOther++;
        break;
    }
    this.touched = true;
  }

  /** Counts the round-trip time of a flow that ended, µs. */
  sampleRtt(rttUs: number, rttVarUs: number): void {
    this.rttSum += rttUs;
    this.rttVarSum += rttVarUs;
    this.rttCount++;
    this.touched = true;
  }

  /** Adds what another tally holds, with the two directions exchanged when `swapped`. */
  merge(other: Tally, swapped: boolean): void {
    if (swapped) {
      this.move(
        other.bytesReceived,
        other.bytesSent,
        other.packetsReceived,
        other.packetsSent,
        other.retransmits,
      );
    } else {
      this.move(
        other.bytesSent,
        other.bytesReceived,
        other.packetsSent,
        other.packetsReceived,
        other.retransmits,
      );
    }
    this.opened += other.opened;
    this.closed += other.closed;
    this.failedRefused += other.failedRefused;
    this.failedReset += other.failedReset;
    this.failedTimedOut += other.failedTimedOut;
    this.failedUnreachable += other.failedUnreachable;
    this.failedOther += other.failedOther;
    this.rttSum += other.rttSum;
    this.rttVarSum += other.rttVarSum;
    this.rttCount += other.rttCount;
  }

  reset(): void {
    this.bytesSent = this.bytesReceived = this.packetsSent = this.packetsReceived = this.retransmits = 0;
    this.opened = this.closed = 0;
    this.failedRefused = this.failedReset = this.failedTimedOut = 0;
    this.failedUnreachable = this.failedOther = 0;
    this.rttSum = this.rttVarSum = this.rttCount = 0;
    this.touched = false;
  }
}
