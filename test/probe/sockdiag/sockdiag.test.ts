import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { after, before, suite, test } from "node:test";
import type { Probe } from "../../../src/probe/probe.ts";
import { openSockdiagProbe } from "../../../src/probe/sockdiag/sockdiag.ts";
import { Child } from "../../traffic/child.ts";
import { HEADER_BYTES, startHold, startServer } from "../../traffic/traffic.ts";
import { Ledger } from "./ledger.ts";
import { Pair } from "./pair.ts";
import { OWN_NETWORK, runScenario } from "./scenario.ts";

/** Room for whatever else the machine is doing. */
const CAPACITY = 1 << 20;
const HOSTS = ["127.0.0.1", "::1"];

suite("the sockdiag tier", () => {
  let probe: Probe;
  let ledger: Ledger;

  before(() => {
    probe = openSockdiagProbe({ capacity: CAPACITY, reason: "a test wants it" });
    ledger = new Ledger(probe);
    probe.start();
  });
  after(() => probe.close());

  test("says which tier it is, why, and what it cannot see", () => {
    assert.equal(probe.tier, "sockdiag");
    assert.match(probe.reason ?? "", /^a test wants it; /);
    assert.ok(probe.reason?.includes(`namespace ${statSync("/proc/self/ns/net").ino} only`));
    assert.match(probe.reason ?? "", /outlives a tick/);
  });

  for (const host of HOSTS) {
    test(`counts every byte of a connection over ${host} that two passes see, at both ends`, async () => {
      using pair = await Pair.open(host);
      const { clientPort, serverPort } = pair;
      ledger.collect();
      assert.equal(ledger.flow(clientPort, serverPort).bytesSent, 0);
      await pair.send(pair.client, 1_234_567);
      await pair.send(pair.peer, 89);
      await ledger.until(() => ledger.flow(clientPort, serverPort).identity.pid > 0, "the owner");
      const near = ledger.flow(clientPort, serverPort);
      const far = ledger.flow(serverPort, clientPort);
      assert.deepEqual([near.bytesSent, near.bytesReceived], [1_234_567, 89]);
      assert.deepEqual([far.bytesSent, far.bytesReceived], [89, 1_234_567]);
      assert.ok(near.packetsSent > 0 && near.packetsReceived > 0 && near.rttUs > 0);
      assert.equal(near.established && far.established, true);
      assert.equal(near.preexisting || far.preexisting, false);
      assert.deepEqual(near.identity, {
        protocol: "tcp",
        family: host === "::1" ? "ipv6" : "ipv4",
        direction: "outgoing",
        localIp: host,
        localPort: clientPort,
        remoteIp: host,
        remotePort: serverPort,
        netns: statSync("/proc/self/ns/net").ino,
        pid: process.pid,
        startTicks: ledger.processes.find((seen) => seen.pid === process.pid)?.startTicks,
      });
      assert.equal(far.identity.direction, "incoming");
    });

    test(`gives a connection over ${host} that ended its last counters, also those of after the last pass`, async () => {
      using pair = await Pair.open(host);
      const { clientPort, serverPort } = pair;
      await pair.send(pair.client, 1000);
      ledger.collect();
      const { slot } = ledger.flow(clientPort, serverPort);
      await pair.send(pair.client, 50_000);
      await pair.send(pair.peer, 7);
      await pair.finish();
      const near = await ledger.ending(clientPort, serverPort);
      const far = await ledger.ending(serverPort, clientPort);
      assert.deepEqual([near.bytesSent, near.bytesReceived], [51_000, 7]);
      assert.deepEqual([far.bytesSent, far.bytesReceived], [7, 51_000]);
      assert.equal(near.slot, slot);
      assert.equal(near.error, 0);
      assert.equal(ledger.find(clientPort, serverPort), undefined);
    });

    test(`counts a connection over ${host} that no pass met`, async () => {
      using pair = await Pair.open(host);
      const { clientPort, serverPort } = pair;
      await pair.send(pair.client, 3000);
      await pair.send(pair.peer, 40);
      await pair.finish();
      const near = await ledger.ending(clientPort, serverPort);
      const far = await ledger.ending(serverPort, clientPort);
      assert.deepEqual([near.bytesSent, near.bytesReceived], [3000, 40]);
      assert.deepEqual([far.bytesSent, far.bytesReceived], [40, 3000]);
      assert.deepEqual([near.identity.direction, far.identity.direction], ["outgoing", "incoming"]);
      assert.deepEqual([near.slot, near.established, near.identity.pid], [0, true, 0]);
    });
  }

  test("says nothing of a connection that did not change", async () => {
    using pair = await Pair.open("127.0.0.1");
    const { clientPort, serverPort } = pair;
    const own = () => ledger.opened.filter(({ identity }) => identity.remotePort === serverPort);
    await ledger.until(() => ledger.find(clientPort, serverPort)?.identity.pid === process.pid, "the owner");
    await ledger.until(() => own().length === 0, "a pass without news");
    ledger.collect();
    assert.deepEqual(own(), []);
    await pair.send(pair.client, 1);
    ledger.collect();
    assert.equal(own().length, 1);
  });

  test("shows what moves while one end has shut down, without the FIN", async () => {
    using pair = await Pair.open("127.0.0.1");
    const { clientPort, serverPort } = pair;
    await pair.send(pair.client, 10);
    ledger.collect();
    const ended = new Promise((resolve) => pair.peer.once("end", resolve));
    pair.client.end();
    await ended;
    await pair.send(pair.peer, 500);
    ledger.collect();
    const near = ledger.flow(clientPort, serverPort);
    const far = ledger.flow(serverPort, clientPort);
    assert.deepEqual([near.bytesSent, near.bytesReceived], [10, 500]);
    assert.deepEqual([far.bytesSent, far.bytesReceived], [500, 10]);
    assert.deepEqual([near.identity.direction, far.identity.direction], ["outgoing", "incoming"]);
  });

  test("never takes a listening socket for a flow, and forgets one that closes", async () => {
    const pair = await Pair.open("::");
    ledger.collect();
    pair.close();
    await ledger.ending(pair.clientPort, pair.serverPort);
    ledger.collect();
    for (const { identity } of [...ledger.all(), ...ledger.closed]) assert.notEqual(identity.remotePort, 0);
  });

  test("follows the connections of other processes, to the byte, and knows the processes", async () => {
    await using server = await startServer({ workers: 2 });
    await using hold = await startHold({ to: server.target, connections: 20, receiveBytes: 1000 });
    const sent = () => ledger.all().filter(({ identity }) => identity.remotePort === server.port);
    const arrived = () => ledger.all().filter(({ identity }) => identity.localPort === server.port);
    await ledger.until(() => sent().length === 20 && arrived().length === 20, "twenty connections");
    await hold.send(12_345);
    const expected = 20 * (12_345 + HEADER_BYTES);
    await ledger.until(() => sum(arrived(), "bytesReceived") >= expected, "what was sent to arrive");
    await ledger.until(() => arrived().every(({ identity }) => identity.pid > 0), "the owners");
    assert.equal(sum(sent(), "bytesSent"), expected);
    assert.equal(sum(arrived(), "bytesReceived"), expected);
    assert.equal(sum(sent(), "bytesReceived"), sum(arrived(), "bytesSent"));
    for (const { identity } of sent()) {
      assert.deepEqual([identity.pid, identity.direction], [hold.pid, "outgoing"]);
    }
    for (const { identity } of arrived()) {
      assert.ok(server.pids.includes(identity.pid), `${identity.pid} is not one of ${server.pids}`);
      assert.equal(identity.direction, "incoming");
    }
    const totals = await hold.stop();
    const before = sent().length;
    await ledger.until(() => sent().length === 0 && arrived().length === 0, "the end of all");
    const ended = ledger.closed.filter(({ identity }) => identity.remotePort === server.port);
    assert.equal(ended.length, before);
    assert.equal(sum(ended, "bytesSent"), totals.bytes_sent);
    assert.ok(Math.abs(sum(ended, "bytesReceived") - totals.bytes_received) <= ended.length);
  });

  test("tells of an attempt that was given up, and not that it was a connection", async () => {
    const script =
      "const s=require('net').createServer(()=>{}).listen({port:0,host:'127.0.0.1',backlog:1},()=>console.log(s.address().port))";
    const server = new Child(process.execPath, ["-e", script], {});
    try {
      const port = Number(await server.line());
      process.kill(server.pid, "SIGSTOP");
      const { connect } = await import("node:net");
      const attempts = Array.from({ length: 5 }, () => connect(port, "127.0.0.1").on("error", () => {}));
      const open = () => ledger.all().filter(({ identity }) => identity.remotePort === port);
      await ledger.until(() => open().length > 0, "those that fit into the backlog");
      ledger.collect();
      assert.ok(open().length < attempts.length);
      for (const socket of attempts) socket.destroy();
      const failures = () =>
        ledger.closed.filter(({ identity, established }) => identity.remotePort === port && !established);
      await ledger.until(() => failures().length > 0, "an attempt that failed");
      const failed = failures();
      for (const { identity, bytesSent, slot } of failed) {
        assert.deepEqual([identity.direction, bytesSent, slot], ["outgoing", 0, 0]);
      }
    } finally {
      await server.close();
    }
  });
});

suite("a sockdiag probe that starts late or small", () => {
  for (const host of HOSTS) {
    test(`counts an older connection over ${host} from its own start`, async () => {
      using pair = await Pair.open(host);
      await pair.send(pair.client, 777_777);
      const probe = openSockdiagProbe({ capacity: CAPACITY, reason: "late" });
      try {
        const ledger = new Ledger(probe);
        probe.start();
        ledger.collect();
        const first = ledger.flow(pair.clientPort, pair.serverPort);
        assert.deepEqual([first.preexisting, first.bytesSent, first.packetsSent], [true, 0, 0]);
        assert.equal(first.identity.direction, "outgoing");
        assert.equal(ledger.flow(pair.serverPort, pair.clientPort).identity.direction, "incoming");
        await pair.send(pair.client, 55);
        await pair.finish();
        const near = await ledger.ending(pair.clientPort, pair.serverPort);
        const far = await ledger.ending(pair.serverPort, pair.clientPort);
        assert.deepEqual([near.bytesSent, far.bytesReceived, far.preexisting], [55, 55, true]);
      } finally {
        probe.close();
      }
    });
  }

  test("leaves what does not fit waiting, and lets it in, with all its bytes, when there is room", () => {
    const { waiting, open, endings, slotOfNext } = runScenario("small", OWN_NETWORK);
    assert.deepEqual([waiting, open], [1, 1]);
    assert.deepEqual(
      endings.map(({ bytesSent, bytesReceived }) => bytesSent + bytesReceived),
      [4000, 4000],
    );
    assert.deepEqual(endings.map(({ slot }) => slot).sort(), [0, 1]);
    assert.equal(slotOfNext, 1);
  });

  test("works for a user without any privilege, who learns the owners of his own sockets", () => {
    const enter = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
    const result = runScenario("unprivileged", enter);
    assert.equal(result.uid, 65534);
    assert.deepEqual([result.near.bytesSent, result.far.bytesReceived], [70_000, 70_000]);
    assert.deepEqual([result.near.identity.pid, result.far.identity.pid], [result.pid, result.pid]);
    assert.deepEqual(
      [result.near.identity.direction, result.far.identity.direction],
      ["outgoing", "incoming"],
    );
    assert.deepEqual([result.ending.bytesSent, result.ending.bytesReceived], [71_000, 0]);
  });

  test("shows a user without privilege the connections of others, without their processes", async () => {
    using pair = await Pair.open("127.0.0.1");
    await pair.send(pair.client, 1);
    const enter = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"];
    const { others } = runScenario("unprivileged", enter);
    const identity = others.find(({ localPort }) => localPort === pair.clientPort);
    assert.deepEqual([identity?.remotePort, identity?.pid], [pair.serverPort, 0]);
  });
});

function sum(
  entries: readonly { bytesSent: number; bytesReceived: number }[],
  field: "bytesSent" | "bytesReceived",
) {
  return entries.reduce((total, entry) => total + entry[field], 0);
}
