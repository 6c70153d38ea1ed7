import * as z from "zod";
import { DEFAULT_CAPACITY, MAX_CAPACITY } from "../probe/open.ts";
import { excludes } from "./excludes.ts";
import { choice, count, flag, text } from "./field.ts";
import { block, key } from "./key.ts";

/** The keys that npmon shares with the agent it descends from; `REFERENCE.md` lists them. */
export const SYSTEM_PROBE = block("What the probe traces, and how much of it.", {
  enabled: flag(false, {
    help: "Whether `npmon forward` runs as a service. `npmon enable` and `npmon disable` change it; `top` and `export` work anyway.",
    environment: "DD_SYSTEM_PROBE_ENABLED",
  }),
  log_file: text("", "the path of a file, or nothing for stderr", {
    help: "File that `npmon forward` and `npmon intake` log to; stderr when it is empty.",
  }),
  log_level: choice(["debug", "info", "warn", "error", "off"], "info", {
    help: "How much they log.",
  }),
  disable_tcp: flag(false, { help: "Do not trace TCP.", environment: "DD_DISABLE_TCP_TRACING" }),
  disable_udp: flag(false, { help: "Do not trace UDP.", environment: "DD_DISABLE_UDP_TRACING" }),
  disable_ipv6: flag(false, { help: "Do not trace IPv6.", environment: "DD_DISABLE_IPV6_TRACING" }),
  collect_local_dns: flag(false, {
    help: "Count DNS within this host too: flows to and from port 53 whose destination is local.",
    environment: "DD_COLLECT_LOCAL_DNS",
  }),
  max_tracked_connections: count(
    DEFAULT_CAPACITY,
    { min: 1 },
    {
      help: `Flows that are followed at once, at most ${MAX_CAPACITY}. Sizes the kernel's tables; more of them wait for room, and it is said how many.`,
    },
  ),
  max_closed_connections_buffered: count(
    0,
    { min: 0 },
    {
      help: "Closed connections that can wait for the next pass; 0 for as many as are tracked.",
    },
  ),
  source_excludes: excludes("Flows that do not count, by address and ports of the local end."),
  dest_excludes: excludes("Flows that do not count, by address and ports of the remote end."),
  bpf_debug: flag(false, { help: "Log what the kernel's verifier says and what the probe does." }),
});

/** The later name of the switch. */
export const NETWORK_CONFIG = block("The switch under its later name, for files that have it.", {
  enabled: key(z.boolean().nullable().prefault(null), {
    expects: "true or false",
    type: "boolean",
    defaultWords: "the switch above",
    example: "true",
    help: "As `system_probe_config.enabled`, and stronger where both are there.",
  }),
});
