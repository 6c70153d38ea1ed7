import packet from "dns-packet";
import { type LoadedObject, openObject, type RingBuffer } from "../../../src/ebpf/index.ts";
import type { DnsSighting } from "../../../src/flow/dns.ts";
import { type BpfTier, featuresOf } from "../../../src/probe/bpf/features.ts";
import { CONTROL, CONTROL_OFFSET } from "../../../src/probe/bpf/layout.generated.ts";
import { decodeDns } from "../../../src/probe/bpf/record.ts";
import { findCgroupRoot } from "../../../src/tag/cgroup-mount.ts";

const OBJECT = new URL("../../../bpf/npmon.bpf.o", import.meta.url);
/** Little enough to fill it. */
const BUFFER_BYTES = 16_384;
const SENDERS = ["npmon_receive4", "npmon_receive6"];

/** Only the programs of a tier that read DNS answers, on the real kernel. Ends with `using`. */
export class AnswerWatch implements Disposable {
  readonly #object: LoadedObject;
  readonly #answers: RingBuffer;
  readonly #control: DataView;
  #lost = 0;

  constructor(tier: BpfTier) {
    const programs = featuresOf(tier, true)
      .flatMap(({ ways }) => ways)
      .filter(({ replaces }) => replaces !== undefined)
      .flatMap((way) => way.programs);
    const atCgroup = tier === "tracepoint" ? SENDERS : [];
    const spec = openObject(OBJECT).setMaxEntries("udp_flows", 4096).setMaxEntries("answers", BUFFER_BYTES);
    for (const name of spec.programs.keys())
      spec.setAutoload(name, programs.includes(name) || atCgroup.includes(name));
    this.#object = spec.load();
    this.#answers = this.#object.map("answers").openRingBuffer();
    this.#control = this.#object.map(".bss").mmap().view;
    for (const name of programs) this.#object.program(name).attach();
    for (const name of atCgroup) this.#object.program(name).attachCgroup(findCgroupRoot() ?? "");
  }

  /** What was handed over since the last time. */
  take(): readonly DnsSighting[] {
    const sightings: DnsSighting[] = [];
    this.#answers.consume((view, offset, length) => sightings.push(decodeDns(view, offset, length)));
    return sightings;
  }

  /** How many were lost since the last time. */
  takeLost(): number {
    const before = this.#lost;
    this.#lost = Number(this.#control.getBigUint64(CONTROL_OFFSET + CONTROL.lostAnswers, true));
    return this.#lost - before;
  }

  [Symbol.dispose](): void {
    this.#object.close();
  }
}

/** What a sighting answers, and how many records its answer section has. */
export function questionOf({ bytes }: DnsSighting): { readonly name: string; readonly answers: number } {
  const { questions = [], answers = [] } = packet.decode(bytes);
  return { name: questions[0]?.name ?? "", answers: answers.length };
}
