import { randomUUID } from "node:crypto";

/** Rows of a snapshot, as a busy host has them in five minutes. */
export const FLEET_ROWS = 2_000;

const NONE = { refused: 0, reset: 0, timed_out: 0, unreachable: 0, other: 0 };

/** Some twenty tags, as `rollup` has them of the near end. */
function near(host: number, i: number) {
  return {
    service: `service-${i % 80}`,
    process: `process-${i % 80}`,
    container: `app-${i % 80}-${(i * 7919) % 1000}`,
    image: `registry.example/app-${i % 80}:1.2.${i % 9}`,
    pod: `app-${i % 80}-6b4d5f7f9c-${(i * 31) % 997}`,
    namespace: `namespace-${i % 7}`,
    workload: `app-${i % 80}`,
    host: `host-${host}`,
    domain: null,
    ip: `10.${host % 250}.${i % 250}.${(i * 3) % 250}`,
    port: i % 2 === 0 ? null : 8080,
    subnet: `10.${host % 250}.0.0/16`,
    range: "private",
    exe: `/usr/local/bin/process-${i % 80}`,
    user: "app",
    env: "prod",
    version: `1.2.${i % 9}`,
    service_source: "image",
    container_id: ((i * 2_654_435_761) % 2 ** 32).toString(16).padStart(12, "0"),
    unit: null,
    cgroup: `/kubepods.slice/pod-${i}`,
    netns: 4_026_531_840 + (i % 80),
    team: `team-${i % 5}`,
  };
}

/** The text of one snapshot of a host, its rows all different; the ends of each have twenty tags that are known. */
export function fleetSnapshot(host: number, startMs: number, seed: number): string {
  const noise = (i: number, most: number) => ((i + 1) * 7919 + seed * 104_729) % most;
  const flows = Array.from({ length: FLEET_ROWS }, (_, i) => ({
    source: near(host, i % 50),
    destination: near(host + 1 + (i % 20), i),
    protocol: "tcp",
    direction: i % 2 === 0 ? "outgoing" : "incoming",
    family: "ipv4",
    bytes_sent: noise(i, 100_003) * 31,
    bytes_received: noise(i, 1_000_003),
    packets_sent: noise(i, 997),
    packets_received: noise(i, 1009),
    retransmits: noise(i, 50) === 0 ? 3 : 0,
    rtt_us: 100 + noise(i, 9973),
    rtt_var_us: noise(i, 97),
    connections: { active: 3, opened: noise(i, 7), closed: noise(i, 5), failed: NONE },
  }));
  return JSON.stringify({
    schema: "npmon.snapshot/1",
    id: randomUUID(),
    host: `host-${host}`,
    start: new Date(startMs).toISOString(),
    end: new Date(startMs + 300_000).toISOString(),
    interval_ms: 300_000,
    group_by: ["rollup"],
    filter: null,
    probe: {
      tier: "tracepoint",
      lost: 0,
      lost_bytes: 0,
      unattributed: 0,
      flows: FLEET_ROWS,
      tracked: FLEET_ROWS,
      capacity: 65_536,
      waiting: 0,
      backwards: 0,
      closed_buffer_fill: 0,
      cpu_user_ms: 5,
      cpu_system_ms: 3,
      memory_bytes: 64_172_032,
    },
    flows,
  });
}

const ID = /"id":"[0-9a-f-]{36}"/;

/** The same snapshot as if it were another. */
export function renewed(text: string): string {
  return text.replace(ID, `"id":"${randomUUID()}"`);
}
