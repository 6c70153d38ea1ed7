import type { SnapshotProbe, Tier } from "../snapshot/snapshot.ts";
import type { SqlRow } from "./duckdb.ts";

export interface Report {
  /** The one host that reported, or how many did. */
  readonly host: string;
  readonly probe: SnapshotProbe;
}

/** The most exact first. */
const TIERS: readonly Tier[] = ["kprobe", "tracepoint", "sockdiag"];

/** Of a row of `reportsSql`; `undefined` where nobody reported. */
export function reportOf(row: SqlRow | undefined): Report {
  const number = (name: string): number => Math.min(Number(row?.[name] ?? 0), Number.MAX_SAFE_INTEGER);
  const hosts = number("hosts");
  const tiers = TIERS.filter((tier) => number(tier) > 0);
  const lostNames = number("lost_names");
  const probe: SnapshotProbe = Object.freeze({
    // all of them count at least as exactly
    tier: tiers.at(-1) ?? "sockdiag",
    ...reasonOf(
      hosts,
      tiers.map((tier) => `${number(tier)} ${tier}`),
    ),
    lost: number("lost"),
    lost_bytes: number("lost_bytes"),
    ...(lostNames > 0 && { lost_names: lostNames }),
    unattributed: number("unattributed"),
    flows: number("flows"),
    tracked: number("tracked"),
    capacity: number("capacity"),
    waiting: number("waiting"),
    backwards: number("backwards"),
    closed_buffer_fill: Math.min(1, number("closed_buffer_fill")),
    cpu_user_ms: number("cpu_user_ms"),
    cpu_system_ms: number("cpu_system_ms"),
    memory_bytes: number("memory_bytes"),
  });
  return { host: hosts === 1 ? String(row?.host) : `${hosts} hosts`, probe };
}

function reasonOf(hosts: number, tiers: readonly string[]): { readonly reason?: string } {
  if (hosts === 0) return { reason: "no host reported" };
  return tiers.length < 2 ? {} : { reason: `of ${hosts} hosts ${tiers.join(", ")}` };
}
