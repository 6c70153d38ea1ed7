/**
 * Part `domain` of stage `tag`: the names of addresses. Takes the DNS answers that processes of this host received
 * (`probe` hands them over), gives the name under which an address was asked for. Where no answers are seen,
 * reverse.ts asks. Everything here comes from other machines: what is not the name of a host is not shown, and no
 * answer can take more than its share of time or memory.
 *
 * A name is what a process was told, so a process that asks a lying server teaches a lie; what its own network
 * namespace heard comes first.
 */
import { decodeAnswer, type NamedIp } from "./dns-answer.ts";

export interface DomainTableOptions {
  /** Addresses remembered; over this many, the one that went longest without being taught or found is forgotten. */
  readonly maxAddresses?: number;
  /** A name is kept this long even if its time to live is shorter, because connections outlive answers. */
  readonly minAgeMs?: number;
}

/** What one network namespace heard of an address. */
interface Heard {
  readonly netns: number;
  readonly name: string;
  readonly fromPointer: boolean;
  untilMs: number;
  /** Found since the last sweep that would have dropped it. */
  found: boolean;
}

/** As programs that look a name up once and then reconnect for long; what is found is kept anyway. */
const MIN_AGE_MS = 3_600_000;
const MAX_TTL_MS = 86_400_000;
const MAX_ADDRESSES = 65_536;
/** Of one address; the one heard longest ago gives way. */
const MOST_NAMESPACES = 4;

/** Names by address and network namespace. The last answer wins. */
export class DomainTable {
  readonly counters = {
    /** Answers that named an address. */
    learned: 0,
    /** Answers that named none: of other kinds, of names that are not shown, or not to be read. */
    skipped: 0,
    /** Addresses forgotten because there were too many. */
    forgotten: 0,
  };
  readonly #maxAddresses: number;
  readonly #minAgeMs: number;
  /** The address that was taught or found last is the last one; of an address, what was heard last is the first. */
  readonly #heard = new Map<string, Heard[]>();

  constructor({ maxAddresses = MAX_ADDRESSES, minAgeMs = MIN_AGE_MS }: DomainTableOptions = {}) {
    this.#maxAddresses = maxAddresses;
    this.#minAgeMs = minAgeMs;
  }

  /** Addresses remembered. */
  get size(): number {
    return this.#heard.size;
  }

  /**
   * Learns from an answer. Does not throw, whatever the bytes are.
   * @param netns - inode number of the network namespace that received it
   * @param nowMs - by any clock that only grows, the same for {@link sweep}
   */
  learn(message: Buffer, netns: number, nowMs: number): void {
    const named = decodeAnswer(message);
    if (named.length === 0) this.counters.skipped++;
    else this.counters.learned++;
    for (const each of named) this.#add(each, netns, nowMs);
  }

  /**
   * The name of an address: that under which the same network namespace asked for it, else another one did, else what
   * the address itself was said to be called. `null` when nobody asked.
   */
  find(ip: string, netns: number): string | null {
    const heard = this.#heard.get(ip);
    if (heard === undefined) return null;
    const best =
      heard.find((each) => each.netns === netns && !each.fromPointer) ??
      heard.find((each) => !each.fromPointer) ??
      heard.find((each) => each.netns === netns) ??
      heard[0];
    if (best === undefined) return null;
    best.found = true;
    this.#heard.delete(ip);
    this.#heard.set(ip, heard);
    return best.name;
  }

  /** Drops the names whose time is over, but for those that were found meanwhile. Once a minute is plenty. */
  sweep(nowMs: number): void {
    for (const [ip, heard] of this.#heard) {
      for (const each of heard) {
        if (each.untilMs > nowMs || !each.found) continue;
        each.found = false;
        each.untilMs = nowMs + this.#minAgeMs;
      }
      const left = heard.filter(({ untilMs }) => untilMs > nowMs);
      if (left.length === 0) this.#heard.delete(ip);
      else if (left.length < heard.length) this.#heard.set(ip, left);
    }
  }

  #add({ ip, name, ttlS, fromPointer }: NamedIp, netns: number, nowMs: number): void {
    const before = this.#heard.get(ip) ?? [];
    const own = before.find((each) => each.netns === netns);
    if (fromPointer && own?.fromPointer === false) return;
    const ageMs = Math.max(this.#minAgeMs, Math.min(ttlS * 1000, MAX_TTL_MS));
    const others = before.filter((each) => each !== own).slice(0, MOST_NAMESPACES - 1);
    this.#heard.delete(ip);
    this.#heard.set(ip, [{ netns, name, fromPointer, untilMs: nowMs + ageMs, found: false }, ...others]);
    if (this.#heard.size > this.#maxAddresses) this.#forgetOldest();
  }

  #forgetOldest(): void {
    const [oldest] = this.#heard.keys();
    if (oldest === undefined) return;
    this.#heard.delete(oldest);
    this.counters.forgotten++;
  }
}
