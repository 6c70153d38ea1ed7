import assert from "node:assert/strict";
import { test } from "node:test";
import { runAllInGuest, runInGuest } from "./guest.ts";
import { findKernel } from "./kernel.ts";

test("a guest that dies before its verdict is started once more, and then reported with its console", async () => {
  const kernel = await findKernel("6.1");
  const crash = runInGuest(kernel, ["sh", "-c", "echo c >/proc/sysrq-trigger"], { bare: true });
  await assert.rejects(crash, ({ message }: Error) => {
    assert.match(message, /gave no verdict, twice/);
    assert.equal(message.match(/Kernel panic - not syncing: sysrq/g)?.length, 2);
    return true;
  });
});

test("a command that takes too long is killed, and what it had printed comes back; the next one is run", async () => {
  const commands = [
    ["sh", "-c", "echo begun; sleep 1000"],
    ["echo", "next"],
  ];
  const runs = await runAllInGuest(await findKernel("6.1"), commands, { timeoutMs: 3000, bare: true });
  assert.deepEqual(
    runs.map(({ status, stdout }) => [status, stdout]),
    [
      [137, "begun\n"],
      [0, "next\n"],
    ],
  );
});
