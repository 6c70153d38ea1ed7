import type { Tier } from "../../snapshot/snapshot.ts";

/** Programs that only make sense together, and what is missing without them. */
export interface Feature {
  readonly programs: readonly string[];
  /** Without a required feature the tier cannot be used. */
  readonly required: boolean;
  /** Programs that are attached to the root of the cgroup v2 hierarchy. */
  readonly atCgroup: boolean;
  /** What npmon cannot tell without it, to be shown. */
  readonly without: string;
}

export type BpfTier = Extract<Tier, "kprobe" | "tracepoint">;

const TCP: Feature = {
  programs: ["npmon_state", "npmon_owners", "npmon_collect"],
  required: true,
  atCgroup: false,
  without: "TCP is not counted",
};

/** What each tier is made of, in the order of attaching. Programs that are named nowhere are not loaded. */
export const FEATURES: Readonly<Record<BpfTier, readonly Feature[]>> = {
  tracepoint: [
    TCP,
    {
      programs: ["npmon_collect_udp", "npmon_send_length", "npmon_receive_length"],
      required: false,
      atCgroup: false,
      without: "UDP is not counted: this kernel lacks sock_send_length and sock_recv_length (Linux 6.3)",
    },
    {
      programs: ["npmon_send4", "npmon_send6", "npmon_receive4", "npmon_receive6"],
      required: false,
      atCgroup: true,
      without: "UDP peers of unconnected sockets are unknown: cgroup v2 is not mounted or refuses programs",
    },
  ],
  kprobe: [TCP],
};

/** Iterators are run by passes, everything else reacts to events. */
export const ITERATORS: ReadonlySet<string> = new Set(["npmon_owners", "npmon_collect", "npmon_collect_udp"]);
