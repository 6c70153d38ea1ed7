import { randomInt } from "node:crypto";
import type { Endpoint } from "../flow/endpoint.ts";
import type { TrackedFlow } from "./tracked-flow.ts";

/** Passes for which a flow that has ended can still be found by its other end. */
const REMEMBERED_PASSES = 2;

export function isLoopback(ip: string): boolean {
  return ip.startsWith("127.") || ip === "::1";
}

function isWildcard(ip: string): boolean {
  return ip === "0.0.0.0" || ip === "::";
}

/** A UDP socket bound to no address uses, within a host, the address that it talks to. */
function localIpOf({ source, destination }: TrackedFlow): string {
  const ip = source.ip as string;
  return isWildcard(ip) ? (destination.ip as string) : ip;
}

/** So that nobody can choose addresses that fall together. */
const SEED = randomInt(2 ** 30);

/** The same number for both ends of a conversation, and seldom for others; a small integer, which costs no memory. */
function numberOf(flow: TrackedFlow): number {
  const ports = Math.imul((flow.source.port ?? 0) ^ (flow.destination.port ?? 0), 0x9e37_79b1);
  const addresses = hashOf(localIpOf(flow)) + hashOf(flow.destination.ip as string);
  return (ports ^ addresses) & 0x3fff_ffff;
}

function hashOf(text: string): number {
  let hash = SEED;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  return hash ^ (hash >>> 15);
}

function isSameEnd(a: TrackedFlow, b: TrackedFlow): boolean {
  return (
    a.protocol === b.protocol &&
    a.source.port === b.source.port &&
    a.destination.port === b.destination.port &&
    localIpOf(a) === localIpOf(b) &&
    a.destination.ip === b.destination.ip &&
    isSameScope(a, b)
  );
}

function isOtherEnd(a: TrackedFlow, b: TrackedFlow): boolean {
  return (
    a.protocol === b.protocol &&
    a.source.port === b.destination.port &&
    a.destination.port === b.source.port &&
    localIpOf(a) === b.destination.ip &&
    a.destination.ip === localIpOf(b) &&
    isSameScope(a, b)
  );
}

/** The same loopback address exists in every network namespace. */
function isSameScope(a: TrackedFlow, b: TrackedFlow): boolean {
  return a.source.netns === b.source.netns || !isLoopback(localIpOf(a));
}

/** Brings together the two flows of a conversation between sockets of this host, in whatever network namespaces. */
export class Conversations {
  /** Flows that may still find their other end, by {@link numberOf}: the first of a chain. */
  readonly #chains = new Map<number, TrackedFlow>();
  readonly #localIps = new Set<string>();
  /** Flows that have ended alone, by pass. Once found they are kept no longer: what lives for a moment is garbage at once. */
  readonly #ended: Set<TrackedFlow>[] = [new Set()];

  /** Whether the address is one of this host, as far as its own flows have shown. */
  isLocal({ ip }: Endpoint): boolean {
    return ip !== null && (isLoopback(ip) || this.#localIps.has(ip));
  }

  /** Adds a flow and, when its other end is known and alone, makes them each other's peer. */
  add(flow: TrackedFlow): void {
    const { ip } = flow.source;
    if (ip !== null && !isWildcard(ip)) this.#localIps.add(ip);
    if (ip === null || flow.destination.ip === null) return;
    if (ip === flow.destination.ip && flow.source.port === flow.destination.port) {
      flow.peer = flow; // TCP lets a socket connect to itself
      return;
    }
    const number = numberOf(flow);
    let other: TrackedFlow | null = null;
    let former: TrackedFlow | null = null;
    for (let at = this.#chains.get(number) ?? null; at !== null; at = at.next) {
      if (isOtherEnd(at, flow)) other = at;
      else if (isSameEnd(at, flow)) former = at;
    }
    if (former !== null) this.#remove(number, former);
    if (other !== null && isAlone(other)) {
      flow.peer = other;
      other.peer = flow;
      // A TCP conversation has two flows, and its ports may serve the next one at once; one of UDP can fade and return.
      if (flow.protocol === "tcp") {
        this.#remove(number, other);
        if (!other.open) for (const ended of this.#ended) ended.delete(other);
        return;
      }
    }
    flow.next = this.#chains.get(number) ?? null;
    this.#chains.set(number, flow);
  }

  /** The flow has ended; its other end can find it for {@link REMEMBERED_PASSES} more passes. */
  end(flow: TrackedFlow): void {
    if (flow.protocol === "udp" || flow.peer === null) this.#ended[0]?.add(flow);
  }

  /** Called once a pass. */
  forgetEnded(): void {
    this.#ended.unshift(new Set());
    while (this.#ended.length > REMEMBERED_PASSES) {
      for (const flow of this.#ended.pop() ?? []) this.#forget(flow);
    }
  }

  #forget(flow: TrackedFlow): void {
    if (flow.source.ip !== null && flow.destination.ip !== null) this.#remove(numberOf(flow), flow);
  }

  #remove(number: number, flow: TrackedFlow): void {
    let at = this.#chains.get(number) ?? null;
    if (at === flow) {
      if (flow.next === null) this.#chains.delete(number);
      else this.#chains.set(number, flow.next);
    } else {
      while (at !== null && at.next !== flow) at = at.next;
      if (at === null) return;
      at.next = flow.next;
    }
    flow.next = null;
  }
}

/** A UDP flow outlives one of the other end that faded in between. */
function isAlone(flow: TrackedFlow): boolean {
  return flow.peer === null || (flow.open && !flow.peer.open);
}
