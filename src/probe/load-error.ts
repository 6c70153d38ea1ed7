import { EbpfError } from "../ebpf/index.ts";
import { NpmonError } from "../error/error.ts";

/** Turns a failure of the BPF library into the error a person can act on. Errors of other kinds pass unchanged. */
export function probeError(cause: unknown, objectPath: string): unknown {
  if (!(cause instanceof EbpfError)) return cause;
  switch (cause.code) {
    case "libbpf_missing":
      return new NpmonError(
        "libbpf_missing",
        "libbpf.so.1 is not installed",
        "Install it: apt-get install libbpf1 (Debian, Ubuntu), dnf install libbpf (Fedora).",
        cause,
      );
    case "not_permitted":
      return new NpmonError(
        "privilege",
        "the kernel does not let this user load BPF programs (EPERM)",
        "Run as root: sudo npmon …, or give the process CAP_BPF, CAP_PERFMON, CAP_NET_ADMIN and CAP_SYS_PTRACE.",
        cause,
      );
    default:
      return new NpmonError(
        "bpf_load",
        cause.message.replaceAll(/\s*\n\s*/g, ": "),
        `The README lists the kernels that npmon works on; ${objectPath} is made anew by npm run bpf.`,
        cause,
      );
  }
}
