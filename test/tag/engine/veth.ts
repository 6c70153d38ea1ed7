import { execFileSync } from "node:child_process";

export interface VethEnd {
  /** A process in the network namespace. */
  readonly pid: number;
  /** With its prefix length: `192.0.2.1/24`. */
  readonly address: string;
  /** Of the interface there; `eth0` by default. */
  readonly name?: string;
}

/**
 * Joins two network namespaces with a pair of interfaces. They are made inside the namespaces, so the
 * host's own has them at no time, and they go away with either.
 */
export function joinNamespaces(a: VethEnd, b: VethEnd): void {
  const first = [a.name ?? "eth0", "netns", `${a.pid}`];
  const second = [b.name ?? "eth0", "netns", `${b.pid}`];
  run(["ip", "link", "add", ...first, "type", "veth", "peer", "name", ...second]);
  for (const { pid, address, name = "eth0" } of [a, b]) {
    const inside = ["nsenter", "--net", "--target", `${pid}`, "--"];
    run([...inside, "ip", "address", "add", address, "dev", name]);
    run([...inside, "ip", "link", "set", name, "up"]);
  }
}

function run([command = "", ...args]: readonly string[]): void {
  execFileSync(command, args, { stdio: ["ignore", "ignore", "inherit"] });
}
