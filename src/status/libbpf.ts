import { EbpfError, libbpfVersion } from "../ebpf/index.ts";
import { type Finding, failing, ok } from "./finding.ts";

/** The version; null where there is none. */
export function readLibbpf(): string | null {
  try {
    return libbpfVersion().text;
  } catch (error) {
    if (error instanceof EbpfError) return null;
    throw error;
  }
}

/** @param wantsEbpf whether an eBPF tier is asked for */
export function checkLibbpf(version: string | null, wantsEbpf: boolean): Finding {
  if (version !== null) return ok("libbpf", version);
  return wantsEbpf
    ? failing(
        "libbpf",
        "fault",
        "libbpf.so.1 is not installed",
        "apt-get install libbpf1 (Debian, Ubuntu), dnf install libbpf (Fedora)",
      )
    : ok("libbpf", "not installed; sockdiag does without");
}
