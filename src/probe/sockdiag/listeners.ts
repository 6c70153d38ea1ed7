import type { DiagMessage } from "./diag-message.ts";

const WILDCARD = /^(?:0\.0\.0\.0|::)$/;

/**
 * Addresses and ports that are listened on, and the socket that does. Those of the refill before last count too: a
 * server may end together with its connections.
 */
export class Listeners {
  #inodes = new Map<string, number>();
  #before = new Map<string, number>();

  /** @param fill - calls its argument with every listening socket */
  refill(fill: (onListener: (message: DiagMessage) => void) => void): void {
    const inodes = new Map<string, number>();
    fill((message) => inodes.set(keyOf(message.localIp(), message.localPort), message.inode));
    this.#before = this.#inodes;
    this.#inodes = inodes;
  }

  inodes(): Set<number> {
    return new Set([...this.#before.values(), ...this.#inodes.values()]);
  }

  /** Inode of the socket that listens where a connection ends: at its address, or at all. `undefined` if none does. */
  find(ip: string, port: number): number | undefined {
    const key = keyOf(ip, port);
    const anywhere = keyOf("::", port);
    return (
      this.#inodes.get(key) ??
      this.#inodes.get(anywhere) ??
      this.#before.get(key) ??
      this.#before.get(anywhere)
    );
  }
}

function keyOf(ip: string, port: number): string {
  return WILDCARD.test(ip) ? `* ${port}` : `${ip} ${port}`;
}
