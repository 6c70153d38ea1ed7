import { Counter, Gauge, Registry } from "prom-client";
import type { Store } from "../store/store.ts";

/** What Prometheus is told. */
export function createMetrics(store: Store) {
  const registry = new Registry();
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge("npmon_intake_snapshots", "Snapshots kept.", () => store.status().snapshots);
  gauge("npmon_intake_files", "Parquet files.", () => store.status().files);
  gauge("npmon_intake_parquet_bytes", "Bytes of Parquet.", () => store.status().bytes);
  gauge(
    "npmon_intake_journal_bytes",
    "Bytes acknowledged that are not in Parquet yet.",
    () => store.status().journalBytes,
  );
  gauge(
    "npmon_intake_damaged_files",
    "Files set aside because they could not be read.",
    () => store.status().damaged,
  );
  gauge("npmon_intake_memory_bytes", "Resident memory.", () => process.memoryUsage.rss());
  return {
    registry,
    requests: new Counter({
      name: "npmon_intake_requests_total",
      help: "Requests by status.",
      labelNames: ["status"] as const,
      registers,
    }),
    received: new Counter({
      name: "npmon_intake_received_total",
      help: "Snapshots by what became of them: accepted, duplicate, rejected.",
      labelNames: ["outcome"] as const,
      registers,
    }),
    failures: new Counter({
      name: "npmon_intake_maintenance_failures_total",
      help: "Times that writing, joining or deleting files failed.",
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
