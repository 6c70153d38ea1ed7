import type { Endpoint } from "../flow/endpoint.ts";
import type { TrackedFlow } from "./tracked-flow.ts";

/** Passes for which a flow that has ended can still be found by its other end. */
const REMEMBERED_PASSES = 2;

const LOOPBACK = /^(?:127\.|::1$)/;

export function isLoopback(ip: string): boolean {
  return LOOPBACK.test(ip);
}

/** The same loopback address exists in every network namespace, so there the namespace is part of the key. */
function tupleKey(from: Endpoint, to: Endpoint, netns: number | null): string {
  return `${from.ip} ${from.port} ${to.ip} ${to.port} ${isLoopback(from.ip) ? netns : ""}`;
}

/** Brings together the two flows of a conversation between sockets of this host, in whatever network namespaces. */
export class Conversations {
  readonly #byTuple = new Map<string, TrackedFlow>();
  readonly #localIps = new Set<string>();
  readonly #ended: TrackedFlow[][] = [[]];

  /** Whether the address is one of this host, as far as its own flows have shown. */
  isLocal(ip: string): boolean {
    return isLoopback(ip) || this.#localIps.has(ip);
  }

  /** Adds a flow and, when its other end is known and still alone, makes them each other's peer. */
  add(flow: TrackedFlow): void {
    const { source, destination } = flow;
    this.#localIps.add(source.ip);
    const other = this.#byTuple.get(tupleKey(destination, source, source.netns));
    if (other !== undefined && other.peer === null) {
      flow.peer = other;
      other.peer = flow;
    }
    this.#byTuple.set(tupleKey(source, destination, source.netns), flow);
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
        const key = tupleKey(flow.source, flow.destination, flow.source.netns);
        if (this.#byTuple.get(key) === flow) this.#byTuple.delete(key);
      }
    }
  }
}
