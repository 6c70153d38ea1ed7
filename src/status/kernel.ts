import { statSync } from "node:fs";
import { release } from "node:os";
import { type Finding, failing, limited, ok } from "./finding.ts";
import { readHostFile } from "./host-file.ts";

const BTF = "/sys/kernel/btf/vmlinux";
const LOCKDOWN = "/sys/kernel/security/lockdown";
/** The oldest that has what the eBPF tiers need. */
const OLDEST = [5, 13] as const;

export interface KernelFacts {
  /** `6.12.9-amd64` */
  readonly release: string;
  /** Node's word: `x64`. */
  readonly arch: string;
  /** Of its description of types; null when there is none. */
  readonly btfBytes: number | null;
  /** `none [integrity] confidentiality`; null when the kernel does not say. */
  readonly lockdown: string | null;
}

export function readKernel(): KernelFacts {
  return {
    release: release(),
    arch: process.arch,
    btfBytes: sizeOf(BTF),
    lockdown: readHostFile(LOCKDOWN),
  };
}

function sizeOf(path: string): number | null {
  try {
    return statSync(path).size;
  } catch {
    return null;
  }
}

/** Whether it is older than what npmon claims to work on. */
export function isOld(kernelRelease: string): boolean {
  const [major = 0, minor = 0] = kernelRelease.split(".").map((part) => Number.parseInt(part, 10));
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

/** @param wantsEbpf whether an eBPF tier is asked for */
export function checkKernel(
  { release: found, arch, btfBytes, lockdown }: KernelFacts,
  wantsEbpf: boolean,
): Finding[] {
  const value = `Linux ${found} ${arch}`;
  const old = `${value}, older than ${OLDEST.join(".")}, from which on the eBPF tiers work`;
  const kernel =
    wantsEbpf && isOld(found)
      ? limited("kernel", old, "Boot a later kernel; --probe sockdiag works on this one.")
      : ok("kernel", value);
  return [kernel, checkBtf(btfBytes, wantsEbpf), checkLockdown(lockdown, wantsEbpf)];
}

function checkBtf(bytes: number | null, wantsEbpf: boolean): Finding {
  if (bytes !== null) return ok("BTF", `${BTF}, ${(bytes / 2 ** 20).toFixed(1)} MiB`);
  const value = `${BTF} is missing`;
  return wantsEbpf
    ? failing(
        "BTF",
        "kernel",
        `${value}: this kernel does not describe its types`,
        "Boot a kernel with CONFIG_DEBUG_INFO_BTF=y, and mount sysfs at /sys; --probe sockdiag works without.",
      )
    : ok("BTF", `${value}; sockdiag does without`);
}

function checkLockdown(text: string | null, wantsEbpf: boolean): Finding {
  if (text === null) return ok("lockdown", "none that the kernel tells of");
  const mode = /\[(\w+)\]/.exec(text)?.[1] ?? text.trim();
  if (mode !== "confidentiality" || !wantsEbpf) return ok("lockdown", mode);
  return limited(
    "lockdown",
    "confidentiality: eBPF may not read kernel memory",
    "Boot without lockdown=confidentiality; with lockdown=integrity npmon works.",
  );
}
