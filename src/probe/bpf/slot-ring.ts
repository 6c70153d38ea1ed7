import type { MappedMap } from "../../ebpf/index.ts";
import { CONTROL, CONTROL_OFFSET } from "./layout.generated.ts";

/** As in bpf/sockets.h. */
const SLOTS_A_LINE = 64;

/** Entries that `used_slots` needs for slots 1..capacity. */
export function usedLines(capacity: number): number {
  return Math.floor(capacity / SLOTS_A_LINE) + 1;
}

export interface SlotRingOptions {
  /** Slots that there are, 1..capacity. */
  readonly capacity: number;
  /** The object's .bss, mapped. */
  readonly control: DataView;
  /** `free_slots`, `used_slots` of bpf/sockets.h. */
  readonly free: MappedMap;
  readonly used: MappedMap;
}

/** The slots that nobody uses: programs take them at the head, here they are given back at the tail. */
export class SlotRing {
  readonly #options: SlotRingOptions;
  #tail = 0;

  /** All slots are free then. */
  constructor(options: SlotRingOptions) {
    this.#options = options;
    const { capacity, free } = options;
    // Whole words at once, for there are many; their upper halves are 0 as the kernel made them.
    const words = new Uint32Array(free.buffer);
    const step = free.stride / Uint32Array.BYTES_PER_ELEMENT;
    for (let slot = 1; slot <= capacity; slot++) words[(slot - 1) * step] = slot;
    this.#moveTail(capacity);
  }

  /** Lines of `used_slots`, which is what a walk goes through. */
  get lines(): number {
    return usedLines(this.#options.capacity);
  }

  get freeCount(): number {
    const taken = this.#options.control.getBigUint64(CONTROL_OFFSET + CONTROL.freeHead, true);
    return this.#tail - Number(taken);
  }

  /** Each of them must have been taken, and given back only once: its flow has ended and nobody looks at it any more. */
  giveBack(slots: readonly number[]): void {
    const { capacity, free, used } = this.#options;
    for (const slot of slots) {
      used.view.setUint8(slot, 0);
      free.view.setBigUint64((this.#tail % capacity) * free.stride, BigInt(slot), true);
      this.#tail++;
    }
    this.#moveTail(this.#tail);
  }

  /** After the entries: programs take what lies before it. */
  #moveTail(tail: number): void {
    this.#tail = tail;
    const { control } = this.#options;
    control.setBigUint64(CONTROL_OFFSET + CONTROL.freeTail, BigInt(tail), true);
  }
}
