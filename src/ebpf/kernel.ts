import { closeSync } from "node:fs";
import { failure } from "./error.ts";
import { libbpf } from "./libbpf.ts";

const BPF_STATS_RUN_TIME = 0;

/** The libbpf that is in use. Throws `libbpf_missing`. */
export function libbpfVersion(): { readonly major: number; readonly minor: number; readonly text: string } {
  const bpf = libbpf();
  return {
    major: bpf.libbpf_major_version(),
    minor: bpf.libbpf_minor_version(),
    text: bpf.libbpf_version_string(),
  };
}

/** How many CPUs this kernel could ever have online: the values of an entry of a per-CPU map. */
export function possibleCpus(): number {
  const count = libbpf().libbpf_num_possible_cpus();
  if (count < 0) throw failure("system", "cannot read the number of possible CPUs", count);
  return count;
}

/**
 * Has the kernel time every BPF program on the host (kernel 5.8; some tens of nanoseconds a run) until closed by every
 * process that asked for it; read with `Program.info`. Close it yourself. Throws `not_permitted`, `system`.
 */
export function enableStats(): { close(): void } {
  const fd = libbpf().bpf_enable_stats(BPF_STATS_RUN_TIME);
  if (fd < 0) throw failure("system", "cannot enable the kernel's BPF statistics", fd);
  let open = true;
  return {
    close(): void {
      if (open) closeSync(fd);
      open = false;
    },
  };
}
