import { existsSync } from "node:fs";
import { CAPABILITIES } from "../deploy/deployment.ts";
import { type Finding, failing, limited, ok } from "./finding.ts";
import { readHostFile, readHostLink } from "./host-file.ts";

/** The kernel gives the first namespaces of a host these numbers (include/linux/proc_ns.h). */
const HOST_NAMESPACES = { user: 0xeffffffd, pid: 0xeffffffc, cgroup: 0xeffffffb } as const;
type Namespace = keyof typeof HOST_NAMESPACES;

/** Bits of include/uapi/linux/capability.h. */
const BITS: Readonly<Record<string, number>> = {
  DAC_OVERRIDE: 1,
  DAC_READ_SEARCH: 2,
  NET_ADMIN: 12,
  SYS_PTRACE: 19,
  SYS_ADMIN: 21,
  PERFMON: 38,
  BPF: 39,
};

/** One that stands for another. */
const STANDS_FOR: Readonly<Record<string, string>> = {
  BPF: "SYS_ADMIN",
  PERFMON: "SYS_ADMIN",
  DAC_READ_SEARCH: "DAC_OVERRIDE",
};
/** Those that only names need. */
export const FOR_NAMES: readonly string[] = ["SYS_PTRACE", "DAC_READ_SEARCH"];

/** Who npmon is here. */
export interface Surroundings {
  readonly uid: number;
  /** Names of the capabilities above that are in force. */
  readonly capabilities: readonly string[];
  /** Namespaces that are not the host's own. */
  readonly ownNamespaces: readonly Namespace[];
  /** What the container says it is, `Docker`; null where nothing says that this is one. */
  readonly container: string | null;
  readonly inKubernetes: boolean;
}

/** @param environment of this process */
export function readSurroundings(environment: Readonly<Record<string, string | undefined>>): Surroundings {
  const mask = /^CapEff:\s*([0-9a-f]{1,16})$/m.exec(readHostFile("/proc/self/status") ?? "")?.[1];
  const held = BigInt(`0x${mask ?? "0"}`);
  const namespaces = Object.entries(HOST_NAMESPACES) as [Namespace, number][];
  const inKubernetes = (environment.KUBERNETES_SERVICE_HOST ?? "") !== "";
  return {
    uid: process.getuid?.() ?? -1,
    capabilities: Object.keys(BITS).filter((name) => ((held >> BigInt(BITS[name] ?? 0)) & 1n) === 1n),
    ownNamespaces: namespaces.filter(([name, host]) => isOther(name, host)).map(([name]) => name),
    container: findContainer(inKubernetes, environment.container),
    inKubernetes,
  };
}

function isOther(name: string, host: number): boolean {
  const found = /\[(\d+)\]$/.exec(readHostLink(`/proc/self/ns/${name}`) ?? "")?.[1];
  return found !== undefined && Number(found) !== host;
}

function findContainer(inKubernetes: boolean, variable: string | undefined): string | null {
  if (inKubernetes) return "Kubernetes";
  if (existsSync("/.dockerenv")) return "Docker";
  if (existsSync("/run/.containerenv")) return "Podman";
  return variable === undefined || variable === "" ? null : variable;
}

/** The capabilities that npmon wants and does not have. */
export function missingOf({ capabilities }: Surroundings): readonly string[] {
  return CAPABILITIES.filter(
    (name) => !capabilities.includes(name) && !capabilities.includes(STANDS_FOR[name] ?? ""),
  );
}

/** How these are had here. */
export function grant(names: readonly string[], { uid, container, inKubernetes }: Surroundings): string {
  if (inKubernetes) {
    return `Add to the container's securityContext: capabilities: {add: [${names.join(", ")}]}; \`npmon enable --kubernetes\` prints it all.`;
  }
  if (container !== null) {
    const flags = names.map((name) => `--cap-add ${name}`).join(" ");
    return `Start the container with ${flags}; \`npmon enable --docker\` prints the whole command.`;
  }
  const list = names.map((name) => `CAP_${name}`).join(" ");
  return uid === 0
    ? `This root is without them: start npmon where its bounding set has ${list} (systemd: CapabilityBoundingSet=${list}).`
    : `Run as root, \`sudo npmon status\`, or with AmbientCapabilities=${list} in a unit of systemd.`;
}

/** @param wantsEbpf whether an eBPF tier is asked for */
export function checkCapabilities(facts: Surroundings, wantsEbpf: boolean): Finding {
  const name = "capabilities";
  const { capabilities, uid, ownNamespaces } = facts;
  const held = [...CAPABILITIES, "SYS_ADMIN"].filter((each) => capabilities.includes(each));
  const who = uid === 0 ? "root" : `uid ${uid}`;
  const value = `${who} with ${held.join(" ") || "none of those npmon uses"}`;
  if (ownNamespaces.includes("user")) {
    const inside = `${value}, but in a user namespace, where they are not the host's`;
    const remedy =
      "Run npmon outside the user namespace: as root of the host, in a container that is not rootless.";
    return wantsEbpf ? failing(name, "privilege", inside, remedy) : limited(name, inside, remedy);
  }
  const missing = missingOf(facts);
  if (missing.length === 0) return ok(name, value);
  const lacking = `${value}; missing ${missing.join(" ")}`;
  const isForLoading = missing.some((each) => !FOR_NAMES.includes(each));
  return isForLoading && wantsEbpf
    ? failing(name, "privilege", lacking, grant(missing, facts))
    : limited(name, lacking, grant(missing, facts));
}

/** Whether npmon sees the host or a part of it. */
export function checkContainer({ container, inKubernetes, ownNamespaces }: Surroundings): Finding {
  const inside = ownNamespaces.length > 0 ? `; not the host's: ${ownNamespaces.join(", ")} namespace` : "";
  const value =
    container === null ? `none seen${inside || ": npmon runs on the host"}` : `${container}${inside}`;
  if (!ownNamespaces.includes("pid")) return ok("container", value);
  const remedy = inKubernetes
    ? "Set hostPID: true in the pod's spec; `npmon enable --kubernetes` prints it all."
    : "Start the container with --pid=host --cgroupns=host; `npmon enable --docker` prints the whole command.";
  return limited("container", `${value}: processes of the host have other numbers there`, remedy);
}
