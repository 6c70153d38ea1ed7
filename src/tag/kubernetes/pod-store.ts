import { isDeepStrictEqual } from "node:util";
import type { ChangeBatch } from "./change-batch.ts";
import { IpClaims } from "./ip-claims.ts";
import type { PodFacts, PodView } from "./pod.ts";
import type { PodReading } from "./pod-reader.ts";

export interface PodStoreDeps {
  /** Pods of other nodes remembered; more are left out. */
  readonly maxPods: number;
  /** How long a pod that is gone is still found by its UID and containers: its last flows are told of later. */
  readonly retiredMs: number;
  readonly nowMs: () => number;
  readonly changes: ChangeBatch;
}

export interface PodCounts {
  readonly node: number;
  readonly cluster: number;
  /** Some pods were left out for want of room. */
  readonly full: boolean;
}

interface Entry {
  facts: PodFacts;
  view: PodView;
  staticUid: string | null;
  startedMs: number;
  terminating: boolean;
  /** Its addresses are claimed. */
  claims: boolean;
  /** `null` while it lives. */
  retiredAtMs: number | null;
}

/** Pods of this node have room of their own: they are what npmon is there for. Nodes have some hundred at most. */
const MAX_NODE_PODS = 16_384;
const MAX_RETIRED = 10_000;

/** All pods known, by UID, container and address. Every look-up is one of a map. */
export class PodStore {
  readonly #deps: PodStoreDeps;
  readonly #byUid = new Map<string, Entry>();
  readonly #byStaticUid = new Map<string, Entry>();
  readonly #byContainer = new Map<string, Entry>();
  readonly #byIp = new IpClaims<Entry>();
  /** In the order in which they ended. */
  readonly #retired = new Set<Entry>();
  readonly #living = { node: 0, cluster: 0 };
  readonly #revisions = { node: 0, cluster: 0 };
  readonly #heardAtMs: { node: number; cluster: number };
  #full = false;

  constructor(deps: PodStoreDeps) {
    this.#deps = deps;
    const nowMs = deps.nowMs();
    this.#heardAtMs = { node: nowMs, cluster: nowMs };
  }

  byUid(uid: string): PodFacts | null {
    return (this.#byUid.get(uid) ?? this.#byStaticUid.get(uid))?.facts ?? null;
  }

  byContainer(containerId: string): PodFacts | null {
    return this.#byContainer.get(containerId)?.facts ?? null;
  }

  byIp(ip: string): PodFacts | null {
    return this.#byIp.holderOf(ip)?.facts ?? null;
  }

  counts(): PodCounts {
    return { ...this.#living, full: this.#full };
  }

  /** Takes what was said of a pod that is there. */
  put(reading: PodReading): void {
    this.#forgetRetired();
    const entry = this.#byUid.get(reading.facts.uid);
    if (entry === undefined) {
      if (!reading.finished) this.#add(reading);
    } else if (isNewsFor(entry, reading)) {
      if (reading.finished) this.#end(entry, reading);
      else this.#revive(entry, reading);
    }
  }

  /** Takes the last that was said of a pod. The view has lost it; it may have gone over to the other one. */
  remove(reading: PodReading): void {
    this.#forgetRetired();
    const entry = this.#byUid.get(reading.facts.uid);
    if (entry !== undefined && entry.view === reading.view) this.#end(entry, reading);
  }

  /** A listing of all pods of a view: what it does not have is gone. Given up half-way it takes nothing away. */
  openListing(view: PodView): { put(reading: PodReading): void; finish(): void } {
    const listed = new Set<string>();
    this.#full = false;
    return {
      put: (reading) => {
        listed.add(reading.facts.uid);
        this.put(reading);
      },
      finish: () => {
        for (const [uid, entry] of this.#byUid) {
          if (entry.view === view && entry.retiredAtMs === null && !listed.has(uid)) this.#retire(entry);
        }
        this.#revisions[view]++;
      },
    };
  }

  /**
   * Changes with each listing that is finished and each loss of trust: whoever goes on from what he has put in himself
   * must find the same number, else somebody else has changed more than he can know.
   */
  revision(view: PodView): number {
    return this.#revisions[view];
  }

  /** Somebody who knows is there, though there may be no news. */
  heard(view: PodView): void {
    this.#heardAtMs[view] = this.#deps.nowMs();
  }

  distrustIfSilent(view: PodView, staleMs: number): void {
    if (this.#deps.nowMs() - this.#heardAtMs[view] > staleMs) this.distrust(view);
  }

  /**
   * Nothing was heard of a view for long, so its addresses may belong to others by now. Of the cluster that is all its
   * pods are good for; those of this node stay known by UID and container, which are never used twice.
   */
  distrust(view: PodView): void {
    for (const entry of [...this.#byUid.values()]) {
      if (entry.view !== view) continue;
      if (view === "cluster") this.#drop(entry);
      else this.#release(entry);
    }
    this.#revisions[view]++;
  }

  #add(reading: PodReading): void {
    const limit = reading.view === "node" ? MAX_NODE_PODS : this.#deps.maxPods;
    if (this.#living[reading.view] >= limit) {
      this.#full = true;
      return;
    }
    const { facts, view, staticUid, startedMs, terminating } = reading;
    const entry: Entry = { facts, view, staticUid, startedMs, terminating, claims: false, retiredAtMs: null };
    this.#byUid.set(facts.uid, entry);
    this.#living[view]++;
    this.#index(entry);
    this.#claim(entry);
    this.#deps.changes.addPod(facts);
  }

  #revive(entry: Entry, reading: PodReading): void {
    if (entry.retiredAtMs !== null) {
      this.#retired.delete(entry);
      entry.retiredAtMs = null;
    } else {
      this.#living[entry.view]--;
    }
    this.#living[reading.view]++;
    this.#learn(entry, reading);
    this.#claim(entry);
  }

  /** The last word on a pod often names containers that nothing said before it did. */
  #end(entry: Entry, reading: PodReading): void {
    if (entry.retiredAtMs !== null) return;
    this.#retire(entry);
    this.#learn(entry, reading);
  }

  #learn(entry: Entry, { facts, view, staticUid, startedMs, terminating }: PodReading): void {
    const isSame = entry.staticUid === staticUid && isDeepStrictEqual(entry.facts, facts);
    if (!isSame || entry.startedMs !== startedMs || entry.terminating !== terminating) this.#release(entry);
    if (!isSame) this.#unindex(entry);
    Object.assign(entry, { facts: isSame ? entry.facts : facts, view, staticUid, startedMs, terminating });
    if (isSame) return;
    this.#index(entry);
    this.#deps.changes.addPod(facts);
  }

  #retire(entry: Entry): void {
    if (entry.retiredAtMs !== null) return;
    this.#release(entry);
    this.#living[entry.view]--;
    entry.retiredAtMs = this.#deps.nowMs();
    this.#retired.add(entry);
  }

  #drop(entry: Entry): void {
    this.#release(entry);
    this.#unindex(entry);
    if (entry.retiredAtMs === null) this.#living[entry.view]--;
    this.#retired.delete(entry);
    this.#byUid.delete(entry.facts.uid);
  }

  #forgetRetired(): void {
    const { nowMs, retiredMs } = this.#deps;
    const since = nowMs() - retiredMs;
    for (const entry of this.#retired) {
      if ((entry.retiredAtMs ?? 0) > since && this.#retired.size <= MAX_RETIRED) return;
      this.#drop(entry);
    }
  }

  #index(entry: Entry): void {
    if (entry.staticUid !== null) this.#byStaticUid.set(entry.staticUid, entry);
    for (const id of Object.keys(entry.facts.containers)) this.#byContainer.set(id, entry);
  }

  #unindex(entry: Entry): void {
    const { staticUid } = entry;
    if (staticUid !== null && this.#byStaticUid.get(staticUid) === entry) this.#byStaticUid.delete(staticUid);
    for (const id of Object.keys(entry.facts.containers)) {
      if (this.#byContainer.get(id) === entry) this.#byContainer.delete(id);
    }
  }

  /** The addresses of a pod in the node's network are those of the node: whoever speaks from there is not known by it. */
  #claim(entry: Entry): void {
    if (entry.claims || entry.facts.hostNetwork) return;
    entry.claims = true;
    for (const ip of entry.facts.ips) {
      if (this.#byIp.claim(ip, entry)) this.#deps.changes.addIp(ip);
    }
  }

  #release(entry: Entry): void {
    if (!entry.claims) return;
    entry.claims = false;
    for (const ip of entry.facts.ips) {
      if (this.#byIp.release(ip, entry)) this.#deps.changes.addIp(ip);
    }
  }
}

/** The watch of the node knows more of its pods than that of the cluster, and may be ahead of it. */
function isNewsFor(entry: Entry, reading: PodReading): boolean {
  return reading.view === "node" || entry.view === "cluster";
}
