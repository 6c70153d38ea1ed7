/** Runs in a guest: what each program of a tier costs for a datagram. `node datagram-cost.js kprobe|tracepoint` */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { enableStats } from "../../src/ebpf/index.ts";
import type { BpfTier } from "../../src/probe/bpf/features.ts";
import { loadTier } from "../../src/probe/bpf/load.ts";
import { findCgroupRoot } from "../../src/tag/cgroup-mount.ts";

const DATAGRAMS = 500;

const tier: BpfTier = process.argv[2] === "kprobe" ? "kprobe" : "tracepoint";
const loaded = loadTier({
  tier,
  capacity: 4096,
  closedCapacity: 4096,
  cgroupRoot: findCgroupRoot(),
  dns: true,
});
const statistics = enableStats();
const receiver = createSocket("udp4").bind(0, "127.0.0.1");
await once(receiver, "listening");
const sender = createSocket("udp4");
for (let sent = 0; sent < DATAGRAMS; sent++) {
  const received = once(receiver, "message");
  sender.send("datagram", receiver.address().port, "127.0.0.1");
  await received;
}
let ns = 0;
for (const name of loaded.programs) ns += Number(loaded.object.program(name).info().runTimeNs);
process.stdout.write(`${JSON.stringify({ tier, nsPerDatagram: Math.round(ns / DATAGRAMS) })}\n`);
sender.close();
receiver.close();
statistics.close();
loaded.object.close();
