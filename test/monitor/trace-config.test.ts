import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import type { SnapshotFlow } from "../../src/snapshot/snapshot.ts";
import { Actor, portOf, type SocketKind } from "../traffic/actor.ts";
import { withNamespace } from "../traffic/namespace.ts";
import { runClient, startHold, startServer } from "../traffic/traffic.ts";
import { Configured } from "./configured.ts";

/** A conversation between the two actors, over and over the same bytes. */
interface Talk {
  readonly name: string;
  readonly kind: SocketKind;
  readonly host: string;
  readonly sent: number;
  readonly received: number;
}

const TALKS: readonly Talk[] = [
  { name: "tcp4", kind: "tcp4", host: "127.0.0.1", sent: 3000, received: 5000 },
  { name: "tcp6", kind: "tcp6", host: "[::1]", sent: 700, received: 1100 },
  { name: "udp4", kind: "udp4", host: "127.0.0.1", sent: 900, received: 1300 },
  { name: "udp6", kind: "udp6", host: "[::1]", sent: 170, received: 190 },
];

/** Of both actors: the talk, and which end measured it. */
const EVERY_END = TALKS.flatMap(({ name }) => [`${name} client`, `${name} server`]);

describe("what the configuration leaves out is not counted, and all the rest is, to the byte", () => {
  let client: Actor;
  let server: Actor;
  const bound = new Map<string, { readonly fd: number; readonly address: string }>();
  before(async () => {
    client = await Actor.start();
    server = await Actor.start();
    for (const { name, kind, host } of TALKS) bound.set(name, await server.serve(kind, host));
  });
  after(async () => {
    await client.close();
    await server.close();
  });

  const portOfTalk = (name: string) => Number(portOf(bound.get(name)?.address ?? null));

  async function talk({ name, kind, sent, received }: Talk): Promise<void> {
    const { fd: listener, address } = bound.get(name) ?? assert.fail();
    const from = await client.open(kind);
    await client.act("connect", from, address);
    await client.act("send", "send", from, sent, sent);
    if (kind.startsWith("tcp")) {
      const at = await server.act("accept", listener);
      await server.act("receive", "recv", at, sent, sent);
      await server.act("send", "send", at, received, received);
      await client.act("receive", "recv", from, received, received);
      await client.act("close", from);
      await server.act("close", at);
    } else {
      const { address: back } = await server.attempt("receive", "recvfrom", listener, sent, 65_536);
      await server.act("send", "sendto", listener, received, received, "-", back ?? "");
      await client.act("receive", "recvfrom", from, received, 65_536);
      await client.act("close", from);
    }
  }

  /** `tcp4 client`, with the bytes checked, of every row of the actors'. */
  function endsIn(flows: readonly SnapshotFlow[]): string[] {
    const rows = flows.filter(({ source }) => source?.pid === client.pid || source?.pid === server.pid);
    return rows.map((row) => {
      const found = TALKS.find(({ name }) =>
        [row.source?.port, row.destination?.port].includes(portOfTalk(name)),
      );
      assert.ok(found !== undefined);
      const isClient = row.source?.pid === client.pid;
      const { sent, received } = isClient ? found : { sent: found.received, received: found.sent };
      assert.deepEqual([row.bytes_sent, row.bytes_received], [sent, received], found.name);
      return `${found.name} ${isClient ? "client" : "server"}`;
    });
  }

  const cases: readonly (readonly [
    what: string,
    config: (port: (name: string) => number) => object,
    left: readonly string[],
  ])[] = [
    ["nothing", () => ({}), EVERY_END],
    ["disable_tcp", () => ({ disable_tcp: true }), EVERY_END.filter((end) => end.startsWith("udp"))],
    ["disable_udp", () => ({ disable_udp: true }), EVERY_END.filter((end) => end.startsWith("tcp"))],
    ["disable_ipv6", () => ({ disable_ipv6: true }), EVERY_END.filter((end) => !end.includes("6"))],
    ["disable_tcp and disable_udp", () => ({ disable_tcp: true, disable_udp: true }), []],
    [
      "dest_excludes by port",
      (port) => ({ dest_excludes: { "*": [port("tcp4"), `udp ${port("udp6")}`] } }),
      EVERY_END.filter((end) => !["tcp4 client", "udp6 client"].includes(end)),
    ],
    [
      "source_excludes by port",
      (port) => ({ source_excludes: { "*": [port("tcp4")] } }),
      EVERY_END.filter((end) => end !== "tcp4 server"),
    ],
    [
      "both by network and protocol",
      () => ({ source_excludes: { "127.0.0.0/8": ["udp *"] }, dest_excludes: { "::1": ["tcp 1-65535"] } }),
      EVERY_END.filter((end) => !end.startsWith("udp4") && !end.startsWith("tcp6")),
    ],
    [
      "excludes of other networks and protocols",
      (port) => ({
        dest_excludes: { "10.0.0.0/8": ["*"], "*": [`udp ${port("tcp4")}`, `tcp ${port("udp4")}`] },
      }),
      EVERY_END,
    ],
  ];
  for (const [what, config, left] of cases) {
    test(what, async () => {
      using watch = new Configured(JSON.stringify({ system_probe_config: config(portOfTalk) }));
      for (const each of TALKS) await talk(each);
      const { flows, probe } = watch.snapshot();
      assert.deepEqual(endsIn(flows).sort(), [...left].sort());
      assert.deepEqual([probe.lost, probe.backwards], [0, 0]);
    });
  }

  test("a conversation whose client's end is left out is none by client and server either", async () => {
    const config = { system_probe_config: { dest_excludes: { "*": [portOfTalk("tcp4")] } } };
    using watch = new Configured(JSON.stringify(config), "client.pid,server.port,protocol");
    for (const each of TALKS) await talk(each);
    const ports = watch
      .snapshot()
      .flows.flatMap(({ client: end, server: other }) => (end?.pid === client.pid ? [other?.port] : []));
    assert.deepEqual(ports.sort(), ["tcp6", "udp4", "udp6"].map(portOfTalk).sort());
  });

  test("with TCP disabled its tracepoints are not there, with UDP disabled its programs are not", async () => {
    using watch = new Configured("system_probe_config: {disable_tcp: true}");
    for (const each of TALKS) await talk(each);
    const { probe } = watch.snapshot();
    assert.ok(probe.tracked <= 2 * TALKS.length, `${probe.tracked} flows, though only UDP is followed`);
  });
});

describe("DNS within the host", () => {
  const DNS = "127.0.0.77:53";

  async function ask(): Promise<readonly [pids: readonly number[], end: () => Promise<void>]> {
    const resolver = await Actor.start();
    const client = await Actor.start();
    const listener = await resolver.open("udp4");
    await resolver.act("bind", listener, DNS);
    const from = await client.open("udp4");
    await client.act("send", "sendto", from, 40, 40, "-", DNS);
    await resolver.act("receive", "recvfrom", listener, 40, 65_536);
    const tcp = await resolver.open("tcp4");
    await resolver.act("option", tcp, "reuseaddr", 1);
    await resolver.act("bind", tcp, DNS);
    await resolver.act("listen", tcp, 8);
    const other = await client.open("tcp4");
    await client.act("connect", other, DNS);
    const end = async () => {
      await client.close();
      await resolver.close();
    };
    return [[client.pid, resolver.pid], end];
  }

  for (const [text, rows] of [
    ["", 0],
    ["system_probe_config: {collect_local_dns: true}", 4],
  ] as const) {
    test(`${text === "" ? "is left out by default" : "counts with collect_local_dns"}: ${rows} rows`, async () => {
      using watch = new Configured(text);
      const [pids, end] = await ask();
      const { flows } = watch.snapshot();
      await end();
      assert.equal(flows.filter(({ source }) => pids.includes(Number(source?.pid))).length, rows);
    });
  }

  test("questions to a resolver elsewhere count", async () => {
    await withNamespace(async ({ address }) => {
      using watch = new Configured("");
      await using client = await Actor.start();
      const from = await client.open("udp4");
      await client.act("send", "sendto", from, 40, 40, "-", `${address}:53`);
      const row = watch.snapshot().flows.find(({ source }) => source?.pid === client.pid);
      assert.deepEqual([row?.destination?.port, row?.bytes_sent], [53, 40]);
    });
  });
});

describe("tables far too small", () => {
  test("max_tracked_connections: what waits is counted late, nothing is lost, and it is said how many wait", async () => {
    const tables = "{max_tracked_connections: 5, max_closed_connections_buffered: 1000}";
    using watch = new Configured(`system_probe_config: ${tables}`, "source.pid");
    await using server = await startServer();
    await using hold = await startHold({ to: server.target, connections: 40 });
    await hold.send(1000);
    const full = watch.snapshot();
    assert.deepEqual([full.probe.capacity, full.probe.tracked], [5, 5]);
    assert.ok(full.probe.waiting >= 75);
    const totals = await hold.stop();
    const accepted = await server.stop();
    const rest = watch.snapshot();
    for (const { pid, bytes_sent, bytes_received } of [totals, ...accepted.workers]) {
      const rows = [...full.flows, ...rest.flows].filter(({ source }) => source?.pid === pid);
      assert.deepEqual(
        [sum(rows.map((row) => row.bytes_sent)), sum(rows.map((row) => row.bytes_received))],
        [bytes_sent, bytes_received],
      );
    }
    assert.equal(rest.probe.lost, 0);
  });

  test("max_closed_connections_buffered: what is missing is exactly what is said to be lost", async () => {
    using watch = new Configured("system_probe_config: {max_closed_connections_buffered: 100}", "source.pid");
    await using server = await startServer();
    const client = await runClient({ to: server.target, connections: 1000, sendBytes: [0, 3000] });
    const totals = await server.stop();
    const snapshots = [watch.snapshot(), watch.snapshot()];
    const pids = [client.pid, totals.pid];
    const rows = snapshots
      .flatMap(({ flows }) => flows)
      .filter(({ source }) => pids.includes(Number(source?.pid)));
    const lost = sum(snapshots.map(({ probe }) => probe.lost));
    const lostBytes = sum(snapshots.map(({ probe }) => probe.lost_bytes));
    assert.ok(lost > 0, "the buffer was to overflow");
    assert.equal(sum(rows.map((row) => row.connections.closed)) + lost, 2000);
    assert.equal(
      sum(rows.map((row) => row.bytes_sent + row.bytes_received)) + lostBytes,
      client.bytes_sent + client.bytes_received + totals.bytes_sent + totals.bytes_received,
    );
  });
});

test("HOST_PROC: what is told of processes is read there", async () => {
  const folder = mkdtempSync(join(tmpdir(), "npmon-proc-"));
  try {
    const known = await Actor.start();
    const unknown = await Actor.start();
    symlinkSync(`/proc/${known.pid}`, join(folder, String(known.pid)));
    using watch = new Configured(`npmon: {host_proc: ${folder}}`, "source.pid,source.exe");
    for (const actor of [known, unknown]) {
      const from = await actor.open("udp4");
      await actor.act("send", "sendto", from, 10, 10, "-", "127.0.0.1:9");
    }
    const { flows } = watch.snapshot();
    const exeOf = (pid: number) => flows.find(({ source }) => source?.pid === pid)?.source?.exe;
    assert.match(String(exeOf(known.pid)), /traffic$/);
    assert.equal(exeOf(unknown.pid), null);
    await known.close();
    await unknown.close();
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
