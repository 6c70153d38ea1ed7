import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Endings } from "../../../src/probe/sockdiag/endings.ts";
import { openSockdiagProbe } from "../../../src/probe/sockdiag/sockdiag.ts";
import { Ledger } from "./ledger.ts";
import { Pair } from "./pair.ts";
import { OWN_NETWORK, runScenario } from "./scenario.ts";

test("ten thousand sockets are listed with every byte and owner, beside what `ss -tin` takes", (t) => {
  const result = runScenario("scale", OWN_NETWORK);
  const { connections } = result;
  assert.deepEqual(result.ends, [connections, connections]);
  assert.deepEqual([result.sent, result.received], [100 * connections, 100 * connections]);
  assert.deepEqual(result.owners, [result.holder]);
  const figures = Object.entries(result.figures).map(([name, ms]) => `${name} ${ms.toFixed(1)}`);
  t.diagnostic(`${2 * connections} sockets: ${figures.join(", ")}`);
});

test("connections far shorter than a pass are counted, every one, and their bytes", (t) => {
  const result = runScenario("churn", OWN_NETWORK);
  const { connections } = result;
  assert.deepEqual(result.ends, [connections, connections]);
  assert.equal(result.lost, 0);
  assert.equal(result.sent, result.truth);
  const missing = result.receivedTruth - result.received;
  t.diagnostic(
    `${missing} of ${result.receivedTruth} received bytes not counted, ${connections} connections`,
  );
  assert.ok(missing >= 0 && missing <= connections, `${missing}`);
  assert.deepEqual(result.directions, ["incoming"]);
});

test("connections that end faster than anyone takes them are counted or lost, every one", (t) => {
  const { connections, ends, lost } = runScenario("overrun", OWN_NETWORK);
  const counted = (ends[0] ?? 0) + (ends[1] ?? 0);
  t.diagnostic(`${counted} ends counted, ${lost} lost`);
  // the listener is a socket too, and its end may be among the lost
  assert.ok(
    counted + lost >= 2 * connections && counted + lost <= 2 * connections + 1,
    `${counted} + ${lost}`,
  );
});

test("two hundred passes with connections coming and going leave no descriptor and no memory behind", async (t) => {
  (await Pair.open("127.0.0.1")).close(); // what Node and koffi open once
  const before = descriptors();
  const probe = openSockdiagProbe({ capacity: 1 << 20, reason: "flat" });
  const ledger = new Ledger(probe);
  probe.start();
  const turn = async () => {
    using pair = await Pair.open("127.0.0.1");
    await pair.send(pair.client, 100);
    ledger.collect();
    await pair.finish();
    ledger.collect();
    ledger.closed.length = 0;
  };
  for (let i = 0; i < 50; i++) await turn();
  const open = descriptors();
  const heap = heapBytes();
  for (let i = 0; i < 100; i++) await turn();
  const grown = heapBytes() - heap;
  t.diagnostic(`heap ${grown} bytes larger, ${open} descriptors`);
  assert.ok(grown < 1024 * 1024, `${grown} bytes`);
  assert.equal(descriptors(), open);
  probe.close();
  probe.close();
  assert.equal(descriptors(), before);
});

test("endings that the kernel had no room to keep are told, by their number", async () => {
  const endings = Endings.open(1);
  try {
    const pairs = 40;
    for (let i = 0; i < pairs; i++) {
      using pair = await Pair.open("127.0.0.1");
      await pair.finish();
    }
    let taken = 0;
    let dropped = 0;
    const deadlineMs = performance.now() + 10_000;
    while (taken + dropped < 2 * pairs && performance.now() < deadlineMs) {
      dropped += endings.drain(() => taken++);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    assert.ok(taken > 0 && dropped > 0, `${taken} taken, ${dropped} dropped`);
    assert.ok(taken + dropped >= 2 * pairs, `${taken} taken, ${dropped} dropped`);
  } finally {
    endings.close();
  }
});

function descriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** What is in use after everything unused was collected. */
function heapBytes(): number {
  setFlagsFromString("--expose-gc");
  runInNewContext("gc")();
  return process.memoryUsage().heapUsed;
}
