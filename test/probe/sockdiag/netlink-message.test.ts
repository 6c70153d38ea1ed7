import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { parseDrops } from "../../../src/ebpf/netlink.ts";
import { readDatagram } from "../../../src/probe/sockdiag/netlink-message.ts";
import { RECORDED_SEQUENCE, recorded } from "./fixture.ts";

const ENOENT = 2;
const EBADMSG = 74;

/** One message header, and four bytes of payload. */
function message(fields: { size?: number; type?: number; flags?: number; sequence?: number; word?: number }) {
  const view = new DataView(new ArrayBuffer(20));
  view.setUint32(0, fields.size ?? 20, true);
  view.setUint16(4, fields.type ?? 20, true);
  view.setUint16(6, fields.flags ?? 0, true);
  view.setUint32(8, fields.sequence ?? RECORDED_SEQUENCE, true);
  view.setInt32(16, fields.word ?? 0, true);
  return view;
}

function read(view: DataView, length = view.byteLength) {
  const payloads: number[] = [];
  const progress = readDatagram(view, length, RECORDED_SEQUENCE, (_, offset, size) => {
    assert.ok(offset + size <= length, "a payload lies inside the datagram");
    payloads.push(size);
  });
  return { payloads, progress };
}

suite("a netlink datagram", () => {
  test("of a recorded dump gives its sockets and its end", () => {
    for (const [name, count] of [
      ["ipv4", 1],
      ["ipv4-mapped", 1],
      ["ipv6", 2],
      ["listening", 1],
      ["time-wait", 1],
    ] as const) {
      const { payloads, progress } = read(recorded(name));
      assert.equal(payloads.length, count, name);
      assert.deepEqual(progress, { done: true, interrupted: false, errno: 0 }, name);
    }
  });

  test("of another dump is passed over", () => {
    assert.deepEqual(read(message({ sequence: 8 })), {
      payloads: [],
      progress: { done: false, interrupted: false, errno: 0 },
    });
  });

  test("tells that the table changed under the dump", () => {
    assert.equal(read(message({ flags: 0x12 })).progress.interrupted, true);
  });

  test("tells why a dump failed, by an error message or in the last message", () => {
    for (const type of [2, 3]) {
      assert.equal(read(message({ type, word: -ENOENT })).progress.errno, ENOENT);
      assert.equal(read(message({ type })).progress.errno, 0);
    }
  });

  test("with a length that is too small or too large ends the dump as broken", () => {
    for (const size of [0, 1, 15, 21, 0x7fff_ffff, 0xffff_ffff]) {
      assert.deepEqual(read(message({ size })), {
        payloads: [],
        progress: { done: true, interrupted: false, errno: EBADMSG },
      });
    }
  });

  test("cut off at any byte neither reads on nor loops", () => {
    const view = recorded("ipv6");
    for (let length = 0; length < view.byteLength; length++) {
      const { payloads, progress } = read(view, length);
      assert.ok(payloads.length <= 2);
      assert.equal(progress.errno === 0 || progress.errno === EBADMSG, true);
      assert.equal(progress.done && progress.errno === 0 && length < view.byteLength - 8, false);
    }
    assert.deepEqual(read(view, 1 << 30), read(view), "a length beyond the buffer is that of the buffer");
  });
});

test("drops are read from the line of the socket", () => {
  const text = [
    "sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode",
    "0000000000000000 4   0          00000000 0        0        0     2        0        1053    ",
    "0000000000000000 4   912        00000005 0        0        0     2        37       41053   ",
  ].join("\n");
  assert.equal(parseDrops(text, 41053), 37);
  assert.equal(parseDrops(text, 1053), 0);
  assert.equal(parseDrops(text, 53), null);
});
