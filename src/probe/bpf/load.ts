import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type BpfObject, EbpfError, type Link, type LoadedObject, openObject } from "../../ebpf/index.ts";
import { NpmonError } from "../../error/error.ts";
import { probeError } from "../load-error.ts";
import { FLOW_RECORD } from "./layout.generated.ts";
import { type BpfTier, FEATURES, type Feature, ITERATORS } from "./programs.ts";

const OBJECT = new URL("../../../bpf/npmon.bpf.o", import.meta.url);
const KERNEL_BTF = "/sys/kernel/btf/vmlinux";
const RING_HEADER_BYTES = 8;
const PAGE_BYTES = 4096;

export interface Capacities {
  /** Most flows that can be shown at once, 1..4,194,304. */
  readonly capacity: number;
  /** How many closed connections may wait for the next pass. */
  readonly closedCapacity: number;
}

/** The object in the kernel, with the features that this kernel has. */
export interface LoadedFeatures {
  readonly object: LoadedObject;
  readonly features: readonly Feature[];
  /** What is missing and why, for people. */
  readonly missing: readonly string[];
}

/** Smallest ring buffer, a power of two of bytes, that holds `count` closed connections. */
export function closedBufferBytes(count: number): number {
  const needed = Math.max(PAGE_BYTES, count * (FLOW_RECORD.size + RING_HEADER_BYTES));
  return 2 ** Math.ceil(Math.log2(needed));
}

/**
 * Loads a tier's programs. An optional feature that the kernel refuses is left out and named; nothing is attached.
 * @throws NpmonError `privilege`, `unsupported`, `libbpf_missing` or `bpf_load`, each with its remedy
 */
export function loadFeatures(
  tier: BpfTier,
  capacities: Capacities,
  cgroupRoot: string | null,
): LoadedFeatures {
  if (!existsSync(KERNEL_BTF)) {
    throw new NpmonError(
      "unsupported",
      `this kernel does not describe its types: ${KERNEL_BTF} (BTF) is missing`,
      "npmon's eBPF tiers need Linux 5.12 or later built with CONFIG_DEBUG_INFO_BTF=y; --probe sockdiag works without.",
    );
  }
  const missing: string[] = [];
  let features = FEATURES[tier].filter((feature) => {
    const usable = !feature.atCgroup || cgroupRoot !== null;
    if (!usable) missing.push(feature.without);
    return usable;
  });
  for (;;) {
    try {
      return { object: open(features, capacities).load(), features, missing };
    } catch (cause) {
      const refused = features.find(
        (feature) =>
          !feature.required && cause instanceof EbpfError && feature.programs.includes(cause.program ?? ""),
      );
      if (refused === undefined) throw probeError(cause, fileURLToPath(OBJECT));
      missing.push(refused.without);
      features = features.filter((feature) => feature !== refused);
    }
  }
}

function open(features: readonly Feature[], { capacity, closedCapacity }: Capacities): BpfObject {
  const spec = openObject(OBJECT)
    .setMaxEntries("records", capacity)
    .setMaxEntries("free_list", capacity)
    .setMaxEntries("udp_flows", capacity)
    .setMaxEntries("closed", closedBufferBytes(closedCapacity));
  const wanted = new Set(features.flatMap((feature) => feature.programs));
  for (const name of spec.programs.keys()) spec.setAutoload(name, wanted.has(name));
  return spec;
}

/**
 * Attaches what reacts to events.
 * @returns what could not be attached, for people
 * @throws NpmonError when a required program cannot be attached
 */
export function attachFeatures(
  { object, features }: LoadedFeatures,
  cgroupRoot: string | null,
): readonly string[] {
  const missing: string[] = [];
  for (const feature of features) {
    const links: Link[] = [];
    try {
      for (const name of feature.programs) {
        if (ITERATORS.has(name)) continue;
        const program = object.program(name);
        links.push(
          feature.atCgroup && cgroupRoot !== null ? program.attachCgroup(cgroupRoot) : program.attach(),
        );
      }
    } catch (cause) {
      for (const link of links) link.close();
      if (feature.required || !(cause instanceof EbpfError)) throw probeError(cause, fileURLToPath(OBJECT));
      missing.push(feature.without);
    }
  }
  return missing;
}
