import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Config } from "../config/config.ts";
import { UNIT, UNIT_FILE } from "../deploy/systemd.ts";
import { formatBytes } from "../view/format.ts";
import { type Finding, failing, limited, ok } from "./finding.ts";
import { readHostFile } from "./host-file.ts";

const BUDGET_MS = 150;
const MAX_SPOOL_FILES = 100_000;
/** A spool fuller than this soon drops what is oldest. */
const CROWDED = 0.8;

export interface Spool {
  /** `absent` until the first snapshot waits in it. */
  readonly state: "absent" | "denied" | "read";
  readonly files: number;
  readonly bytes: number;
}

export interface ForwarderFacts {
  readonly enabled: boolean;
  readonly destinations: number;
  /** Where its unit is installed. */
  readonly hasUnit: boolean;
  /** Of the process; null where none was found. */
  readonly pid: number | null;
  /** It runs as the unit. */
  readonly isUnit: boolean;
  readonly spoolDir: string;
  readonly spoolMaxBytes: number;
  readonly spool: Spool;
  /** When an intake last took a snapshot, ISO 8601; null where that is not known. */
  readonly lastDelivery: string | null;
}

/** @param readLastDelivery what the forwarder itself says of it */
export function readForwarder(
  { enabled, forward, procRoot }: Config,
  readLastDelivery: (config: Config["forward"]) => string | null = () => null,
): ForwarderFacts {
  const pid = findForwarder(procRoot);
  const cgroup = pid === null ? null : readHostFile(`${procRoot}/${pid}/cgroup`);
  return {
    enabled,
    destinations: forward.destinations.length,
    hasUnit: existsSync(UNIT_FILE),
    pid,
    isUnit: cgroup?.includes(`/${UNIT}`) ?? false,
    spoolDir: forward.spoolDir,
    spoolMaxBytes: forward.spoolMaxBytes,
    spool: readSpool(forward.spoolDir),
    lastDelivery: pid === null ? null : readLastDelivery(forward),
  };
}

/** The first process that is `npmon forward`. */
function findForwarder(procRoot: string): number | null {
  const deadline = performance.now() + BUDGET_MS;
  let names: string[] = [];
  try {
    names = readdirSync(procRoot);
  } catch {}
  for (const name of names) {
    if (!/^\d+$/.test(name)) continue;
    if (performance.now() > deadline) return null;
    const words = readHostFile(`${procRoot}/${name}/cmdline`, 4096)?.split("\0") ?? [];
    const npmon = words.slice(0, 3).findIndex((word) => /(?:^|\/)npmon(?:\.js)?$/.test(word));
    if (npmon >= 0 && words[npmon + 1] === "forward") return Number(name);
  }
  return null;
}

function readSpool(folder: string): Spool {
  try {
    const names = readdirSync(folder).slice(0, MAX_SPOOL_FILES);
    let files = 0;
    let bytes = 0;
    for (const name of names) {
      const found = statSync(join(folder, name), { throwIfNoEntry: false });
      if (found === undefined || !found.isFile()) continue;
      files++;
      bytes += found.size;
    }
    return { state: "read", files, bytes };
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === "ENOENT";
    return { state: isAbsent ? "absent" : "denied", files: 0, bytes: 0 };
  }
}

export function checkForwarder(facts: ForwarderFacts): Finding[] {
  return [checkProcess(facts), checkSpool(facts)];
}

function checkProcess({
  enabled,
  destinations,
  hasUnit,
  pid,
  isUnit,
  lastDelivery,
}: ForwarderFacts): Finding {
  const name = "forwarder";
  if (pid === null && !enabled)
    return ok(name, "not running, and not enabled: `npmon enable --systemd` does both");
  if (pid === null && destinations === 0) {
    const value = "enabled, but not running, and it has nowhere to send to";
    return failing(name, "fault", value, "npmon enable --systemd --intake URL");
  }
  if (pid === null) {
    const remedy = hasUnit
      ? `systemctl start ${UNIT}; journalctl -u ${UNIT} says why it ended`
      : "npmon enable --systemd";
    return failing(name, "fault", "enabled, but not running", remedy);
  }
  const where = isUnit ? `process ${pid}, as ${UNIT}` : `process ${pid}`;
  const value = `${where}; last delivery ${lastDelivery ?? "not known"}`;
  return enabled
    ? ok(name, value)
    : limited(name, `${value}; not enabled, so not after a restart`, "npmon enable --systemd");
}

function checkSpool({ spoolDir, spoolMaxBytes, spool, pid, enabled }: ForwarderFacts): Finding {
  const name = "spool";
  if (spool.state === "absent") return ok(name, `${spoolDir}: not there yet`);
  if (spool.state === "denied") {
    const value = `${spoolDir}: cannot be looked into`;
    return pid !== null || enabled
      ? limited(name, value, `ls -ld ${spoolDir}; root can: sudo npmon status`)
      : ok(name, value);
  }
  const size = `${formatBytes(spool.bytes, "auto")} of ${formatBytes(spoolMaxBytes, "auto")}`;
  const value = `${spoolDir}: ${spool.files} waiting, ${size}`;
  if (spool.bytes < spoolMaxBytes * CROWDED) return ok(name, value);
  return limited(
    name,
    `${value}: soon the oldest are dropped`,
    "See that an intake takes them, or raise npmon.forward.spool_max_size.",
  );
}
