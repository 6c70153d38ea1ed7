import { randomUUID } from "node:crypto";
import type { Snapshot, SnapshotFlow } from "../../src/snapshot/snapshot.ts";
import { createFlow, createSnapshot, QUIET_PROBE } from "../view/fixtures/snapshots.ts";

/** Numbers from 0 to 1 that are the same for the same seed. */
export function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const HOSTS = 3;

/** Snapshots of some hosts that talk to each other, to themselves and to strangers, every five minutes or so. */
export function randomFleet(seed: number, sinceMs: number, untilMs: number): readonly Snapshot[] {
  const random = createRandom(seed);
  const below = (most: number) => Math.floor(random() * most);
  const snapshots: Snapshot[] = [];
  for (let host = 0; host < HOSTS; host++) {
    for (let start = sinceMs + below(300_000); start < untilMs; start += 200_000 + below(200_000)) {
      const flows = Array.from({ length: below(6) }, () => randomFlow(host, below));
      snapshots.push(
        createSnapshot({
          id: randomUUID(),
          host: `host-${host}`,
          start: new Date(start).toISOString(),
          end: new Date(start + 300_000).toISOString(),
          interval_ms: 300_000 - below(2_000),
          group_by: ["rollup"],
          probe: {
            ...QUIET_PROBE,
            lost: below(3),
            tracked: below(50),
            tier: below(2) ? "kprobe" : "tracepoint",
          },
          flows,
        }),
      );
    }
  }
  return snapshots;
}

function randomFlow(host: number, below: (most: number) => number): SnapshotFlow {
  const isCaller = below(2) === 0;
  const other = below(HOSTS + 1);
  const isLocal = below(4) === 0;
  const address = (of: number) => (isLocal ? "127.0.0.1" : `10.0.${of}.${1 + below(2)}`);
  const port = 5000 + below(2);
  const near = {
    service: below(5) ? `service-${host}-${below(2)}` : null,
    host: `host-${host}`,
    ip: address(host),
    port: isCaller ? null : port,
    pod: `pod-${below(3)}`,
    env: "prod",
    ...(below(2) && { team: `team-${below(2)}`, 'a"/~b': "x" }),
  };
  const far = { service: null, host: null, ip: address(other), port: isCaller ? port : null };
  const rtt = below(2) ? {} : { rtt_us: below(900) + 0.25, rtt_var_us: below(90) };
  const {
    rtt_us: _rtt,
    rtt_var_us: _jitter,
    ...flow
  } = createFlow({
    source: near as never,
    destination: far,
    protocol: below(9) ? "tcp" : "udp",
    direction: isCaller ? "outgoing" : "incoming",
    family: "ipv4",
    bytes_sent: below(2 ** 31) * 1000,
    bytes_received: below(1000),
    retransmits: below(3),
    connections: {
      active: below(5),
      opened: below(3),
      closed: below(3),
      failed: { refused: below(2), reset: 0, timed_out: below(2), unreachable: 0, other: 0 },
    },
  });
  return { ...flow, ...rtt };
}
