/**
 * `npmon/ebpf`: BPF objects, programs, links, maps, iterators and ring buffers from Node, through the distribution's
 * own `libbpf.so.1` (1.1 or later). Knows nothing of what the programs are for.
 *
 * It takes a compiled object file and gives, phase by phase, `BpfObject` (opened), `LoadedObject` (in the kernel),
 * `Link` (attached), so that the wrong order is not there to be called. It promises:
 *
 * - Misuse throws an {@link EbpfError}; it does not crash the process. That holds for wrong sizes, closed objects and
 *   views kept past the close of their memory, which then read zeros.
 * - A program that the kernel refuses comes back with its name and the verifier's last words.
 * - Memory shared with the kernel (`BpfMap.mmap`, `RingBuffer`) is read and written in place, without a call.
 * - Nothing outlives the process: everything is attached by link, nothing is pinned.
 * - Importing it opens nothing: koffi and libbpf are loaded on first use. libbpf never prints.
 *
 * What is opened must be closed; closing a `LoadedObject` closes all that was opened through it.
 *
 * ```ts
 * import { openObject } from "npmon/ebpf";
 *
 * const object = openObject(new URL("./exits.bpf.o", import.meta.url)).setMaxEntries("events", 1 << 20).load();
 * const ring = object.map("events").openRingBuffer();
 * object.program("on_exit").attach();
 * setInterval(() => {
 *   ring.consume((view, offset) => console.log("process", view.getUint32(offset, true), "ended"));
 * }, 1000);
 * process.once("SIGINT", () => object.close());
 * ```
 */
export type { Batch } from "./batch.ts";
export { EbpfError, type EbpfErrorCode } from "./error.ts";
export type { IteratorLink } from "./iterator.ts";
export { enableStats, libbpfVersion, possibleCpus } from "./kernel.ts";
export { trimMemory } from "./libc.ts";
export type { Link } from "./link.ts";
export type { LoadedObject } from "./loaded-object.ts";
export type { BpfMap } from "./map.ts";
export { mapMemoryBytes } from "./map-memory.ts";
export type { MapShape } from "./map-shape.ts";
export type { MappedMap } from "./mapped-map.ts";
export { type BpfObject, openObject, type ProgramSpec } from "./object.ts";
export type { Program, ProgramInfo } from "./program.ts";
export type { ReadOnlyView } from "./read-only-view.ts";
export type { OnRecord, RingBuffer } from "./ring-buffer.ts";
