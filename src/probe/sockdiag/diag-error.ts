import { getSystemErrorMap } from "node:util";
import { EbpfError } from "../../ebpf/index.ts";
import { NpmonError } from "../../error/error.ts";

/** Protocol number of <linux/netlink.h>. */
export const NETLINK_SOCK_DIAG = 4;

const ABSENT: ReadonlySet<string> = new Set([
  "ENOENT",
  "EPROTONOSUPPORT",
  "EAFNOSUPPORT",
  "EOPNOTSUPP",
  "EINVAL",
]);
const FORBIDDEN: ReadonlySet<string> = new Set(["EPERM", "EACCES"]);

/** What a person can do about an errno of NETLINK_SOCK_DIAG, which no ordinary system forbids to anyone. */
export function diagError(errno: number, cause?: unknown): NpmonError {
  const name = getSystemErrorMap().get(-errno)?.[0] ?? `errno ${errno}`;
  return nameError(name, cause);
}

/** The same for a failure of a call on the netlink socket. Errors of other kinds pass unchanged. */
export function sockDiagFailure(cause: unknown): unknown {
  return cause instanceof EbpfError && cause.errno !== null ? nameError(cause.errno, cause) : cause;
}

function nameError(name: string, cause: unknown): NpmonError {
  if (ABSENT.has(name)) {
    return new NpmonError(
      "unsupported",
      `this kernel does not list its TCP sockets over netlink (${name})`,
      "Load the modules: sudo modprobe -a inet_diag tcp_diag; or use a kernel with CONFIG_INET_DIAG and CONFIG_INET_TCP_DIAG.",
      cause,
    );
  }
  if (FORBIDDEN.has(name)) {
    return new NpmonError(
      "privilege",
      `npmon may not ask the kernel for its TCP sockets over netlink (${name})`,
      "A seccomp filter or a security module forbids NETLINK_SOCK_DIAG to this process: allow it, or run npmon outside.",
      cause,
    );
  }
  return new NpmonError(
    "internal",
    `the kernel broke off its list of TCP sockets (${name})`,
    "Is the machine out of memory? npmon tried several times.",
    cause,
  );
}
