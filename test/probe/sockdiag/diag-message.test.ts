import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { DiagMessage, INET_DIAG_INFO, TCP_STATE } from "../../../src/probe/sockdiag/diag-message.ts";
import { eachMessage, type Recording, recorded } from "./fixture.ts";

/** What fixtures/record.ts did: `localPort` bytes from the client to port 4000, and 3 back before the end. */
function describe(name: Recording, sequence?: number) {
  const rows: unknown[] = [];
  eachMessage(
    recorded(name),
    (message) =>
      rows.push([
        message.localIp(),
        message.localPort,
        message.remoteIp(),
        message.remotePort,
        message.flowFamily(),
        message.state,
        message.bytesSent,
        message.bytesReceived,
        message.direction(),
      ]),
    sequence,
  );
  return rows.sort();
}

/** The bytes of the attribute that holds the tcp_info of the only socket in `ipv4`. */
function infoAttribute(view: DataView): number {
  for (let offset = 16 + 72; ; offset += (view.getUint16(offset, true) + 3) & ~3) {
    if (view.getUint16(offset + 2, true) === INET_DIAG_INFO) return offset;
  }
}

function only(view: DataView): DiagMessage {
  const found = new DiagMessage();
  let count = 0;
  eachMessage(view, () => count++);
  assert.equal(count, 1);
  assert.ok(found.moveTo(view, 16, view.getUint32(0, true) - 16));
  return found;
}

suite("a recorded socket message", () => {
  test("tells the addresses, counters and direction of IPv4, mapped and IPv6 sockets", () => {
    const { established } = TCP_STATE;
    assert.deepEqual(describe("ipv4"), [
      ["127.0.0.1", 5000, "127.0.0.1", 4000, "ipv4", established, 5000, 0, "outgoing"],
    ]);
    assert.deepEqual(describe("ipv4-mapped"), [
      ["127.0.0.1", 4000, "127.0.0.1", 5000, "ipv4", established, 0, 5000, "incoming"],
    ]);
    assert.deepEqual(describe("ipv6"), [
      ["::1", 4000, "::1", 6000, "ipv6", established, 0, 6000, "incoming"],
      ["::1", 6000, "::1", 4000, "ipv6", established, 6000, 0, "outgoing"],
    ]);
  });

  test("of a listener has its port and no counters", () => {
    eachMessage(recorded("listening"), (message) => {
      assert.deepEqual(
        [message.state, message.localIp(), message.localPort, message.remotePort, message.hasCounters],
        [TCP_STATE.listen, "::", 4000, 0, false],
      );
      assert.notEqual(message.inode, 0);
    });
    assert.equal(describe("listening").length, 1);
  });

  test("of what is left of a closed connection has no counters", () => {
    let seen = 0;
    eachMessage(recorded("time-wait"), (message) => {
      seen++;
      assert.equal(message.hasCounters, false);
      assert.equal(message.inode, 0);
    });
    assert.ok(seen > 0);
  });

  test("of a destroyed socket still has everything, with the FIN counted as received", () => {
    const { close } = TCP_STATE;
    const rows = describe("destroyed", 0);
    for (const row of [
      ["127.0.0.1", 5000, "127.0.0.1", 4000, "ipv4", close, 5000, 4, "outgoing"],
      ["::1", 6000, "::1", 4000, "ipv6", close, 6000, 4, "outgoing"],
      ["127.0.0.1", 4000, "127.0.0.1", 5000, "ipv4", close, 3, 5001, null],
      ["::1", 4000, "::1", 6000, "ipv6", close, 3, 6001, null],
    ]) {
      assert.ok(
        rows.some((other) => JSON.stringify(other) === JSON.stringify(row)),
        JSON.stringify({ row, rows }),
      );
    }
  });
});

suite("a damaged socket message", () => {
  test("shorter than its struct, or beyond its buffer, is refused and the cursor stays", () => {
    const view = recorded("ipv4");
    const message = only(view);
    for (let length = 0; length < 72; length++) assert.equal(message.moveTo(view, 16, length), false);
    assert.equal(message.moveTo(view, view.byteLength - 71, 72), false);
    assert.equal(message.bytesSent, 5000);
  });

  test("with its tcp_info cut off has the counters of the kernels that ended there", () => {
    for (let length = 0; length <= 280; length++) {
      const view = recorded("ipv4");
      view.setUint16(infoAttribute(view), 4 + length, true);
      const message = only(view);
      assert.equal(message.hasCounters, length >= 144, `${length}`);
      assert.equal(message.knowsSent, length >= 216, `${length}`);
      assert.equal(message.bytesSent, length >= 216 ? 5000 : 0, `${length}`);
      assert.equal(message.bytesAcked, length >= 128 ? 5001 : 0, `${length}`);
      assert.equal(message.direction(), length >= 216 ? "outgoing" : null, `${length}`);
    }
  });

  test("with an impossible attribute length has no counters", () => {
    for (const size of [0, 1, 3, 0xffff]) {
      const view = recorded("ipv4");
      view.setUint16(16 + 72, size, true);
      assert.equal(only(view).hasCounters, false, `${size}`);
    }
  });

  test("with any byte changed is read within its bounds", () => {
    const pristine = recorded("ipv4");
    for (let at = 0; at < pristine.byteLength; at++) {
      for (const value of [0, 1, 0x7f, 0x80, 0xff]) {
        const view = recorded("ipv4");
        view.setUint8(at, value);
        eachMessage(view, (message) => {
          for (const number of [
            message.bytesSent,
            message.bytesReceived,
            message.packetsSent,
            message.cookie,
          ]) {
            assert.ok(Number.isFinite(number));
          }
          assert.match(message.localIp(), /^[0-9a-f.:]+$/);
          message.direction();
        });
      }
    }
  });
});
