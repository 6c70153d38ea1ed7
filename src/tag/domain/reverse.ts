import { Resolver } from "node:dns/promises";
import { formatReverseName, parseDomain } from "./domain-name.ts";
import { kindOfIp, parseIp } from "./ip-text.ts";

/**
 * What is asked; that of `node:dns` by default. Not its `reverse`, which says of a server that is silent that there is
 * no name.
 */
export interface ReverseResolver {
  /** Rejects with an `ErrnoException` whose code is that of `node:dns`. */
  resolvePtr(name: string): Promise<readonly string[]>;
  /** Ends all that is under way. */
  cancel(): void;
}

export interface ReverseOptions {
  readonly resolver?: ReverseResolver;
  /** Monotonic clock, milliseconds. */
  readonly nowMs?: () => number;
  /** Whether to ask for addresses of private networks too. Loopback and its like are never asked for. */
  readonly asksPrivate?: boolean;
  /** Questions under way at once. */
  readonly maxInFlight?: number;
  /** Questions that wait for their turn; over this many they are not asked, and may be later. */
  readonly maxWaiting?: number;
  /** Addresses remembered; over this many, the one asked for longest ago is forgotten. */
  readonly maxAddresses?: number;
  /** An address has another name now than {@link ReverseNames.find} gave. */
  readonly onChange?: (ip: string) => void;
}

/** `null` while it is being asked for, or when there is no name. */
interface Known {
  readonly name: string | null;
  readonly untilMs: number;
}

const TIMEOUT_MS = 2_000;
/** Node does not tell the time to live of these answers, so they have one of their own. */
const NAME_MS = 3_600_000;
const NO_NAME_MS = 600_000;
/** After a question that nobody answered. */
const FAILED_MS = 60_000;
/** There is an answer: that there is no name. */
const NO_NAME: ReadonlySet<string | undefined> = new Set(["ENOTFOUND", "ENODATA"]);

/**
 * Names of addresses by asking DNS for them, for where the answers that processes receive cannot be seen. Asking goes
 * on between ticks: {@link find} says what is known by now. It sends questions over the network that npmon looks at,
 * so whoever must not (`--no-resolve`) makes none of these.
 */
export class ReverseNames {
  readonly counters = {
    /** Questions sent. */
    asked: 0,
    /** Questions that nobody answered in time, or not in order. */
    failed: 0,
    /** Questions not sent because too many were waiting. */
    dropped: 0,
  };
  readonly #resolver: ReverseResolver;
  readonly #options: Required<Omit<ReverseOptions, "resolver">>;
  readonly #known = new Map<string, Known>();
  /** In order; a set, so that each is there once. */
  readonly #waiting = new Set<string>();
  #inFlight = 0;
  #closed = false;

  constructor({ resolver, ...options }: ReverseOptions = {}) {
    this.#resolver = resolver ?? new Resolver({ timeout: TIMEOUT_MS, tries: 1 });
    this.#options = {
      nowMs: () => performance.now(),
      asksPrivate: false,
      maxInFlight: 8,
      maxWaiting: 1024,
      maxAddresses: 65_536,
      onChange: () => {},
      ...options,
    };
  }

  /** Questions sent and not answered yet. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** The name of an address if it is known, otherwise asks for it if that is allowed. Does not wait, does not throw. */
  find(ip: string): string | null {
    const known = this.#known.get(ip);
    const due = known === undefined || known.untilMs <= this.#options.nowMs();
    if (due && !this.#closed) this.#want(ip);
    return known?.name ?? null;
  }

  /** Asks no more, and ends what is under way. Idempotent. */
  close(): void {
    this.#closed = true;
    this.#waiting.clear();
    this.#resolver.cancel();
  }

  #want(ip: string): void {
    if (this.#waiting.has(ip)) return;
    const kind = kindOfIp(ip);
    if (kind === "none" || (kind === "private" && !this.#options.asksPrivate)) return;
    if (this.#waiting.size >= this.#options.maxWaiting) {
      this.counters.dropped++;
      return;
    }
    this.#waiting.add(ip);
    this.#askNext();
  }

  #askNext(): void {
    while (this.#inFlight < this.#options.maxInFlight) {
      const [ip] = this.#waiting;
      if (ip === undefined) return;
      this.#waiting.delete(ip);
      this.#inFlight++;
      this.counters.asked++;
      // An old name stays until there is an answer, and nobody asks twice.
      this.#keep(ip, this.#known.get(ip)?.name ?? null, Number.POSITIVE_INFINITY);
      void this.#ask(ip);
    }
  }

  async #ask(ip: string): Promise<void> {
    try {
      const names = await this.#resolver.resolvePtr(formatReverseName(parseIp(ip)));
      const name = names.map(parseDomain).find((each) => each !== null) ?? null;
      this.#keep(ip, name, name === null ? NO_NAME_MS : NAME_MS);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (NO_NAME.has(code)) {
        this.#keep(ip, null, NO_NAME_MS);
      } else {
        this.counters.failed++;
        this.#keep(ip, this.#known.get(ip)?.name ?? null, FAILED_MS);
      }
    }
    this.#inFlight--;
    if (!this.#closed) this.#askNext();
  }

  #keep(ip: string, name: string | null, forMs: number): void {
    if ((this.#known.get(ip)?.name ?? null) !== name) this.#options.onChange(ip);
    this.#known.delete(ip);
    this.#known.set(ip, { name, untilMs: this.#options.nowMs() + forMs });
    if (this.#known.size <= this.#options.maxAddresses) return;
    const [oldest] = this.#known.keys();
    if (oldest !== undefined) this.#known.delete(oldest);
  }
}
