import { release } from "node:os";
import { ended, startEcho, startNpmon, tracing } from "../commands/npmon.ts";
import { withNamespace } from "../traffic/namespace.ts";
import { type Facts, findFacts } from "./facts.ts";

// A program: what matrix.test.ts runs in each guest. Prints Report as JSON.

export const EXCHANGED_BYTES = 1_234_567;

export interface Report {
  readonly release: string;
  readonly facts: Facts;
  /** What `ping` says of a round trip through a veth pair to another network namespace. */
  readonly ping: string;
  /** Only when it was asked for, with the word `export`. */
  readonly exported: Exported | null;
}

/** What npmon said of {@link EXCHANGED_BYTES} that this process sent to itself and back. */
export interface Exported {
  readonly status: number | string;
  readonly stdout: string;
  readonly stderr: string;
  readonly pid: number;
  readonly port: number;
}

async function exportLoopback(): Promise<Exported> {
  const echo = await startEcho();
  const child = startNpmon(["export", "--json", "-d", "1", "-g", "flow", "--probe", "tracepoint"]);
  const end = ended(child);
  await tracing(child);
  await echo.exchange(EXCHANGED_BYTES);
  const result = await end;
  await echo.close();
  return { ...result, pid: process.pid, port: echo.port };
}

if (process.argv[1] === import.meta.filename) {
  const report: Report = {
    release: release(),
    facts: findFacts(),
    ping: await withNamespace(({ run, hostAddress }) => run("ping", "-c", "1", "-W", "5", hostAddress)),
    exported: process.argv.includes("export") ? await exportLoopback() : null,
  };
  console.log(JSON.stringify(report));
}
