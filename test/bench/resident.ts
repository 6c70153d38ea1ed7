import { readFileSync } from "node:fs";

/** Resident memory of a process, bytes. */
export interface Resident {
  readonly total: number;
  /** V8's heap and malloc. */
  readonly anonymous: number;
  /** Code and data of node and of libraries, which other programs share. */
  readonly code: number;
  /** BPF maps as far as they are mapped: kernel memory that counts here too. */
  readonly maps: number;
  /** The most it ever was. */
  readonly peak: number;
}

export const RESIDENT_COLUMNS = ["RSS MiB", "anonymous MiB", "code MiB", "BPF maps MiB", "peak MiB"] as const;

const BPF_MAP = "anon_inode:bpf-map";
const MIB = 2 ** 20;

/** `null` when the process has ended. */
export function readResident(pid: number): Resident | null {
  try {
    const peak = kibibytes(readFileSync(`/proc/${pid}/status`, "utf8"), "VmHWM");
    const sums = sumMappings(readFileSync(`/proc/${pid}/smaps`, "utf8"));
    if (peak === null || sums.total === 0) return null;
    return { ...sums, code: sums.total - sums.anonymous - sums.maps, peak: Math.max(peak, sums.total) };
  } catch {
    return null;
  }
}

/** In the order of {@link RESIDENT_COLUMNS}. */
export function residentCells({ total, anonymous, code, maps, peak }: Resident): readonly number[] {
  return [total, anonymous, code, maps, peak].map((bytes) => bytes / MIB);
}

function kibibytes(text: string, name: string): number | null {
  const value = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
  return value === undefined ? null : Number(value) * 1024;
}

/** All from one reading: a program that is ending unmaps one thing after the other. */
function sumMappings(smaps: string): Pick<Resident, "total" | "anonymous" | "maps"> {
  const sums = { total: 0, anonymous: 0, maps: 0 };
  let isMap = false;
  for (const line of smaps.split("\n")) {
    if (/^[0-9a-f]+-/.test(line)) isMap = line.endsWith(BPF_MAP);
    const [, name, value] = /^(Rss|Anonymous): +(\d+) kB$/.exec(line) ?? [];
    const bytes = Number(value ?? 0) * 1024;
    if (name === "Anonymous") sums.anonymous += bytes;
    if (name !== "Rss") continue;
    sums.total += bytes;
    if (isMap) sums.maps += bytes;
  }
  return sums;
}
