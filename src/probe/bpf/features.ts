import type { Protocol } from "../../flow/flow.ts";
import type { Tier } from "../../snapshot/snapshot.ts";

export type BpfTier = Extract<Tier, "kprobe" | "tracepoint">;

/** One way to learn something: programs that only make sense together. */
export interface Way {
  readonly programs: readonly string[];
  /** Programs attached to the root of the cgroup v2 hierarchy. */
  readonly atCgroup?: readonly string[];
  /** A program of another feature whose work one of these does too; this way makes no sense where that is not wanted. */
  readonly replaces?: string;
  /** What this way cannot tell and a better one can, to be shown. */
  readonly lacks?: string;
}

/** Something that npmon can tell, and the ways to learn it, the best first; the first that the kernel takes is used. */
export interface Feature {
  /** What it counts; it is left alone when nobody wants that counted. */
  readonly protocol: Protocol;
  readonly ways: readonly Way[];
  /** Without it the tier makes no sense. */
  readonly required: boolean;
  /** What is missing without it and why, to be shown. */
  readonly without: string;
}

/** What sees every connection begin and end. */
export const STATE = "npmon_state";

const TCP_EVENTS = [STATE, "npmon_state_again", "npmon_owners", "npmon_seek_owners"];

/** What every tier has. The second way is for kernels before 6.2; it tells the same. */
export const TCP: Feature = {
  protocol: "tcp",
  ways: [
    { programs: [...TCP_EVENTS, "npmon_collect"] },
    { programs: [...TCP_EVENTS, "npmon_collect_copied"] },
  ],
  required: true,
  without: "TCP cannot be counted",
};

const FIND: Feature = {
  protocol: "tcp",
  ways: [{ programs: ["npmon_find_owners"] }],
  required: false,
  without:
    "to find who accepted a connection npmon holds every open file for a moment: without that it takes Linux 5.17",
};

/** The DNS answers that processes receive, which are read where datagrams are counted. */
const DNS: Readonly<Record<BpfTier, Feature>> = {
  tracepoint: dns({ programs: ["npmon_receive_dns"], replaces: "npmon_receive_length" }),
  kprobe: dns({ programs: ["npmon_consume_dns"], replaces: "npmon_consume_udp" }),
};

function dns(way: Way): Feature {
  return {
    protocol: "udp",
    // They know the registers of one architecture only.
    ways: process.arch === "x64" ? [way] : [],
    required: false,
    without: "no domain names from DNS answers: it takes UDP that is counted, and Linux 5.15 on x86-64",
  };
}

/** Attached in this order. Programs that are named nowhere are not loaded. */
const FEATURES: Readonly<Record<BpfTier, readonly Feature[]>> = {
  tracepoint: [
    TCP,
    FIND,
    {
      protocol: "udp",
      ways: [
        {
          programs: ["npmon_collect_udp", "npmon_send_length", "npmon_receive_length"],
          atCgroup: ["npmon_send4", "npmon_send6", "npmon_receive4", "npmon_receive6"],
        },
        {
          programs: ["npmon_collect_udp", "npmon_send_length", "npmon_receive_length"],
          lacks: "peers of UDP sockets that are not connected are unknown: cgroup v2 takes no programs here",
        },
      ],
      required: false,
      without: "UDP is not counted: without kprobes it takes Linux 6.3",
    },
  ],
  kprobe: [
    TCP,
    FIND,
    {
      protocol: "udp",
      ways: [
        { programs: ["npmon_collect_udp", "npmon_consume_udp", "npmon_sent4", "npmon_sent6"] },
        {
          programs: ["npmon_collect_udp", "npmon_consume_udp", "npmon_send_length"],
          atCgroup: ["npmon_send4", "npmon_send6"],
        },
        {
          programs: ["npmon_collect_udp", "npmon_consume_udp"],
          lacks: "sent UDP is not counted: it takes BPF trampolines or Linux 6.3",
        },
      ],
      required: true,
      without: "this kernel has no kprobe on skb_consume_udp",
    },
    {
      protocol: "tcp",
      ways: [{ programs: ["npmon_accept"] }],
      required: false,
      without: "who accepted is looked up once a tick: no kprobe on security_sock_graft",
    },
  ],
};

/**
 * What a tier can tell, in the order in which it is attached.
 * @param readsDns whether DNS answers are wanted
 */
export function featuresOf(tier: BpfTier, readsDns: boolean): readonly Feature[] {
  return readsDns ? [...FEATURES[tier], DNS[tier]] : FEATURES[tier];
}

/** Whether these programs hand over DNS answers. */
export function readsAnswers(programs: ReadonlySet<string>): boolean {
  return programs.has("npmon_receive_dns") || programs.has("npmon_consume_dns");
}

/** These are run by passes, everything else reacts to events. */
export const RUN_BY_PASSES: ReadonlySet<string> = new Set([
  "npmon_owners",
  "npmon_seek_owners",
  "npmon_find_owners",
  "npmon_collect",
  "npmon_collect_copied",
  "npmon_collect_udp",
]);
