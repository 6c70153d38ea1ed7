import { execFileSync } from "node:child_process";
import { withNamespace } from "../../traffic/namespace.ts";

/** A network namespace that is reached through another one, which can be made to lose what it passes on. */
export interface Link {
  /** Addresses of this side and of the far side. */
  readonly host: string;
  readonly far: string;
  /** Put in front of a command to run it on the far side. */
  readonly within: readonly string[];
  /** From now on more is sent than fits through, so that packets wait and some are dropped on their way. */
  makeBad(): void;
  makeGood(): void;
}

/** Makes both namespaces, lends them, and deletes them whatever happens. Needs CAP_NET_ADMIN and CAP_SYS_ADMIN. */
export function withLink<Result>(use: (link: Link) => Promise<Result>): Promise<Result> {
  return withNamespace(async (router) => {
    const far = `${router.name}-far`;
    const [middle, end] = ["10.254.253.1", "10.254.253.2"];
    ip("netns", "add", far);
    try {
      inside(router.name, "ip", "link", "add", "far", "type", "veth", "peer", "name", "eth0", "netns", far);
      inside(router.name, "ip", "address", "add", `${middle}/30`, "dev", "far");
      inside(router.name, "ip", "link", "set", "far", "up");
      inside(router.name, "sysctl", "--quiet", "--write", "net.ipv4.ip_forward=1");
      inside(far, "ip", "address", "add", `${end}/30`, "dev", "eth0");
      inside(far, "ip", "link", "set", "eth0", "up");
      inside(far, "ip", "link", "set", "lo", "up");
      inside(far, "ip", "route", "add", "default", "via", middle);
      ip("route", "add", `${end}/32`, "via", router.address, "dev", router.device);
      return await use({
        host: router.hostAddress,
        far: end,
        within: ["ip", "netns", "exec", far],
        makeBad: () => makeBad(router.name),
        makeGood: () => {
          for (const device of ["eth0", "far"])
            inside(router.name, "tc", "qdisc", "del", "dev", device, "root");
        },
      });
    } finally {
      ip("netns", "delete", far);
    }
  });
}

/** Loss and delay where the kernel has them; otherwise a rate that not everything fits through, with a short queue. */
function makeBad(router: string): void {
  for (const [device, rate] of [
    ["eth0", "3200kbit"],
    ["far", "260kbit"],
  ] as const) {
    const add = ["qdisc", "add", "dev", device, "root"];
    try {
      inside(router, "tc", ...add, "netem", "loss", "3%", "delay", "15ms", "8ms");
    } catch {
      inside(router, "tc", ...add, "tbf", "rate", rate, "burst", "5kb", "limit", "18kb");
    }
  }
}

function inside(namespace: string, ...command: readonly string[]): void {
  ip("netns", "exec", namespace, ...command);
}

function ip(...words: readonly string[]): void {
  execFileSync("ip", words, { stdio: "pipe" });
}
