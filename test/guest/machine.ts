import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable } from "node:stream";

export interface MachineOptions {
  readonly vmlinuz: string;
  /** Open for reading; read as the initramfs. */
  readonly initramfsFd: number;
  readonly memoryMb: number;
  /** The machine is destroyed when it has not powered off by then. */
  readonly timeoutMs: number;
}

/** What a machine sent until it powered off. */
export interface MachineOutput {
  /** The first serial port. */
  readonly console: string;
  /** The second one. */
  readonly verdict: Buffer;
  readonly timedOut: boolean;
}

/**
 * KVM is not to be had in a virtual machine. Without cx16 because QEMU 7.2, when it emulates two processors at a time,
 * spoils the flags of the cmpxchg16b with which Linux 6.12 allocates: double faults in kmem_cache_alloc.
 */
const PROCESSOR = ["-accel", "tcg", "-cpu", "qemu64,-cx16", "-smp", "2"];
/**
 * No defence against attacks on the processor, which an emulated one pays for dearly. The time from the processor, for
 * Linux mistrusts an emulated one and would ask a device for every packet. A panic powers off.
 */
const KERNEL_PARAMETERS =
  "console=ttyS0 quiet mitigations=off no_timer_check tsc=reliable panic=-1 rdinit=/init";

/** Runs a machine until it powers off. It does not outlive this process, however that ends. */
export async function runMachine(options: MachineOptions): Promise<MachineOutput> {
  const machine = [
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", ...PROCESSOR],
    ...["-m", String(options.memoryMb), "-kernel", options.vmlinuz, "-append", KERNEL_PARAMETERS],
    ...["-initrd", "/proc/self/fd/4", "-serial", "stdio"],
    ...["-chardev", "socket,id=verdict,fd=3", "-serial", "chardev:verdict"],
  ];
  const child = spawn("setpriv", ["--pdeathsig", "KILL", "qemu-system-x86_64", ...machine], {
    stdio: ["ignore", "pipe", "pipe", "pipe", options.initramfsFd],
  });
  const parts = [child.stdout, child.stderr, child.stdio[3]].map((stream) => collect(stream as Readable));
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    child.kill("SIGKILL");
  }, options.timeoutMs);
  try {
    await once(child, "close");
  } finally {
    clearTimeout(timer);
  }
  const [console = Buffer.alloc(0), complaints, verdict = Buffer.alloc(0)] = parts.map((each) =>
    Buffer.concat(each),
  );
  return { console: `${console}${complaints}`, verdict, timedOut };
}

function collect(stream: Readable): readonly Buffer[] {
  const parts: Buffer[] = [];
  stream.on("data", (part: Buffer) => parts.push(part));
  return parts;
}
