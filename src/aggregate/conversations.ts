import type { Endpoint } from "../flow/endpoint.ts";
import type { TrackedFlow } from "./tracked-flow.ts";

/** Passes for which a flow that has ended can still be found by its other end. */
const REMEMBERED_PASSES = 2;

const LOOPBACK = /^(?:127\.|::1$)/;
const WILDCARD = /^(?:0\.0\.0\.0|::)$/;

export function isLoopback(ip: string): boolean {
  return LOOPBACK.test(ip);
}

/** Both ends of a flow as this end and as the other end would write them; `null` when the other end is not known. */
function tupleKeys({ protocol, source, destination }: TrackedFlow): { own: string; other: string } | null {
  if (destination.ip === null || source.ip === null) return null;
  // A UDP socket bound to no address uses, within a host, the address that it talks to.
  const localIp = WILDCARD.test(source.ip) ? destination.ip : source.ip;
  // The same loopback address exists in every network namespace, so there the namespace is part of the key.
  const scope = isLoopback(localIp) ? `${protocol} ${source.netns}` : protocol;
  const here = `${localIp} ${source.port}`;
  const there = `${destination.ip} ${destination.port}`;
  return { own: `${here} ${there} ${scope}`, other: `${there} ${here} ${scope}` };
}

/** Brings together the two flows of a conversation between sockets of this host, in whatever network namespaces. */
export class Conversations {
  readonly #byTuple = new Map<string, TrackedFlow>();
  readonly #localIps = new Set<string>();
  readonly #ended: TrackedFlow[][] = [[]];

  /** Whether the address is one of this host, as far as its own flows have shown. */
  isLocal({ ip }: Endpoint): boolean {
    return ip !== null && (isLoopback(ip) || this.#localIps.has(ip));
  }

  /** Adds a flow and, when its other end is known and alone, makes them each other's peer. */
  add(flow: TrackedFlow): void {
    const { ip } = flow.source;
    const keys = tupleKeys(flow);
    if (ip !== null && !WILDCARD.test(ip)) this.#localIps.add(ip);
    if (keys === null) return;
    const other = this.#byTuple.get(keys.other);
    if (other !== undefined && isAlone(other)) {
      flow.peer = other;
      other.peer = flow;
    }
    this.#byTuple.set(keys.own, flow);
  }

  /** The flow has ended; its other end can find it for {@link REMEMBERED_PASSES} more passes. */
  end(flow: TrackedFlow): void {
    this.#ended[0]?.push(flow);
  }

  /** Called once a pass. */
  forgetEnded(): void {
    this.#ended.unshift([]);
    while (this.#ended.length > REMEMBERED_PASSES) {
      for (const flow of this.#ended.pop() ?? []) {
        const keys = tupleKeys(flow);
        if (keys !== null && this.#byTuple.get(keys.own) === flow) this.#byTuple.delete(keys.own);
      }
    }
  }
}

/** A UDP flow outlives one of the other end that faded in between. */
function isAlone(flow: TrackedFlow): boolean {
  return flow.peer === null || (flow.open && !flow.peer.open);
}
