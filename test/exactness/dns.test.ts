import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { openBpfProbe } from "../../src/probe/bpf/bpf-probe.ts";
import type { FlowRecord, RecordSink } from "../../src/probe/probe.ts";
import { findCgroupRoot } from "../../src/tag/cgroup-mount.ts";
import { DomainTable } from "../../src/tag/domain/domain-table.ts";
import { buildAsk } from "../probe/bpf/ask.ts";
import { Actor } from "../traffic/actor.ts";
import { NameService } from "../traffic/name-service.ts";
import { withNamespace } from "../traffic/namespace.ts";
import { TIER } from "./watch.ts";

const ASK = buildAsk();

/** Learns names as the monitor does, and notes which one an address has when a flow is first seen. */
class Names implements RecordSink {
  readonly domains = new DomainTable();
  readonly found = new Map<string, string | null>();
  answers = 0;

  process(): void {}

  dns({ bytes, netns }: Parameters<RecordSink["dns"]>[0]): void {
    this.answers++;
    this.domains.learn(bytes, netns, 0);
  }

  open(record: FlowRecord): void {
    if (!record.hasIdentity) return;
    const { protocol, remoteIp, remotePort, netns } = record.identity();
    const key = `${protocol} ${remoteIp}:${remotePort}`;
    if (remoteIp !== null && !this.found.has(key)) this.found.set(key, this.domains.find(remoteIp, netns));
  }

  closed(record: FlowRecord): void {
    this.open(record);
  }

  vanished(): void {}
}

describe("the answer that a process received names the connection that it opened then", () => {
  for (const dns of [true, false]) {
    test(dns ? "both within one pass" : "not when answers are not wanted", async () => {
      await withNamespace(async (namespace) => {
        await using _service = await NameService.start(namespace);
        await using server = await Actor.start();
        await using client = await Actor.start({ within: namespace.within });
        const { address } = await server.serve("tcp4", namespace.hostAddress);
        const name = `ip-${namespace.hostAddress.replaceAll(".", "-")}.service`;
        const probe = openBpfProbe({
          tier: TIER,
          capacity: 4096,
          closedCapacity: 4096,
          cgroupRoot: findCgroupRoot(),
          dns,
        });
        try {
          probe.start();
          namespace.run(ASK, "127.0.0.1", "53", "connected", "recvfrom", `alias-1.${name}`);
          const fd = await client.open("tcp4");
          await client.act("connect", fd, address);
          await client.act("close", fd);
          const names = new Names();
          const report = probe.collect(names, true);
          assert.equal(probe.readsDns, dns);
          const lost = Object.values(report.lost).filter((count) => count > 0);
          assert.deepEqual([names.answers, report.lostAnswers, lost], [dns ? 1 : 0, 0, []]);
          assert.equal(names.found.get(`tcp ${address}`), dns ? `alias-1.${name}` : null);
          assert.ok(names.found.has("udp 127.0.0.1:53"));
        } finally {
          probe.close();
        }
      });
    });
  }
});
