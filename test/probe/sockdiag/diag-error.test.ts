import assert from "node:assert/strict";
import { test } from "node:test";
import { EbpfError } from "../../../src/ebpf/index.ts";
import { NetlinkSocket } from "../../../src/ebpf/netlink.ts";
import { NpmonError } from "../../../src/error/error.ts";
import { diagError, sockDiagFailure } from "../../../src/probe/sockdiag/diag-error.ts";
import { INET_DIAG_INFO } from "../../../src/probe/sockdiag/diag-message.ts";
import { SocketDump } from "../../../src/probe/sockdiag/dump.ts";

test("an errno of sock_diag becomes an error that says what to do", () => {
  for (const [errno, code, remedy] of [
    [2, "unsupported", /modprobe/],
    [93, "unsupported", /CONFIG_INET_DIAG/],
    [1, "privilege", /seccomp/],
    [13, "privilege", /seccomp/],
    [105, "internal", /memory/],
  ] as const) {
    const error = diagError(errno);
    assert.equal(error.code, code);
    assert.match(error.remedy, remedy);
  }
});

test("a kernel that refuses the dump is asked no more and its errno is told", () => {
  const dump = new SocketDump();
  // No handler is registered for this family: sock_diag answers ENOENT, as for a module that is absent.
  assert.throws(
    () => dump.run({ family: 39, states: 2, extension: INET_DIAG_INFO }, () => assert.fail()),
    (error) => error instanceof NpmonError && error.code === "unsupported" && /ENOENT/.test(error.message),
  );
  let listeners = 0;
  assert.equal(
    dump.run({ family: 2, states: 0xfff, extension: INET_DIAG_INFO }, () => listeners++),
    true,
  );
  dump.close();
  dump.close();
});

test("a netlink protocol that the kernel does not have is an unsupported kernel", () => {
  try {
    NetlinkSocket.open({ protocol: 31, receiveBytes: 4096 }).close();
    assert.fail("protocol 31 exists");
  } catch (cause) {
    assert.ok(cause instanceof EbpfError, String(cause));
    assert.equal(cause.errno, "EPROTONOSUPPORT");
    const error = sockDiagFailure(cause);
    assert.ok(error instanceof NpmonError && error.code === "unsupported" && error.cause === cause);
  }
});

test("a netlink socket never waits, tells that a datagram was too long, and is not used after its close", () => {
  const socket = NetlinkSocket.open({ protocol: 4, receiveBytes: 4096 });
  assert.equal(socket.receive(new Uint8Array(16)), 0);
  assert.equal(socket.drops(), 0);
  socket.send(new Uint8Array([20, 0, 0, 0, 20, 0, 1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 2, 6, 0, 0]));
  assert.equal(socket.receive(new Uint8Array(16)), -90);
  socket.close();
  socket.close();
  assert.throws(() => socket.receive(new Uint8Array(16)), { code: "misuse" });
  assert.throws(() => socket.send(new Uint8Array(16)), { code: "misuse" });
});
