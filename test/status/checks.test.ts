import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NpmonError } from "../../src/error/error.ts";
import type { TierTrial } from "../../src/probe/try-tier.ts";
import { checkCgroup } from "../../src/status/cgroup.ts";
import { checkDomains } from "../../src/status/domains.ts";
import { checkEngines } from "../../src/status/engines.ts";
import { exitCodeOf, type Finding } from "../../src/status/finding.ts";
import { checkForwarder, type ForwarderFacts } from "../../src/status/forwarder.ts";
import { checkKernel } from "../../src/status/kernel.ts";
import { checkKubernetes } from "../../src/status/kubernetes.ts";
import { checkLibbpf } from "../../src/status/libbpf.ts";
import { checkMemory } from "../../src/status/memory.ts";
import { checkProcesses } from "../../src/status/processes.ts";
import { checkCapabilities, checkContainer, type Surroundings } from "../../src/status/surroundings.ts";
import { checkTiers, tierInUse } from "../../src/status/tiers.ts";

const CAPABLE: Surroundings = {
  uid: 0,
  capabilities: ["BPF", "PERFMON", "NET_ADMIN", "SYS_PTRACE", "DAC_READ_SEARCH"],
  ownNamespaces: [],
  container: null,
  inKubernetes: false,
};
const USER: Surroundings = { ...CAPABLE, uid: 1000, capabilities: [] };
const DOCKER: Surroundings = { ...CAPABLE, container: "Docker", ownNamespaces: ["pid", "cgroup"] };
const POD: Surroundings = { ...DOCKER, container: "Kubernetes", inKubernetes: true };
const KERNEL = { release: "6.12.9", arch: "x64", btfBytes: 5_000_000, lockdown: "[none] integrity" };
const FORWARDER: ForwarderFacts = {
  enabled: true,
  destinations: 1,
  hasUnit: true,
  pid: 7,
  isUnit: true,
  spoolDir: "/spool",
  spoolMaxBytes: 1000,
  spool: { state: "absent", files: 0, bytes: 0 },
  lastDelivery: null,
};
const proc = { root: "/proc", count: 9, isHosts: true, looked: 4, readable: 4 };
const memory = { maps: { totalBytes: 100, maps: [{ name: "m", bytes: 100 }] }, capacity: 5 };
const refused = { socket: "/s", state: "failing", reason: "nobody listens", engine: null } as const;

interface Case {
  readonly what: string;
  readonly found: Finding | readonly Finding[];
  /** Of the first line that is not ok. */
  readonly state: Finding["state"];
  readonly cause?: Finding["cause"];
  readonly says: RegExp;
}

const CASES: readonly Case[] = [
  {
    what: "a kernel that has all",
    found: checkKernel(KERNEL, true),
    state: "ok",
    says: /Linux 6\.12\.9 x64/,
  },
  {
    what: "an old kernel",
    found: checkKernel({ ...KERNEL, release: "5.10.0-33" }, true),
    state: "limited",
    says: /older than 5\.13.*--probe sockdiag/,
  },
  {
    what: "a kernel without BTF",
    found: checkKernel({ ...KERNEL, btfBytes: null }, true),
    state: "failing",
    cause: "kernel",
    says: /vmlinux is missing.*CONFIG_DEBUG_INFO_BTF=y/,
  },
  {
    what: "the same for who asks for sockdiag",
    found: checkKernel({ ...KERNEL, release: "4.19", btfBytes: null }, false),
    state: "ok",
    says: /Linux 4\.19/,
  },
  {
    what: "lockdown for confidentiality",
    found: checkKernel({ ...KERNEL, lockdown: "none integrity [confidentiality]\n" }, true),
    state: "limited",
    says: /confidentiality.*lockdown=integrity/,
  },
  {
    what: "no libbpf",
    found: checkLibbpf(null, true),
    state: "failing",
    cause: "fault",
    says: /apt-get install/,
  },
  { what: "no libbpf for sockdiag", found: checkLibbpf(null, false), state: "ok", says: /does without/ },
  { what: "root", found: checkCapabilities(CAPABLE, true), state: "ok", says: /root with BPF PERFMON/ },
  {
    what: "a user",
    found: checkCapabilities(USER, true),
    state: "failing",
    cause: "privilege",
    says: /uid 1000 with none.*missing BPF.*sudo npmon/,
  },
  { what: "a user of sockdiag", found: checkCapabilities(USER, false), state: "limited", says: /missing/ },
  {
    what: "SYS_ADMIN and DAC_OVERRIDE instead of what they stand for",
    found: checkCapabilities(
      { ...CAPABLE, capabilities: ["SYS_ADMIN", "DAC_OVERRIDE", "NET_ADMIN", "SYS_PTRACE"] },
      true,
    ),
    state: "ok",
    says: /SYS_ADMIN/,
  },
  {
    what: "a container without capabilities",
    found: checkCapabilities({ ...DOCKER, capabilities: [] }, true),
    state: "failing",
    cause: "privilege",
    says: /--cap-add BPF --cap-add PERFMON/,
  },
  {
    what: "a pod without SYS_PTRACE",
    found: checkCapabilities(
      { ...POD, capabilities: ["BPF", "PERFMON", "NET_ADMIN", "DAC_READ_SEARCH"] },
      true,
    ),
    state: "limited",
    says: /securityContext: capabilities: \{add: \[SYS_PTRACE\]\}/,
  },
  {
    what: "root of a user namespace",
    found: checkCapabilities({ ...CAPABLE, ownNamespaces: ["user"] }, true),
    state: "failing",
    cause: "privilege",
    says: /not the host's/,
  },
  { what: "a host", found: checkContainer(CAPABLE), state: "ok", says: /none seen/ },
  { what: "a pid namespace of its own", found: checkContainer(DOCKER), state: "limited", says: /--pid=host/ },
  { what: "the same in a pod", found: checkContainer(POD), state: "limited", says: /hostPID: true/ },
  { what: "no cgroup v2", found: checkCgroup(null, CAPABLE), state: "limited", says: /mount -t cgroup2/ },
  {
    what: "a part of cgroup v2",
    found: checkCgroup("/c", DOCKER),
    state: "limited",
    says: /--cgroupns=host/,
  },
  { what: "processes", found: checkProcesses(proc, CAPABLE), state: "ok", says: /can be read/ },
  {
    what: "no procfs",
    found: checkProcesses({ ...proc, root: "/x", count: 0 }, CAPABLE),
    state: "failing",
    cause: "fault",
    says: /\/x shows no processes.*HOST_PROC/,
  },
  {
    what: "processes of a container",
    found: checkProcesses({ ...proc, isHosts: false }, DOCKER),
    state: "limited",
    says: /--pid=host/,
  },
  {
    what: "environments that a user may not read",
    found: checkProcesses({ ...proc, readable: 0 }, USER),
    state: "limited",
    says: /of 4 others looked into 0.*CAP_SYS_PTRACE/,
  },
  {
    what: "environments that no capability opens",
    found: checkProcesses({ ...proc, readable: 0 }, CAPABLE),
    state: "limited",
    says: /security module/,
  },
  {
    what: "no engine",
    found: checkEngines([{ socket: "/s", state: "absent" }], false, CAPABLE),
    state: "ok",
    says: /none/,
  },
  {
    what: "no engine where one was named",
    found: checkEngines([{ socket: "/s", state: "absent" }], true, CAPABLE),
    state: "failing",
    cause: "fault",
    says: /container_sockets/,
  },
  {
    what: "an engine that this user may not ask",
    found: checkEngines([{ socket: "/s", state: "denied" }], false, USER),
    state: "limited",
    says: /ls -l \/s/,
  },
  {
    what: "an engine that is down",
    found: checkEngines([refused], false, CAPABLE),
    state: "failing",
    cause: "fault",
    says: /nobody listens.*systemctl restart/,
  },
  {
    what: "Kubernetes that refuses",
    found: checkKubernetes({ state: "failing", line: "refuses", remedy: "Bind a role." }, false),
    state: "failing",
    cause: "fault",
    says: /refuses.*Bind a role/,
  },
  {
    what: "no Kubernetes where it must be",
    found: checkKubernetes({ state: "absent", line: "not in Kubernetes", remedy: "" }, true),
    state: "failing",
    cause: "fault",
    says: /npmon\.kubernetes\.api/,
  },
  { what: "domains that nobody sees", found: checkDomains(null, true), state: "limited", says: /asked for/ },
  {
    what: "domains that nobody wants",
    found: checkDomains(null, false),
    state: "ok",
    says: /npmon\.resolve is false/,
  },
  {
    what: "memory",
    found: checkMemory({ ...memory, availableBytes: 4000 }),
    state: "ok",
    says: /100 B for 5/,
  },
  {
    what: "much memory",
    found: checkMemory({ ...memory, availableBytes: 200 }),
    state: "limited",
    says: /max_tracked_connections/,
  },
  {
    what: "more memory than there is",
    found: checkMemory({ ...memory, availableBytes: 50 }),
    state: "failing",
    cause: "fault",
    says: /50 B are available/,
  },
  {
    what: "a forwarder",
    found: checkForwarder(FORWARDER),
    state: "ok",
    says: /process 7, as npmon-forward.*not known/,
  },
  {
    what: "a forwarder that ended",
    found: checkForwarder({ ...FORWARDER, pid: null }),
    state: "failing",
    cause: "fault",
    says: /not running.*systemctl start npmon-forward\.service/,
  },
  {
    what: "a forwarder that nobody installed",
    found: checkForwarder({ ...FORWARDER, pid: null, hasUnit: false }),
    state: "failing",
    cause: "fault",
    says: /npmon enable --systemd/,
  },
  {
    what: "a forwarder without a destination",
    found: checkForwarder({ ...FORWARDER, pid: null, destinations: 0 }),
    state: "failing",
    cause: "fault",
    says: /--intake URL/,
  },
  {
    what: "a spool that is nearly full",
    found: checkForwarder({ ...FORWARDER, spool: { state: "read", files: 9, bytes: 900 } }),
    state: "limited",
    says: /9 waiting, 900 B of 1000 B|spool_max_size/,
  },
];

describe("each check says what is wrong and what mends it", () => {
  for (const { what, found, state, cause = null, says } of CASES) {
    test(what, () => {
      const findings: readonly Finding[] = [found].flat();
      const finding = findings.find((each) => each.state !== "ok") ?? findings[0];
      assert.ok(finding !== undefined);
      assert.deepEqual([finding.state, finding.cause], [state, cause], finding.value);
      assert.match(`${finding.value} ${finding.remedy}`, says);
      assert.equal(finding.remedy === "", finding.state === "ok");
    });
  }
});

const works = (tier: "kprobe" | "tracepoint" | "sockdiag", ...lacks: string[]): TierTrial => {
  return { tier, usable: true, lacks, readsDns: tier !== "sockdiag" };
};
const fails = (tier: "kprobe" | "tracepoint", code: "privilege" | "unsupported" | "bpf_load"): TierTrial => {
  return { tier, usable: false, error: new NpmonError(code, "refused", "Do this.") };
};
const SOCKDIAG = works("sockdiag");

const TIERS = [
  ["all work", "auto", [works("kprobe"), works("tracepoint"), SOCKDIAG], "6.12", "kprobe", "ok ok ok", 0],
  [
    "one lacks",
    "auto",
    [works("kprobe"), works("tracepoint", "UDP"), SOCKDIAG],
    "6.1",
    "kprobe",
    "ok limited ok",
    0,
  ],
  [
    "a lesser one",
    "auto",
    [fails("kprobe", "unsupported"), works("tracepoint"), SOCKDIAG],
    "6.18",
    "tracepoint",
    "limited ok ok",
    0,
  ],
  [
    "no privilege",
    "auto",
    [fails("kprobe", "privilege"), fails("tracepoint", "privilege"), SOCKDIAG],
    "6.12",
    "sockdiag",
    "failing failing limited",
    3,
  ],
  [
    "an old kernel",
    "auto",
    [fails("kprobe", "bpf_load"), fails("tracepoint", "bpf_load"), SOCKDIAG],
    "5.10",
    "sockdiag",
    "failing failing limited",
    4,
  ],
  [
    "a new kernel that refuses",
    "auto",
    [fails("kprobe", "bpf_load"), fails("tracepoint", "bpf_load"), SOCKDIAG],
    "6.12",
    "sockdiag",
    "failing failing limited",
    1,
  ],
  [
    "sockdiag asked for",
    "sockdiag",
    [fails("kprobe", "bpf_load"), fails("tracepoint", "bpf_load"), SOCKDIAG],
    "5.10",
    "sockdiag",
    "ok ok limited",
    0,
  ],
  [
    "kprobes asked for",
    "kprobe",
    [fails("kprobe", "unsupported"), works("tracepoint"), SOCKDIAG],
    "6.18",
    undefined,
    "failing ok ok",
    4,
  ],
  [
    "no privilege, and no kprobes anyhow",
    "auto",
    [fails("kprobe", "unsupported"), fails("tracepoint", "privilege"), SOCKDIAG],
    "6.18",
    "sockdiag",
    "limited failing limited",
    3,
  ],
] as const;

describe("tiers fail only for who asked for them, and the exit code says what it comes from", () => {
  for (const [what, choice, trials, release, tier, states, code] of TIERS) {
    test(what, () => {
      const findings = checkTiers({ choice, trials, release });
      assert.equal(findings.map(({ state }) => state).join(" "), states);
      assert.equal(tierInUse({ choice, trials })?.tier, tier);
      assert.equal(exitCodeOf(findings), code);
    });
  }
});

test("a fault outweighs the kernel, and that privilege", () => {
  const of = (...causes: readonly Finding["cause"][]) =>
    exitCodeOf(
      causes.map((cause) => ({ name: "x", state: "failing", value: "", details: [], remedy: "", cause })),
    );
  assert.deepEqual([of(), of("privilege"), of("privilege", "kernel"), of("kernel", "fault")], [0, 3, 4, 1]);
});
