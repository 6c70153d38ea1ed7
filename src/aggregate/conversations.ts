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

/** One conversation, written alike by both ends, and which of its two ends this flow is. */
interface Place {
  readonly key: string;
  readonly end: 0 | 1;
}

/** `null` when the other end is not known. */
function placeOf({ protocol, source, destination }: TrackedFlow): Place | null {
  if (destination.ip === null || source.ip === null) return null;
  // A UDP socket bound to no address uses, within a host, the address that it talks to.
  const localIp = isWildcard(source.ip) ? destination.ip : source.ip;
  // The same loopback address exists in every network namespace, so there the namespace is part of the key.
  const scope = isLoopback(localIp) ? source.netns : "";
  const here = `${localIp} ${source.port}`;
  const there = `${destination.ip} ${destination.port}`;
  if (here < there) return { key: `${here} ${there} ${protocol}${scope}`, end: 0 };
  return { key: `${there} ${here} ${protocol}${scope}`, end: 1 };
}

/** Brings together the two flows of a conversation between sockets of this host, in whatever network namespaces. */
export class Conversations {
  /** Conversations that may still find an end, by key: the flow of either end. */
  readonly #ends = new Map<string, [TrackedFlow | null, TrackedFlow | null]>();
  readonly #localIps = new Set<string>();
  readonly #ended: TrackedFlow[][] = [[]];

  /** Whether the address is one of this host, as far as its own flows have shown. */
  isLocal({ ip }: Endpoint): boolean {
    return ip !== null && (isLoopback(ip) || this.#localIps.has(ip));
  }

  /** Adds a flow and, when its other end is known and alone, makes them each other's peer. */
  add(flow: TrackedFlow): void {
    const { ip } = flow.source;
    const place = placeOf(flow);
    if (ip !== null && !isWildcard(ip)) this.#localIps.add(ip);
    if (place === null) return;
    if (ip === flow.destination.ip && flow.source.port === flow.destination.port) {
      flow.peer = flow; // TCP lets a socket connect to itself
      return;
    }
    const ends = this.#ends.get(place.key);
    const other = ends?.[place.end === 0 ? 1 : 0] ?? null;
    if (other !== null && isAlone(other)) {
      flow.peer = other;
      other.peer = flow;
      // A TCP conversation has two flows, and its ports may serve the next one at once; one of UDP can fade and return.
      if (flow.protocol === "tcp") {
        this.#ends.delete(place.key);
        return;
      }
    }
    if (ends !== undefined) ends[place.end] = flow;
    else this.#ends.set(place.key, place.end === 0 ? [flow, null] : [null, flow]);
  }

  /** The flow has ended; its other end can find it for {@link REMEMBERED_PASSES} more passes. */
  end(flow: TrackedFlow): void {
    if (flow.protocol === "udp" || flow.peer === null) this.#ended[0]?.push(flow);
  }

  /** Called once a pass. */
  forgetEnded(): void {
    this.#ended.unshift([]);
    while (this.#ended.length > REMEMBERED_PASSES) {
      for (const flow of this.#ended.pop() ?? []) this.#forget(flow);
    }
  }

  #forget(flow: TrackedFlow): void {
    const place = placeOf(flow);
    const ends = place === null ? undefined : this.#ends.get(place.key);
    if (place === null || ends === undefined || ends[place.end] !== flow) return;
    ends[place.end] = null;
    if (ends[0] === null && ends[1] === null) this.#ends.delete(place.key);
  }
}

/** A UDP flow outlives one of the other end that faded in between. */
function isAlone(flow: TrackedFlow): boolean {
  return flow.peer === null || (flow.open && !flow.peer.open);
}
