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
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const total = kibibytes(status, "VmRSS");
    if (total === null) return null;
    const maps = mappedBytes(readFileSync(`/proc/${pid}/smaps`, "utf8"), BPF_MAP);
    const file = (kibibytes(status, "RssFile") ?? 0) + (kibibytes(status, "RssShmem") ?? 0);
    return {
      total,
      anonymous: kibibytes(status, "RssAnon") ?? 0,
      code: file - maps,
      maps,
      peak: kibibytes(status, "VmHWM") ?? total,
    };
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

function mappedBytes(smaps: string, path: string): number {
  let bytes = 0;
  let wanted = false;
  for (const line of smaps.split("\n")) {
    if (/^[0-9a-f]+-/.test(line)) wanted = line.endsWith(path);
    else if (wanted) bytes += kibibytes(line, "Rss") ?? 0;
  }
  return bytes;
}
