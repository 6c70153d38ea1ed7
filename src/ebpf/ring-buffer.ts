import { endianness } from "node:os";
import { type EbpfError, misuse } from "./error.ts";
import { pageSize } from "./libc.ts";
import { Lifetime } from "./lifetime.ts";
import { Mapping } from "./mapping.ts";
import { ReadOnlyView } from "./read-only-view.ts";

/**
 * Is given the view, the same one each time, and where in it the record's payload lies. The view is only good until
 * the callback returns: the kernel writes over records that have been consumed. To keep bytes, copy them.
 */
export type OnRecord = (view: ReadOnlyView, offset: number, length: number) => void;

/** The low half of a 64-bit word, as an index into Int32s. */
const LOW = endianness() === "LE" ? 0 : 1;
const HEADER_BYTES = 8;
const DISCARDED = 0x4000_0000;
const LENGTH = 0x3fff_ffff;

/**
 * A BPF_MAP_TYPE_RINGBUF (kernel 5.8), read in place: no libbpf, no call and no copy a record. The kernel lets the data
 * area be mapped twice in a row, so that a record that wraps is contiguous too; of the second time only as much is as
 * the longest record needs, for each page of it counts again as memory of this process.
 *
 * Opened by `BpfMap.openRingBuffer`; closed by `close`, or with its object, after which every method throws `misuse`.
 */
export class RingBuffer {
  /** Bytes of records, headers included, that fit before programs start losing them. */
  readonly capacityBytes: number;
  readonly #lifetime: Lifetime;
  readonly #close: () => void;
  readonly #consumer: BigInt64Array;
  readonly #consumerHalves: Int32Array;
  readonly #producer: BigInt64Array;
  readonly #producerHalves: Int32Array;
  readonly #headers: Int32Array;
  readonly #view: ReadOnlyView;
  readonly #longestRecordBytes: number;
  #consuming = false;

  /** @internal */
  constructor(
    name: string,
    fd: number,
    capacityBytes: number,
    longestRecordBytes: number,
    parent: Lifetime,
    onClose: () => void,
  ) {
    const page = pageSize();
    const wrapped = Math.min(capacityBytes, Math.ceil((HEADER_BYTES + longestRecordBytes) / page) * page);
    const consumer = Mapping.open(`ring buffer "${name}"`, fd, 0, page, true);
    let producer: Mapping;
    try {
      producer = Mapping.open(`ring buffer "${name}"`, fd, page, page + capacityBytes + wrapped, false);
    } catch (error) {
      consumer.close();
      throw error;
    }
    this.capacityBytes = capacityBytes;
    this.#longestRecordBytes = longestRecordBytes;
    this.#lifetime = new Lifetime(`ring buffer "${name}"`);
    this.#consumer = new BigInt64Array(consumer.buffer, 0, 1);
    this.#consumerHalves = new Int32Array(consumer.buffer, 0, 2);
    this.#producer = new BigInt64Array(producer.buffer, 0, 1);
    this.#producerHalves = new Int32Array(producer.buffer, 0, 2);
    this.#headers = new Int32Array(producer.buffer, page);
    this.#view = new ReadOnlyView(producer.buffer, page);
    const forget = parent.adopt(() => this.close());
    this.#close = () => {
      forget();
      consumer.close();
      producer.close();
      onClose();
    };
  }

  /**
   * Bytes between what has been consumed and what programs have reserved, headers and padding included;
   * 0..`capacityBytes`. Two loads from memory: meant to be polled.
   */
  pendingBytes(): number {
    this.#lifetime.check();
    return (Atomics.load(this.#producerHalves, LOW) - Atomics.load(this.#consumerHalves, LOW)) >>> 0;
  }

  /** How far programs have reserved, in bytes since the map was made: a limit for a later {@link consume}. */
  position(): number {
    this.#lifetime.check();
    return load(this.#producer);
  }

  /**
   * Hands over, oldest first, the records that begin before `limit`, by default the position at the time of the call;
   * stops before a record that a program has reserved and not yet submitted. Discarded records are skipped.
   *
   * Space is given back to programs every eighth of the capacity, at the end, and when `onRecord` throws, in which
   * case the record it threw on counts as consumed and the error goes on to the caller. So does a record that is longer
   * than was said when the ring buffer was opened: it throws `misuse`. `onRecord` may close the ring buffer; it must
   * not consume it.
   *
   * @returns how many records were handed over
   */
  consume(onRecord: OnRecord, limit?: number): number {
    const reserved = this.position();
    if (limit !== undefined && !(limit >= 0))
      throw misuse(`the limit must be a position, got ${String(limit)}`);
    if (this.#consuming) throw misuse("consume() is called from its own onRecord");
    const end = limit === undefined ? reserved : Math.min(limit, reserved);
    const capacity = this.capacityBytes;
    const headers = this.#headers;
    const view = this.#view;
    let position = load(this.#consumer);
    let committed = position;
    let offset = position % capacity;
    let records = 0;
    this.#consuming = true;
    try {
      while (position < end) {
        // The acquire that pairs with the kernel's xchg of the header in bpf_ringbuf_commit().
        const header = Atomics.load(headers, offset >>> 2);
        if (header < 0) break; // BPF_RINGBUF_BUSY_BIT is the sign
        const payload = offset + HEADER_BYTES;
        const length = header & LENGTH;
        const size = (HEADER_BYTES + length + 7) & ~7;
        position += size;
        offset = (offset + size) % capacity;
        if ((header & DISCARDED) === 0) {
          if (length > this.#longestRecordBytes) throw this.#tooLong(length);
          records++;
          onRecord(view, payload, length);
          if (this.#lifetime.ended) break;
        }
        if (position - committed >= capacity / 8) {
          store(this.#consumer, position);
          committed = position;
        }
      }
    } finally {
      this.#consuming = false;
      if (position !== committed) store(this.#consumer, position);
    }
    return records;
  }

  /** Idempotent. */
  close(): void {
    if (this.#lifetime.end()) this.#close();
  }

  #tooLong(length: number): EbpfError {
    return misuse(
      `a record of ${length} bytes is longer than the ${this.#longestRecordBytes} for which the ring buffer was opened`,
    );
  }
}

// Positions count bytes; a number is exact to 2^53 of them, decades of records at any rate a kernel reaches.
function load(word: BigInt64Array): number {
  return Number(Atomics.load(word, 0));
}

function store(word: BigInt64Array, position: number): void {
  Atomics.store(word, 0, BigInt(position));
}
