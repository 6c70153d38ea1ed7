import assert from "node:assert/strict";
import type { ProcessSighting } from "../../../src/flow/process.ts";
import type { FlowIdentity, FlowRecord, PassReport, Probe, RecordSink } from "../../../src/probe/probe.ts";

/** A record with its identity, kept beyond the call that brought it. */
export interface Entry {
  readonly slot: number;
  readonly identity: FlowIdentity;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly rttUs: number;
  readonly established: boolean;
  readonly preexisting: boolean;
  readonly error: number;
}

/** Stands behind a probe as the flow table does: remembers identities by slot and gives slots back. */
export class Ledger {
  readonly processes: ProcessSighting[] = [];
  /** Final records, oldest first. */
  readonly closed: Entry[] = [];
  /** Records handed over by the last pass. */
  opened: Entry[] = [];
  lost = 0;
  readonly #probe: Probe;
  readonly #open = new Map<number, Entry>();

  constructor(probe: Probe) {
    this.#probe = probe;
  }

  collect(last = false): PassReport {
    const released: number[] = [];
    const announced = (identity: FlowIdentity) =>
      identity.pid === 0 || this.processes.some((seen) => seen.pid === identity.pid);
    this.opened = [];
    const sink: RecordSink = {
      process: (sighting) => this.processes.push(sighting),
      dns: () => assert.fail("this tier sees no answers"),
      open: (record) => {
        const entry = keep(record, this.#open.get(record.slot));
        assert.ok(entry.slot > 0 && entry.slot <= this.#probe.capacity);
        assert.ok(announced(entry.identity), "a process is announced before the first record that names it");
        this.#open.set(record.slot, entry);
        this.opened.push(entry);
      },
      closed: (record) => {
        assert.ok(record.hasIdentity);
        this.closed.push(keep(record, undefined));
        if (record.slot === 0) return;
        assert.ok(this.#open.delete(record.slot), "a slot ends once, after it began");
        released.push(record.slot);
      },
      vanished: () => assert.fail("this tier always knows how a flow ended"),
    };
    const report = this.#probe.collect(sink, last);
    this.#probe.release(released);
    for (const count of Object.values(report.lost)) this.lost += count;
    return report;
  }

  /** The open flow between two ports. */
  flow(localPort: number, remotePort: number): Entry {
    const entry = this.find(localPort, remotePort);
    assert.ok(entry !== undefined, `no open flow from port ${localPort} to ${remotePort}`);
    return entry;
  }

  find(localPort: number, remotePort: number): Entry | undefined {
    return this.all().find(({ identity }) => matches(identity, localPort, remotePort));
  }

  all(): Entry[] {
    return [...this.#open.values()];
  }

  /** Collects until the flow between two ports has ended. */
  async ending(localPort: number, remotePort: number): Promise<Entry> {
    const found = () => this.closed.find(({ identity }) => matches(identity, localPort, remotePort));
    await this.until(() => found() !== undefined, `the end of ${localPort} to ${remotePort}`);
    return found() as Entry;
  }

  /** Collects until `condition` holds; fails after thirty seconds. */
  async until(condition: () => boolean, what: string): Promise<void> {
    const deadlineMs = performance.now() + 30_000;
    for (;;) {
      this.collect();
      if (condition()) return;
      assert.ok(performance.now() < deadlineMs, `waited in vain for ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

function keep(record: FlowRecord, before: Entry | undefined): Entry {
  const identity = record.hasIdentity ? record.identity() : before?.identity;
  assert.ok(identity !== undefined, "the first record of a slot has its identity");
  const { slot, bytesSent, bytesReceived, packetsSent, packetsReceived, rttUs } = record;
  const { established, preexisting, error } = record;
  return {
    slot,
    identity,
    bytesSent,
    bytesReceived,
    packetsSent,
    packetsReceived,
    rttUs,
    established,
    preexisting,
    error,
  };
}

function matches(identity: FlowIdentity, localPort: number, remotePort: number): boolean {
  return identity.localPort === localPort && identity.remotePort === remotePort;
}
