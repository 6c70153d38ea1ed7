import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { compileProgram } from "../traffic/compile.ts";
import type { Rate } from "./beside.ts";

const SOURCE = join(import.meta.dirname, "calls.c");
const NS = 1e9;
const execFileDone = promisify(execFile);

/** What calls.c can do; `size` is of one write, bytes. */
export type Calls =
  | { readonly kind: "udp"; readonly socket: "connected" | "unconnected" }
  | { readonly kind: "tcp" | "stream"; readonly size: number };

/** Makes the calls in a process of their own. Of `udp` and `tcp`, one is a send and a receive. */
export async function measureCalls(calls: Calls, count: number): Promise<Rate> {
  const kind = calls.kind === "udp" ? calls.socket : String(calls.size);
  const { stdout } = await execFileDone(compileProgram([SOURCE]), [calls.kind, kind, String(count)]);
  const [wallNs = 0, cpuNs = 0] = stdout.split(" ").map(Number);
  return { perSecond: (count * NS) / wallNs, perCpuSecond: (count * NS) / cpuNs };
}
