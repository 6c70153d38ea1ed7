import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { Snapshot } from "../../src/snapshot/snapshot.ts";
import { ended, NPMON, npmon, tracing } from "../commands/npmon.ts";
import { Actor } from "../traffic/actor.ts";
import { type Namespace, withNamespace } from "../traffic/namespace.ts";
import { connect } from "../traffic/pair.ts";
import { startIntake } from "./intake-process.ts";

const TOKEN = "one-for-all";
const SENT = 700_000;
const RECEIVED = 1_300_000;

const folder = mkdtempSync(join(tmpdir(), "npmon-fleet-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const tokenFile = join(folder, "token");
writeFileSync(tokenFile, `${TOKEN}\n`);

/** Between the two hosts alone; the way to the intake is another. */
const WIRE = { client: "198.18.7.1", server: "198.18.7.2" };

function wire(a: Namespace, b: Namespace): void {
  const ip = (...args: readonly string[]) => execFileSync("ip", args, { stdio: "pipe" });
  ip("link", "add", "wire", "netns", a.name, "type", "veth", "peer", "name", "wire", "netns", b.name);
  for (const [{ name }, address] of [
    [a, WIRE.client],
    [b, WIRE.server],
  ] as const) {
    ip("-n", name, "address", "add", `${address}/30`, "dev", "wire");
    ip("-n", name, "link", "set", "wire", "up");
  }
}

/**
 * A host of its own: a name, a network, and a forwarder that sees no other. eBPF sees the whole kernel, which both share,
 * so it is the sockdiag tier, which sees one network namespace, that makes two hosts of them.
 */
function startForwarder(host: string, at: Namespace, port: number): ChildProcess {
  const args = ["forward", "-d", "300ms", "--probe", "sockdiag", "--token-file", tokenFile];
  const to = ["--to", `http://${at.hostAddress}:${port}`, "--spool-dir", join(folder, host)];
  const named = ["unshare", "--uts", "sh", "-c", 'echo "$0" > /proc/sys/kernel/hostname; exec "$@"', host];
  const [command = "", ...rest] = [...at.within, ...named, process.execPath, NPMON, ...args, ...to];
  return spawn(command, rest, { stdio: ["ignore", "pipe", "pipe"] });
}

async function end(child: ChildProcess): Promise<void> {
  const over = ended(child);
  child.kill("SIGTERM");
  assert.equal((await over).status, 0);
}

test("two hosts that forward what each of them saw are one answer to who talked to whom", async () => {
  await withNamespace((a) =>
    withNamespace(async (b) => {
      wire(a, b);
      const intake = await startIntake(
        ["--data", join(folder, "data"), "--token-file", tokenFile],
        "0.0.0.0",
      );
      const forwarders: ChildProcess[] = [];
      const server = await Actor.start({ within: b.within, env: { DD_SERVICE: "orders-db" } });
      const client = await Actor.start({ within: a.within, env: { DD_SERVICE: "shop" } });
      let address = "";
      try {
        forwarders.push(startForwarder("host-a", a, intake.port));
        forwarders.push(startForwarder("host-b", b, intake.port));
        await Promise.all(forwarders.map(tracing));
        const pair = await connect(server, client, { host: WIRE.server });
        address = pair.address;
        await Promise.all([
          client.act("send", "send", pair.from, SENT, 50_000),
          server.act("receive", "recv", pair.at, SENT, 50_000),
        ]);
        await Promise.all([
          server.act("send", "send", pair.at, RECEIVED, 50_000),
          client.act("receive", "recv", pair.from, RECEIVED, 50_000),
        ]);
        // the last snapshot of each goes out as they end
        await Promise.all(forwarders.splice(0).map(end));
        await check(intake.port, Number(address.split(":")[1]));
      } finally {
        for (const child of forwarders) child.kill("SIGKILL");
        await client.close();
        await server.close();
        await intake.end("SIGKILL");
      }
    }),
  );
});

async function check(intakePort: number, port: number): Promise<void> {
  const ask = async (...args: readonly string[]): Promise<Snapshot> => {
    const where = ["--intake", `http://127.0.0.1:${intakePort}`, "--token-file", tokenFile];
    const { status, stdout, stderr } = await npmon(["query", ...where, "--since", "1h", "--json", ...args]);
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
  };
  const wired = `port:${port} ip:${WIRE.server}`;
  const bytes = (flow: Snapshot["flows"][number]) => [flow.bytes_sent, flow.bytes_received];

  const once = await ask("-g", "client.service,server.service", "-f", wired);
  assert.deepEqual(
    once.flows.map((flow) => [flow.client, flow.server, ...bytes(flow)]),
    [[{ service: "shop" }, { service: "orders-db" }, SENT, RECEIVED]],
  );
  assert.equal(once.host, "2 hosts");

  const both = await ask("-g", "source.host,destination.host", "-f", wired, "-s", "source.host");
  assert.deepEqual(
    both.flows.map((flow) => [flow.source?.host, flow.destination?.host, ...bytes(flow)]),
    [
      ["host-a", "host-b", SENT, RECEIVED],
      ["host-b", "host-a", RECEIVED, SENT],
    ],
  );

  const far = await ask(
    ...["-g", "destination.host,destination.service,destination.port"],
    ...["-f", `source.service:shop destination.ip:${WIRE.server} destination.service:orders-db`],
  );
  assert.deepEqual(
    far.flows.map(({ destination, bytes_sent }) => [destination, bytes_sent]),
    [[{ host: "host-b", service: "orders-db", port }, SENT]],
  );
}
