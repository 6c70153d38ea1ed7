import { isDeepStrictEqual } from "node:util";
import type { ContainerFacts } from "./container-facts.ts";
import type { ContainerEvent } from "./event.ts";

interface Entry {
  facts: ContainerFacts | null;
  /** Socket of the engine that named it; no other may rename it. */
  owner: string | null;
  /** Gone from its engine: what is known is all there will be. */
  removed: boolean;
  usedAt: number;
}

/**
 * The containers that are remembered: those that were asked for, and apart from them, so that they cannot push the
 * others out, the latest ones that only an engine spoke of. The second kind is what is left of a container that
 * was removed before anyone asked.
 */
export class Roster {
  readonly #maxAsked: number;
  readonly #maxHeard: number;
  readonly #onChange: (containerId: string) => void;
  readonly #asked = new Map<string, Entry>();
  readonly #heard = new Map<string, Entry>();
  #uses = 0;

  /**
   * @param maxContainers - asked for; a quarter as many are remembered beside them
   * @param onChange - the facts of a container that was asked for are others than before
   */
  constructor(maxContainers: number, onChange: (containerId: string) => void) {
    this.#maxAsked = maxContainers;
    this.#maxHeard = Math.ceil(maxContainers / 4);
    this.#onChange = onChange;
  }

  /** `undefined`: was never asked for, or is forgotten. */
  find(id: string): ContainerFacts | null | undefined {
    const entry = this.#asked.get(id);
    if (entry === undefined) return undefined;
    entry.usedAt = ++this.#uses;
    return entry.facts;
  }

  /** Remembers that it was asked for. Gives the ids that were forgotten for it. */
  add(id: string): readonly string[] {
    const forgotten = this.#asked.size < this.#maxAsked ? [] : this.#forgetLeastUsed();
    const entry = this.#heard.get(id) ?? { facts: null, owner: null, removed: false, usedAt: 0 };
    this.#heard.delete(id);
    entry.usedAt = ++this.#uses;
    this.#asked.set(id, entry);
    return forgotten;
  }

  /** Whether an engine should be asked about it. */
  isWanted(owner: string, id: string): boolean {
    const entry = this.#asked.get(id);
    return entry !== undefined && !entry.removed && (entry.owner ?? owner) === owner;
  }

  /** Containers without a name and, if so wanted, the living ones that this engine named. */
  *idsToLookUp(owner: string, named: boolean): Iterable<string> {
    for (const [id, entry] of this.#asked) {
      if (!entry.removed && (entry.owner === null || (named && entry.owner === owner))) yield id;
    }
  }

  /** Takes the answer to a lookup; `null`: the engine does not have it. */
  learn(owner: string, id: string, facts: ContainerFacts | null): void {
    const entry = this.#asked.get(id);
    if (entry === undefined || (entry.owner ?? owner) !== owner) return;
    if (facts === null) entry.removed = entry.owner === owner;
    else this.#name(id, entry, owner, facts);
  }

  /** Takes an event. True when a lookup should follow. */
  hear(owner: string, { id, kind, facts }: ContainerEvent): boolean {
    const entry = this.#asked.get(id) ?? this.#heard.get(id);
    if (entry === undefined) {
      if (facts !== null) this.#remember(id, { facts, owner, removed: false, usedAt: 0 });
      return false;
    }
    if ((entry.owner ?? owner) !== owner) return false;
    if (kind === "removed") {
      entry.removed = entry.owner === owner;
      return false;
    }
    entry.removed = false;
    // An event mixes labels with other things: of a container somebody asks for, the engine's own answer counts.
    const asked = this.#asked.has(id);
    const unnamed = entry.facts === null;
    if (facts !== null && (unnamed || !asked)) this.#name(id, entry, owner, facts);
    return asked && (unnamed || kind === "renamed");
  }

  #name(id: string, entry: Entry, owner: string, facts: ContainerFacts): void {
    entry.owner = owner;
    if (isDeepStrictEqual(entry.facts, facts)) return;
    entry.facts = facts;
    if (this.#asked.has(id)) this.#onChange(id);
  }

  #remember(id: string, entry: Entry): void {
    this.#heard.set(id, entry);
    if (this.#heard.size <= this.#maxHeard) return;
    const [first] = this.#heard.keys();
    if (first !== undefined) this.#heard.delete(first);
  }

  #forgetLeastUsed(): readonly string[] {
    const byUse = [...this.#asked].sort(([, a], [, b]) => a.usedAt - b.usedAt);
    const ids = byUse.slice(0, Math.max(1, this.#maxAsked >> 3)).map(([id]) => id);
    for (const id of ids) this.#asked.delete(id);
    return ids;
  }
}
