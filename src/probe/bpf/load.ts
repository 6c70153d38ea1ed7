import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type BpfObject, EbpfError, type LoadedObject, openObject } from "../../ebpf/index.ts";
import { NpmonError } from "../../error/error.ts";
import type { Protocol } from "../../flow/flow.ts";
import { packageFile } from "../../package/file.ts";
import { probeError } from "../load-error.ts";
import { type Choice, chooseWays, findTry, type Try } from "./choice.ts";
import {
  type BpfTier,
  type Feature,
  featuresOf,
  RUN_BY_PASSES,
  readsAnswers,
  STATE,
  TCP,
} from "./features.ts";
import { FLOW_RECORD } from "./layout.generated.ts";
import { usedLines } from "./slot-ring.ts";

const OBJECT = packageFile("bpf/npmon.bpf.o");
const KERNEL_BTF = "/sys/kernel/btf/vmlinux";
/** What kprobes are attached through since 4.17; a kernel built without them does not have it. */
const KPROBE_PMU = "/sys/bus/event_source/devices/kprobe";
const RING_HEADER_BYTES = 8;
const PAGE_BYTES = 4096;
const SOCKETS_A_LINE = 2;
/** Room for some 1,500 DNS answers of usual length between two polls. */
const ANSWER_PAGES = 64;

export interface LoadOptions {
  readonly tier: BpfTier;
  /** Most flows that can be shown at once, 1..4,194,304. */
  readonly capacity: number;
  /** How many closed connections may wait for the next pass. */
  readonly closedCapacity: number;
  /** What to count; by default everything. TCP that is not counted costs nothing, but its programs are loaded. */
  readonly protocols?: readonly Protocol[];
  /** Mount point of cgroup v2; null where there is none. */
  readonly cgroupRoot: string | null;
  /** Whether the DNS answers that processes receive are wanted. Without them nothing of it is in the kernel. */
  readonly dns: boolean;
  /** Takes a line for each thing that is tried, refused and loaded; see `bpf_debug`. */
  readonly debug?: ((line: string) => void) | undefined;
}

/** A tier in the kernel, as much of it as this kernel has, counting already. */
export interface LoadedTier {
  readonly object: LoadedObject;
  /** Names of the programs that are loaded. */
  readonly programs: ReadonlySet<string>;
  /** What is missing and why, for people. */
  readonly missing: readonly string[];
}

/** Smallest ring buffer, a power of two of bytes, that holds `count` closed connections. */
export function closedBufferBytes(count: number): number {
  const needed = Math.max(PAGE_BYTES, count * (FLOW_RECORD.size + RING_HEADER_BYTES));
  return 2 ** Math.ceil(Math.log2(needed));
}

/**
 * Loads and attaches a tier. Where the kernel refuses a way to learn something, the next one is tried; what is left
 * without one is named. The caller closes the object.
 * @throws NpmonError `privilege`, `unsupported`, `libbpf_missing` or `bpf_load`, each with its remedy
 */
export function loadTier(options: LoadOptions): LoadedTier {
  if (!existsSync(KERNEL_BTF)) {
    throw new NpmonError(
      "unsupported",
      `this kernel does not describe its types: ${KERNEL_BTF} (BTF) is missing`,
      "npmon's eBPF tiers need Linux 5.13 or later built with CONFIG_DEBUG_INFO_BTF=y.",
    );
  }
  if (options.tier === "kprobe" && !existsSync(KPROBE_PMU)) {
    throw new NpmonError(
      "unsupported",
      "this kernel has no kprobes",
      "--probe tracepoint works without kprobes.",
    );
  }
  const tries = firstTries(options);
  for (;;) {
    const choice = chooseWays(tries);
    try {
      const object = loadWays(choice, options);
      if (options.debug !== undefined) describeLoaded(object, choice, options.debug);
      return {
        object,
        programs: choice.programs,
        missing: choice.missing,
      };
    } catch (cause) {
      const refused = findTry(tries, cause instanceof EbpfError ? cause.program : null);
      options.debug?.(`bpf: ${options.tier}: refused: ${(cause as Error).message}`);
      if (refused === undefined) throw probeError(cause, fileURLToPath(OBJECT));
      refused.way++;
      if (refused.feature.required && refused.way === refused.feature.ways.length) {
        throw refusedTier(options.tier, refused.feature, cause);
      }
    }
  }
}

/**
 * Lines of `socket_index` for so many slots, a power of two. A line has room for eight sockets and is asked to hold two
 * at most, so that next to none finds its two lines full.
 */
function indexLines(capacity: number): number {
  return 2 ** Math.max(1, Math.ceil(Math.log2(capacity / SOCKETS_A_LINE)));
}

function describeLoaded(object: LoadedObject, { programs }: Choice, debug: (line: string) => void): void {
  for (const name of programs) {
    const program = object.program(name);
    const { id, verifiedInstructions } = program.info();
    debug(
      `bpf: loaded ${name} (${program.section}) as program ${id}, ${verifiedInstructions} instructions verified`,
    );
  }
}

/** The best way of everything that is to be counted. */
export function firstTries(options: LoadOptions): Try[] {
  return featuresOf(options.tier, options.dns)
    .filter((feature) => feature === TCP || counts(options, feature.protocol))
    .map((feature) => ({ feature, way: 0 }));
}

/** Whether this protocol is to be counted. */
export function counts({ protocols }: LoadOptions, protocol: Protocol): boolean {
  return protocols === undefined || protocols.includes(protocol);
}

/** Why the tier cannot be used: what it is for is not there. That TCP cannot be counted is no matter of tiers. */
function refusedTier(tier: BpfTier, feature: Feature, cause: unknown): unknown {
  const error = probeError(cause, fileURLToPath(OBJECT));
  if (!(error instanceof NpmonError) || error.code === "privilege" || feature === TCP) return error;
  return new NpmonError(
    "unsupported",
    feature.without,
    `Without --probe ${tier} npmon takes another tier.`,
    error,
  );
}

function loadWays({ ways, programs: wanted }: Choice, options: LoadOptions): LoadedObject {
  const object = configure(wanted, options).load();
  try {
    for (const { programs, atCgroup = [] } of ways) {
      // Loaded in any case: the pass is among them.
      if (programs.includes(STATE) && !counts(options, "tcp")) continue;
      for (const name of programs) if (!RUN_BY_PASSES.has(name)) object.program(name).attach();
      for (const name of atCgroup) attachToRoot(object, name, options.cgroupRoot);
    }
    return object;
  } catch (cause) {
    object.close();
    throw cause;
  }
}

function attachToRoot(object: LoadedObject, name: string, cgroupRoot: string | null): void {
  object.program(name).attachCgroup(cgroupRoot ?? "/sys/fs/cgroup");
}

/** Opens the object with its maps sized. The caller loads it or closes it. @param wanted names of the programs to load */
export function configure(wanted: ReadonlySet<string>, { capacity, closedCapacity }: LoadOptions): BpfObject {
  const spec = openObject(OBJECT)
    .setMaxEntries("records", capacity)
    .setMaxEntries("tracked", capacity + 1)
    .setMaxEntries("free_slots", capacity)
    .setMaxEntries("used_slots", usedLines(capacity))
    .setMaxEntries("socket_index", indexLines(capacity))
    .setMaxEntries("sought", capacity)
    .setMaxEntries("udp_flows", capacity)
    .setMaxEntries("closed", closedBufferBytes(closedCapacity))
    .setMaxEntries("answers", (readsAnswers(wanted) ? ANSWER_PAGES : 1) * PAGE_BYTES);
  for (const name of spec.programs.keys()) spec.setAutoload(name, wanted.has(name));
  // The constants of bpf/sockets.h, in their order.
  const constants = spec.initialValue(".rodata");
  constants.setUint32(0, process.pid, true);
  constants.setUint32(4, capacity, true);
  constants.setUint32(8, indexLines(capacity), true);
  return spec;
}
