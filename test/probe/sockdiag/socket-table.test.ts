import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DiagMessage, INET_DIAG_INFO, TCP_STATE } from "../../../src/probe/sockdiag/diag-message.ts";
import { Slots } from "../../../src/probe/sockdiag/slots.ts";
import { SocketTable } from "../../../src/probe/sockdiag/socket-table.ts";
import { recorded } from "./fixture.ts";

const PAYLOAD = 16;
const LONG_AGO_MS = 3_600_000;

interface Fields {
  readonly cookie?: number;
  readonly state?: number;
  readonly remotePort?: number;
  readonly sent?: number;
  readonly acked?: number;
  readonly received?: number;
  readonly segsIn?: number;
  /** Length of the tcp_info; a shorter one is that of an older kernel. */
  readonly infoBytes?: number;
  readonly idleMs?: number;
}

/** The recorded message of an outgoing connection with some of its fields changed. */
function message(fields: Fields): DiagMessage {
  const view = recorded("ipv4");
  let info = PAYLOAD + 72;
  while (view.getUint16(info + 2, true) !== INET_DIAG_INFO) info += (view.getUint16(info, true) + 3) & ~3;
  const { cookie = 1, state = TCP_STATE.established, remotePort = 4000 } = fields;
  const { sent = 0, acked = sent + 1, received = 0, segsIn = 1, infoBytes = 280, idleMs = 0 } = fields;
  view.setUint16(info, infoBytes + 4, true);
  view.setUint8(PAYLOAD + 1, state);
  view.setUint16(PAYLOAD + 6, remotePort);
  view.setBigUint64(PAYLOAD + 44, BigInt(cookie), true);
  const counters = info + 4;
  for (const field of [44, 52, 56]) view.setUint32(counters + field, idleMs, true);
  view.setBigUint64(counters + 120, BigInt(acked), true);
  view.setBigUint64(counters + 128, BigInt(received), true);
  view.setUint32(counters + 140, segsIn, true);
  view.setBigUint64(counters + 200, BigInt(sent), true);
  const cursor = new DiagMessage();
  assert.ok(cursor.moveTo(view, PAYLOAD, view.getUint32(0, true) - PAYLOAD));
  return cursor;
}

function ended(table: SocketTable) {
  return table
    .takeEnded()
    .map((socket) => [socket.cookie, socket.bytesSent, socket.bytesReceived, socket.established]);
}

suite("the table of sockets", () => {
  test("keeps a socket that one dump stepped over, and ends it after the second", () => {
    const table = new SocketTable(1);
    table.see(message({ sent: 5 }));
    table.endPass();
    table.endPass();
    assert.equal(table.openCount, 1);
    table.see(message({ sent: 6 }));
    table.endPass();
    table.endPass();
    assert.deepEqual(ended(table), []);
    table.endPass();
    assert.deepEqual(ended(table), [[1, 6, 0, true]]);
    assert.equal(table.openCount, 0);
  });

  test("counts what a socket moved after it was given up as lost, once", () => {
    const table = new SocketTable(1);
    table.see(message({ sent: 5 }));
    for (let pass = 0; pass < 3; pass++) table.endPass();
    ended(table);
    table.destroy(message({ state: TCP_STATE.close, sent: 105, received: 1 }), LONG_AGO_MS);
    assert.deepEqual([table.lost, table.lostBytes, table.ghostCount], [1, 100, 0]);
    assert.deepEqual(ended(table), []);
  });

  test("goes on with a socket that was given up by mistake from what was told of it", () => {
    const table = new SocketTable(1);
    table.see(message({ sent: 1000 }));
    for (let pass = 0; pass < 3; pass++) table.endPass();
    assert.deepEqual(ended(table), [[1, 1000, 0, true]]);
    table.see(message({ sent: 1007 }));
    const [socket] = [...table.open()];
    assert.deepEqual([socket?.bytesSent, socket?.preexisting, socket?.slot], [7, true, 0]);
  });

  test("takes a socket that was connected anew, to another port or from zero, for two connections", () => {
    for (const second of [{ remotePort: 4001, sent: 2000 }, { sent: 3 }]) {
      const table = new SocketTable(1);
      table.see(message({ sent: 1000 }));
      table.see(message(second));
      assert.deepEqual(ended(table), [[1, 1000, 0, true]]);
      assert.deepEqual(
        [...table.open()].map(({ bytesSent }) => bytesSent),
        [second.sent],
      );
    }
  });

  test("does not count the peer's FIN, whether it is seen open or at the end", () => {
    const cases: readonly (readonly [states: Fields[], last: Fields, received: number])[] = [
      [[{ received: 10 }, { state: TCP_STATE.closeWait, received: 11 }], { received: 11 }, 10],
      [[{ received: 10 }], { received: 11 }, 10],
      [[{ received: 10 }], { received: 10 }, 10],
      [[{ state: TCP_STATE.lastAck, received: 1 }], { received: 1 }, 0],
      [[], { received: 11 }, 10],
    ];
    for (const [states, last, received] of cases) {
      const table = new SocketTable(1);
      for (const state of states) table.see(message(state));
      table.destroy(message({ ...last, state: TCP_STATE.close }), LONG_AGO_MS);
      assert.deepEqual(ended(table), [[1, 0, received, true]], JSON.stringify({ states, last }));
    }
  });

  test("never lets a counter go back", () => {
    const table = new SocketTable(1);
    table.see(message({ received: 100 }));
    table.see(message({ state: TCP_STATE.closeWait, received: 100 }));
    assert.deepEqual(
      [...table.open()].map(({ bytesReceived }) => bytesReceived),
      [100],
    );
  });

  test("counts on Linux before 4.19 what was acknowledged, without SYN and FIN", () => {
    const table = new SocketTable(1);
    const old = { infoBytes: 200 };
    table.see(message({ ...old, acked: 501 }));
    const [socket] = [...table.open()];
    assert.equal(socket?.direction, null);
    if (socket !== undefined) socket.direction = "outgoing";
    assert.equal(socket?.bytesSent, 500);
    table.destroy(message({ ...old, state: TCP_STATE.close, acked: 602, received: 1 }), LONG_AGO_MS);
    assert.deepEqual(ended(table), [[1, 600, 0, true]]);
  });

  test("leaves out what ended before npmon, never had a peer, or has no counters", () => {
    const table = new SocketTable(1);
    const state = TCP_STATE.close;
    table.destroy(message({ state, sent: 9, idleMs: LONG_AGO_MS + 1 }), LONG_AGO_MS);
    table.destroy(message({ state, remotePort: 0 }), LONG_AGO_MS);
    table.destroy(message({ state, sent: 9, infoBytes: 100 }), LONG_AGO_MS);
    table.see(message({ infoBytes: 100 }));
    assert.deepEqual([ended(table), table.openCount, table.fresh.length], [[], 0, 0]);
  });

  test("tells a refused attempt from one that nobody answered, and neither from a connection", () => {
    for (const [segsIn, error] of [
      [1, 111],
      [0, 0],
    ] as const) {
      const table = new SocketTable(1);
      table.see(message({ state: TCP_STATE.synSent, acked: 0, segsIn: 0 }));
      table.destroy(message({ state: TCP_STATE.close, acked: 0, segsIn }), LONG_AGO_MS);
      assert.deepEqual(
        table.takeEnded().map((socket) => [socket.established, socket.direction, socket.error]),
        [[false, "outgoing", error]],
      );
    }
  });
});

test("slots are handed out once, and again after their release", () => {
  const slots = new Slots(2);
  assert.deepEqual([slots.take(), slots.take(), slots.take()], [1, 2, 0]);
  slots.release([2, 2, 7, 0]);
  assert.deepEqual([slots.take(), slots.take()], [2, 0]);
});
