import { join } from "node:path";
import { NPMON } from "../commands/npmon.ts";
import type { WatcherProgram } from "./watcher.ts";

const PER_CALL = join(import.meta.dirname, "per-call.bt");
/** bpftrace finds tracepoints only where tracefs is mounted; nobody but it sees this mount. */
const WITH_TRACEFS =
  'mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing; exec "$@"';
/** More than its default of 4,096 connections. */
const MAP_KEYS = "BPFTRACE_MAP_KEYS_MAX=65536";
/** What a header needs: whoever counts bytes by packet needs no more. */
const SNAP_BYTES = 128;

/** npmon as a person runs it. */
export const NPMON_TOP: WatcherProgram = {
  name: "npmon",
  command: [process.execPath, NPMON, "top", "-b", "-d", "1"],
  ready: /^npmon: tracing/m,
};

/** The least that a tool can do that looks at packets: take their headers and throw them away. */
export function tcpdump(device: string): WatcherProgram {
  return {
    name: "tcpdump",
    command: ["tcpdump", "-i", device, "-Z", "root", "-s", String(SNAP_BYTES), "-w", "/dev/null"],
    ready: /listening on/,
  };
}

/** Stands for tools that hook the system calls that send and receive. */
export const PER_CALL_HOOKS: WatcherProgram = {
  name: "bpftrace per call",
  command: [
    ...["unshare", "--mount", "--propagation", "private", "--", "sh", "-c", WITH_TRACEFS, "sh"],
    ...["env", MAP_KEYS, "bpftrace", PER_CALL],
  ],
  ready: /per-call: at work/,
};

/** In text, sums in bytes since its start rather than rates. */
export function nethogs(device: string): WatcherProgram {
  return {
    name: "nethogs",
    command: ["nethogs", "-t", "-v", "2", "-d", "1", "-a", device],
    ready: /^Refreshing:/m,
  };
}

/**
 * In text, without names for addresses; one line of connections, for its sums count them all. What it prints would stay in
 * a buffer that it does not empty at its end.
 */
export function iftop(device: string): WatcherProgram {
  return {
    name: "iftop",
    command: ["stdbuf", "-oL", "iftop", "-t", "-B", "-n", "-N", "-P", "-L", "1", "-i", device],
    ready: /^Listening on/m,
  };
}
