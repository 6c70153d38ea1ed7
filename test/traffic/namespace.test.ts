import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readlinkSync } from "node:fs";
import { describe, it } from "node:test";
import { withNamespace } from "./namespace.ts";
import { HEADER_BYTES, runClient, startServer } from "./traffic.ts";

describe("withNamespace", () => {
  it("lends a namespace that reaches this one and is reached from it, over IPv4 and IPv6", async () => {
    await withNamespace(async ({ within, address, address6, hostAddress, hostAddress6 }) => {
      await using inside = await startServer({ within, family: 6, address: "::" });
      await using outside = await startServer({ family: 6, address: "::" });
      for (const to of [`${address}:${inside.port}`, `[${address6}]:${inside.port}`]) {
        assert.equal((await runClient({ to, sendBytes: 1_000, receiveBytes: 10 })).failed, 0);
      }
      for (const to of [`${hostAddress}:${outside.port}`, `[${hostAddress6}]:${outside.port}`]) {
        assert.equal((await runClient({ within, to, sendBytes: 2_000, receiveBytes: 10 })).failed, 0);
      }
      assert.notEqual(readlinkSync(`/proc/${inside.pids[0]}/ns/net`), readlinkSync("/proc/self/ns/net"));
      assert.equal((await inside.stop()).bytes_received, 2 * (HEADER_BYTES + 1_000));
      assert.equal((await outside.stop()).bytes_received, 2 * (HEADER_BYTES + 2_000));
    });
  });

  it("lends several at a time, and deletes each even when its user throws", async () => {
    const names: string[] = [];
    const failing = withNamespace((first) =>
      withNamespace((second) => {
        names.push(first.name, second.name);
        assert.notEqual(first.address, second.address);
        assert.match(
          second.run("ip", "-4", "address", "show", "eth0"),
          new RegExp(`inet ${second.address}/30`),
        );
        throw new Error("on purpose");
      }),
    );
    await assert.rejects(failing, /on purpose/);
    assert.equal(names.length, 2);
    const left = execFileSync("ip", ["netns", "list"], { encoding: "utf8" });
    for (const name of names) assert.doesNotMatch(left, new RegExp(name));
  });
});
