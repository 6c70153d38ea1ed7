import type { SnapshotProbe, Tier } from "../snapshot/snapshot.ts";
import type { SqlRow } from "./duckdb.ts";
import type { HostCoverage } from "./store.ts";

export interface Report {
  /** The one host that reported, or how many did. */
  readonly host: string;
  /** What their snapshots measured together, ms. */
  readonly coveredMs: number;
  readonly probe: SnapshotProbe;
}

/** Rows of `reportsSql`. */
export interface Reports {
  /** Of a step, from 0. */
  of(step: number): Report;
  readonly hosts: readonly HostCoverage[];
}

export function readReports(rows: readonly SqlRow[]): Reports {
  const byStep = new Map(rows.flatMap((row) => (row.step === null ? [] : [[Number(row.step), row]])));
  const hosts = rows.filter(({ step }) => step === null).map(hostOf);
  return { of: (step) => reportOf(byStep.get(step)), hosts: Object.freeze(hosts) };
}

function hostOf(row: SqlRow): HostCoverage {
  return Object.freeze({
    host: String(row.host),
    firstMs: Number(row.first),
    lastMs: Number(row.last),
    intervalMs: Number(row.interval),
  });
}

/** The most exact first. */
const TIERS: readonly Tier[] = ["kprobe", "tracepoint", "sockdiag"];

/** `undefined` where nobody reported. */
function reportOf(row: SqlRow | undefined): Report {
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
  return { host: hosts === 1 ? String(row?.host) : `${hosts} hosts`, coveredMs: number("covered"), probe };
}

function reasonOf(hosts: number, tiers: readonly string[]): { readonly reason?: string } {
  if (hosts === 0) return { reason: "no host reported" };
  return tiers.length < 2 ? {} : { reason: `of ${hosts} hosts ${tiers.join(", ")}` };
}
