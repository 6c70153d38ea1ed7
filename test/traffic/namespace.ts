import { execFileSync } from "node:child_process";
import { networkInterfaces } from "node:os";

/** A network namespace made for a test, joined to this one by a veth pair. */
export interface Namespace {
  readonly name: string;
  /** Interface on this side. */
  readonly device: string;
  /** Addresses of this side, as seen from the namespace. */
  readonly hostAddress: string;
  readonly hostAddress6: string;
  /** Addresses of the namespace, as seen from here. */
  readonly address: string;
  readonly address6: string;
  /** Put in front of a command to run it in the namespace; fits `within` of the traffic programs. */
  readonly within: readonly string[];
  /** Runs a command in the namespace to its end and returns its stdout. */
  run(command: string, ...parameters: readonly string[]): string;
}

let made = 0;

/**
 * Makes a namespace, lends it, and deletes it whatever happens. Needs CAP_NET_ADMIN and CAP_SYS_ADMIN.
 *
 * @param use - must end what it started in the namespace
 */
export async function withNamespace<Result>(
  use: (namespace: Namespace) => Promise<Result> | Result,
): Promise<Result> {
  const namespace = describeNamespace();
  ip("netns", "add", namespace.name);
  try {
    join(namespace);
    return await use(namespace);
  } finally {
    // takes its other end along at once; the deletion of a namespace alone would do so only some time later
    tryIp("link", "delete", namespace.device);
    ip("netns", "delete", namespace.name);
  }
}

function describeNamespace(): Namespace {
  for (;;) {
    const id = `${process.pid.toString(36)}${(made++).toString(36)}`;
    const [subnet, subnet6] = [
      freeSubnet(),
      `fd6e:706d:${(process.pid & 0xffff).toString(16)}:${made.toString(16)}`,
    ];
    const name = `npmon-${id}`;
    const within = ["ip", "netns", "exec", name];
    if (subnet === null) continue;
    return {
      name,
      device: `npm${id}`,
      hostAddress: `${subnet}.1`,
      hostAddress6: `${subnet6}::1`,
      address: `${subnet}.2`,
      address6: `${subnet6}::2`,
      within,
      run: (command, ...parameters) => ip("netns", "exec", name, command, ...parameters),
    };
  }
}

/** The first three bytes of addresses in 10.0.0.0/8 that differ between test processes and that this host does not use. */
function freeSubnet(): string | null {
  const subnet = `10.${(process.pid >> 6) & 255}.${((process.pid << 2) + made) & 255}`;
  const used = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return used.some(({ address }) => address.startsWith(`${subnet}.`)) ? null : subnet;
}

function join({ name, device, hostAddress, hostAddress6, address, address6 }: Namespace): void {
  ip("link", "add", device, "type", "veth", "peer", "name", "eth0", "netns", name);
  ip("address", "add", `${hostAddress}/30`, "dev", device);
  ip("address", "add", `${hostAddress6}/64`, "dev", device, "nodad");
  ip("-n", name, "address", "add", `${address}/30`, "dev", "eth0");
  ip("-n", name, "address", "add", `${address6}/64`, "dev", "eth0", "nodad");
  ip("link", "set", device, "up");
  ip("-n", name, "link", "set", "lo", "up");
  ip("-n", name, "link", "set", "eth0", "up");
}

function ip(...parameters: readonly string[]): string {
  return execFileSync("ip", parameters, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** When the pair was never made there is nothing to delete. */
function tryIp(...parameters: readonly string[]): void {
  try {
    ip(...parameters);
  } catch {}
}
