import { closeSync, readSync } from "node:fs";
import { failure } from "./error.ts";
import { libbpf } from "./libbpf.ts";
import type { Link } from "./link.ts";

/** The kernel gives at most 32 KiB a read (`bpf_seq_read`, seq_file.c's PAGE_SIZE << 3). */
const READ_BYTES = 64 * 1024;

/** An attached iterator (kernel 5.8): each run walks all the objects once, calling the program on each. */
export class IteratorLink {
  readonly #program: string;
  readonly #link: Link;
  readonly #scratch = Buffer.allocUnsafeSlow(READ_BYTES);

  /** @internal */
  constructor(program: string, link: Link) {
    this.#program = program;
    this.#link = link;
  }

  /**
   * Walks once and throws away what the program printed: for programs that write into maps, for which the whole
   * walk is one system call. Blocks until done. Throws `iterator`, and `misuse` after the close.
   */
  run(): void {
    this.#walk(() => {});
  }

  /** Walks once and returns what the program wrote with `bpf_seq_write` or BPF_SEQ_PRINTF. Errors as {@link run}. */
  read(): Buffer {
    const chunks: Buffer[] = [];
    this.#walk((length) => chunks.push(Buffer.from(this.#scratch.subarray(0, length))));
    return Buffer.concat(chunks);
  }

  /** Detaches the iterator. Idempotent. */
  close(): void {
    this.#link.close();
  }

  #walk(onOutput: (length: number) => void): void {
    const fd = libbpf().bpf_iter_create(this.#link.fd);
    if (fd < 0) throw failure("iterator", `cannot start iterator "${this.#program}"`, fd);
    try {
      for (;;) {
        const length = this.#readSome(fd);
        if (length === 0) return;
        if (length > 0) onOutput(length);
      }
    } finally {
      closeSync(fd);
    }
  }

  /** Bytes read into the scratch buffer, 0 at the end, -1 when the kernel asks to be called again. */
  #readSome(fd: number): number {
    try {
      return readSync(fd, this.#scratch);
    } catch (cause) {
      // EAGAIN after MAX_ITER_OBJECTS (1,000,000) objects without output; the next read goes on from there.
      const { code, errno } = cause as NodeJS.ErrnoException;
      if (code === "EAGAIN" || code === "EINTR") return -1;
      throw failure("iterator", `iterator "${this.#program}" failed`, errno ?? 0, { cause });
    }
  }
}
