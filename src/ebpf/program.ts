import { closeSync, constants, openSync } from "node:fs";
import { checkInteger, checkText } from "./argument.ts";
import { EbpfError, failure, misuse } from "./error.ts";
import { IteratorLink } from "./iterator.ts";
import { attachIterator, libbpf, orErrno, runProgram } from "./libbpf.ts";
import type { Lifetime } from "./lifetime.ts";
import { Link } from "./link.ts";
import type { Pointer } from "./native.ts";
import { withWarnings } from "./warnings.ts";

const BPF_TRACE_ITER = 28;
/** CGROUP_SKB, CGROUP_SOCK, SOCK_OPS, CGROUP_DEVICE, CGROUP_SOCK_ADDR, CGROUP_SYSCTL, CGROUP_SOCKOPT */
const CGROUP_TYPES: ReadonlySet<number> = new Set([8, 9, 13, 15, 18, 23, 25]);
/** `struct bpf_prog_info` grew to 232 bytes by kernel 6.1; the kernel fills what fits and says how much. */
const INFO_BYTES = 256;
/** `union bpf_iter_link_info`, 16 bytes since kernel 6.1; older kernels take it when the tail is zero. */
const LINK_INFO_BYTES = 16;
const BPF_PROG_TYPE_RAW_TRACEPOINT = 17;

/** What the kernel knows of a loaded program. */
export interface ProgramInfo {
  /** The kernel's number of the program, as `bpftool prog` shows it. */
  readonly id: number;
  /** Nanoseconds spent running, and runs, while statistics were enabled (`enableStats`); 0 otherwise. */
  readonly runTimeNs: bigint;
  readonly runCount: bigint;
  /** Runs skipped because the program was running on that CPU already (kernel 5.12). */
  readonly recursionMisses: bigint;
  /** Instructions the verifier walked through (kernel 5.16). */
  readonly verifiedInstructions: number;
}

/** A program of a loaded object; lives until that is closed. */
export class Program {
  readonly name: string;
  /** The ELF section, which says the hook: `tp_btf/inet_sock_set_state`. */
  readonly section: string;
  readonly #program: Pointer;
  readonly #lifetime: Lifetime;

  /** @internal */
  constructor(program: Pointer, lifetime: Lifetime) {
    this.#program = program;
    this.#lifetime = lifetime;
    this.name = libbpf().bpf_program__name(program);
    this.section = libbpf().bpf_program__section_name(program);
  }

  /** The program's descriptor; belongs to the object, do not close it. Throws `misuse` when it was not loaded. */
  get fd(): number {
    return this.#fd();
  }

  /**
   * Attaches to the hook that the section names. Throws `attach`, `not_permitted`; `misuse` for iterators, which
   * have {@link attachIterator}, and cgroup programs, which have {@link attachCgroup}.
   */
  attach(): Link {
    this.#fd();
    if (this.#isIterator()) throw misuse(`program "${this.name}" is an iterator: use attachIterator()`);
    if (this.#isForCgroup())
      throw misuse(`program "${this.name}" is for a control group: use attachCgroup()`);
    return this.#link(() => libbpf().bpf_program__attach(this.#program));
  }

  /** Attaches a `cgroup…` or `sockops` program to the control group (v2) at this path. Throws as {@link attach}. */
  attachCgroup(path: string): Link {
    this.#fd();
    // libbpf 1.1 would attach a tracing program here, to its tracepoint, and say nothing of the control group.
    if (!this.#isForCgroup())
      throw misuse(`program "${this.name}" (${this.section}) is not for a control group`);
    const cgroupFd = openDirectory(checkText("the path of a control group", path));
    try {
      return this.#link(() => libbpf().bpf_program__attach_cgroup(this.#program, cgroupFd));
    } finally {
      closeSync(cgroupFd);
    }
  }

  /**
   * Runs a `raw_tp` program once, now and here, attached or not (kernel 5.10). One that reads its context is refused,
   * for there is none. Blocks until it has returned. Throws `run`; `misuse` for other kinds of program.
   */
  run(): void {
    const fd = this.#fd();
    if (libbpf().bpf_program__type(this.#program) !== BPF_PROG_TYPE_RAW_TRACEPOINT) {
      throw misuse(`program "${this.name}" (${this.section}) cannot be run: that takes a raw_tp program`);
    }
    const result = runProgram(fd);
    if (result < 0) throw failure("run", `cannot run program "${this.name}"`, result, { program: this.name });
  }

  /** Attaches an `iter/…` program; `pid` keeps task iterators to one process (kernel 6.1; older ones refuse it). */
  attachIterator(options: { readonly pid?: number } = {}): IteratorLink {
    this.#fd();
    if (!this.#isIterator()) throw misuse(`program "${this.name}" (${this.section}) is not an iterator`);
    const info = options.pid === undefined ? null : linkInfo(options.pid);
    return new IteratorLink(
      this.name,
      this.#link(() => attachIterator(this.#program, info)),
    );
  }

  /** Kernel statistics, at the cost of one system call. Throws `system`. */
  info(): ProgramInfo {
    const info = Buffer.alloc(INFO_BYTES);
    const result = libbpf().bpf_obj_get_info_by_fd(this.#fd(), info, Uint32Array.of(INFO_BYTES));
    if (result < 0) throw failure("system", `cannot read the statistics of program "${this.name}"`, result);
    const view = new DataView(info.buffer, info.byteOffset, info.byteLength);
    const native = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
    return {
      id: view.getUint32(4, native),
      runTimeNs: view.getBigUint64(192, native),
      runCount: view.getBigUint64(200, native),
      recursionMisses: view.getBigUint64(208, native),
      verifiedInstructions: view.getUint32(216, native),
    };
  }

  #isIterator(): boolean {
    return libbpf().bpf_program__expected_attach_type(this.#program) === BPF_TRACE_ITER;
  }

  #isForCgroup(): boolean {
    return CGROUP_TYPES.has(libbpf().bpf_program__type(this.#program));
  }

  #fd(): number {
    this.#lifetime.check();
    const fd = libbpf().bpf_program__fd(this.#program);
    if (fd < 0) throw misuse(`program "${this.name}" was not loaded: its autoload was off`);
    return fd;
  }

  #link(attach: () => Pointer | number | null): Link {
    const { result, warnings } = withWarnings(() => {
      const link = attach();
      return typeof link === "number" ? link : orErrno(link);
    });
    if (typeof result !== "number") return new Link(this.name, result, this.#lifetime);
    const why = warnings.length === 0 ? "" : ` (${warnings.join("; ")})`;
    throw failure("attach", `cannot attach program "${this.name}" to ${this.section}${why}`, result, {
      program: this.name,
    });
  }
}

function linkInfo(pid: number): Uint8Array {
  const words = new Uint32Array(LINK_INFO_BYTES / 4);
  words[1] = checkInteger("pid", pid, 1, 0x7fff_ffff);
  return new Uint8Array(words.buffer);
}

function openDirectory(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (cause) {
    const errno = (cause as NodeJS.ErrnoException).code ?? null;
    throw new EbpfError("attach", `cannot open the control group ${path} (${errno})`, { errno, cause });
  }
}
