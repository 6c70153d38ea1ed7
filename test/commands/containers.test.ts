import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import type { Snapshot, SnapshotFlow } from "../../src/snapshot/snapshot.ts";
import { openDocker } from "../tag/engine/docker.ts";
import { IMAGE } from "../tag/engine/image.ts";
import { joinNamespaces } from "../tag/engine/veth.ts";
import { ended, startNpmon, tracing } from "./npmon.ts";

const BUSYBOX_BYTES = statSync("/bin/busybox").size;
const TAGS = ["container", "image", "service", "service_source", "env", "label.team"];

/** The ends of a row that answers `client.TAG,server.TAG` for every one of {@link TAGS}. */
function ends({ client, server }: SnapshotFlow) {
  return { client: TAGS.map((tag) => client?.[tag]), server: TAGS.map((tag) => server?.[tag]) };
}

test("containers with networks of their own show name, image, labels and service at both ends of their traffic", async () => {
  const docker = await openDocker();
  try {
    const web = await docker.run({
      name: "web-1",
      labels: { "com.docker.compose.service": "web", team: "shop" },
      args: ["/bin/httpd", "-f", "-p", "80", "-h", "/bin"],
      network: "own",
    });
    const till = await docker.run({
      name: "till-1",
      labels: { "com.datadoghq.tags.service": "till", "com.datadoghq.tags.env": "test" },
      args: ["/bin/sleep", "600"],
      network: "own",
    });
    joinNamespaces({ pid: web.pid, address: "192.0.2.1/24" }, { pid: till.pid, address: "192.0.2.2/24" });
    const groupBy = TAGS.flatMap((tag) => [`client.${tag}`, `server.${tag}`]).join();
    const words = ["export", "--json", "-d", "60s", "-g", groupBy, "-f", "server.port:80 server.service:web"];
    const child = startNpmon(words, { env: { ...process.env, DOCKER_HOST: `unix://${docker.socket}` } });
    const done = ended(child);
    await tracing(child);
    for (let i = 0; i < 3; i++) {
      const get = ["/bin/wget", "-q", "-O", "/dev/null", "http://192.0.2.1/busybox"];
      assert.equal(await docker.exec("till-1", get), 0);
    }
    child.kill("SIGINT");
    const { stdout, stderr, status } = await done;
    assert.equal(status, 0, stderr);
    const { flows }: Snapshot = JSON.parse(stdout);
    const [row] = flows;
    assert.ok(row !== undefined && flows.length === 1, stdout);
    assert.deepEqual(ends(row), {
      client: ["till-1", IMAGE, "till", "container label com.datadoghq.tags.service", "test", null],
      server: ["web-1", IMAGE, "web", "container label com.docker.compose.service", null, "shop"],
    });
    assert.equal(row.connections.opened, 3);
    assert.ok(row.bytes_received > 3 * BUSYBOX_BYTES && row.bytes_received < 3 * (BUSYBOX_BYTES + 1000));
  } finally {
    await docker.close();
  }
});
