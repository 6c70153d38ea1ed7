import { libbpf } from "./libbpf.ts";
import { Lifetime } from "./lifetime.ts";
import type { Pointer } from "./native.ts";

/**
 * A program attached to its hook. The kernel detaches it when the link is closed, when the object is, or when the
 * process ends in whatever way.
 */
export class Link {
  readonly #link: Pointer;
  readonly #fd: number;
  readonly #lifetime: Lifetime;
  readonly #forget: () => void;

  /** @internal */
  constructor(program: string, link: Pointer, parent: Lifetime) {
    this.#link = link;
    this.#fd = libbpf().bpf_link__fd(link);
    this.#lifetime = new Lifetime(`the link of program "${program}"`);
    this.#forget = parent.adopt(() => this.close());
  }

  /** The link's descriptor; do not close it. Throws `misuse` after the close. */
  get fd(): number {
    this.#lifetime.check();
    return this.#fd;
  }

  /** Detaches the program. Idempotent. */
  close(): void {
    if (!this.#lifetime.end()) return;
    this.#forget();
    libbpf().bpf_link__destroy(this.#link);
  }
}
