import { execFileSync } from "node:child_process";
import { readFileSync, readlinkSync } from "node:fs";
import { Child } from "../traffic/child.ts";
import { pause } from "./crowd.ts";

/** One end of a {@link Wire}: a network namespace with one interface. */
export interface WireEnd {
  readonly device: string;
  readonly address: string;
  /** Put in front of a command to run it there. */
  readonly within: readonly string[];
}

/** What went over one end's interface, both ways together. */
export interface WireTotals {
  /** With the headers of Ethernet. */
  readonly bytes: number;
  readonly packets: number;
}

/** The client's and the server's; of the range that RFC 5737 keeps for examples, which no host has. */
const ADDRESSES = ["192.0.2.1", "192.0.2.2"] as const;
const DEVICE = "eth0";
const PREFIX = 24;
/** Only packets that the traffic needs, and ports for all of it. */
const SETTINGS = [
  "net.ipv6.conf.all.disable_ipv6=1",
  "net.ipv6.conf.default.disable_ipv6=1",
  "net.ipv4.ip_local_port_range=1024 65535",
];
const NAMESPACE_MS = 5_000;

/**
 * Two network namespaces of nobody else's, joined by a veth pair. They have no names and are held by two processes that read
 * what the bench writes, so they are gone when it is, whatever ends it. Needs CAP_NET_ADMIN and CAP_SYS_ADMIN.
 */
export class Wire implements AsyncDisposable {
  readonly client: WireEnd;
  readonly server: WireEnd;
  readonly #holders: readonly [Child, Child];

  private constructor(holders: readonly [Child, Child]) {
    this.#holders = holders;
    this.client = endOf(holders[0], ADDRESSES[0]);
    this.server = endOf(holders[1], ADDRESSES[1]);
  }

  static async open(): Promise<Wire> {
    const wire = new Wire([holdNamespace(), holdNamespace()]);
    try {
      for (const holder of wire.#holders) await untilApart(holder.pid);
      wire.#join();
      return wire;
    } catch (error) {
      await wire[Symbol.asyncDispose]();
      throw error;
    }
  }

  totals(): WireTotals {
    const table = readFileSync(`/proc/${this.#holders[0].pid}/net/dev`, "utf8");
    const fields = new RegExp(`^ *${DEVICE}: *(.*)$`, "m").exec(table)?.[1]?.split(/ +/).map(Number) ?? [];
    const [receivedBytes = 0, receivedPackets = 0] = fields;
    const [sentBytes = 0, sentPackets = 0] = fields.slice(8);
    return { bytes: receivedBytes + sentBytes, packets: receivedPackets + sentPackets };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#holders.map((holder) => holder.close()));
  }

  #join(): void {
    const [client, server] = this.#holders.map((holder) => String(holder.pid));
    for (const { within } of [this.client, this.server])
      run([...within, "sysctl", "--quiet", "--write", ...SETTINGS]);
    const pair = ["type", "veth", "peer", "name", DEVICE, "netns", server ?? ""];
    run(["ip", "link", "add", DEVICE, "netns", client ?? "", ...pair]);
    for (const { within, address } of [this.client, this.server]) {
      run([...within, "ip", "address", "add", `${address}/${PREFIX}`, "dev", DEVICE]);
      run([...within, "ip", "link", "set", "lo", "up"]);
      run([...within, "ip", "link", "set", DEVICE, "up"]);
    }
  }
}

function holdNamespace(): Child {
  return new Child("unshare", ["--net", "cat"], {});
}

function endOf(holder: Child, address: string): WireEnd {
  return { device: DEVICE, address, within: ["nsenter", `--net=/proc/${holder.pid}/ns/net`] };
}

/** Until the process has a namespace of its own. */
async function untilApart(pid: number): Promise<void> {
  const until = performance.now() + NAMESPACE_MS;
  while (readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync("/proc/self/ns/net")) {
    if (performance.now() > until) throw new Error("no network namespace could be made");
    await pause(5);
  }
}

function run([command = "", ...parameters]: readonly string[]): void {
  execFileSync(command, parameters, { stdio: ["ignore", "ignore", "pipe"] });
}
