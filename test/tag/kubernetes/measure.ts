/**
 * What following a cluster costs: `node --expose-gc --import tsx test/tag/kubernetes/measure.ts 10000 50000`. The
 * server is a process of its own, so what is measured is the client.
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { openPodDirectory } from "../../../src/tag/kubernetes/directory.ts";
import { makeClusterFiles } from "./certificate.ts";

const SERVER = fileURLToPath(new URL("./measure-server.ts", import.meta.url));
const MIB = 1024 * 1024;

async function usedBytes(): Promise<number> {
  for (let turn = 0; turn < 5; turn++) {
    globalThis.gc?.();
    await setTimeout(50);
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

async function measure(pods: number): Promise<void> {
  const files = makeClusterFiles();
  const server = fork(SERVER, [files.keyFile, files.certFile, String(pods)], {
    execArgv: ["--import", "tsx"],
  });
  const [{ podBytes }] = await once(server, "message");
  const [{ port }] = await once(server, "message");
  const before = await usedBytes();
  const cpu = process.cpuUsage();
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const started = performance.now();
  const endpoint = {
    url: `https://127.0.0.1:${port}`,
    tokenFile: files.tokenFile,
    caFile: files.caFile,
    insecure: false,
  };
  let peakRss = 0;
  const directory = openPodDirectory({
    settings: { api: endpoint, kubelet: null, nodeName: "web-1", scope: "cluster", problem: null },
  });
  while (!directory.status().line.includes("of other nodes")) {
    peakRss = Math.max(peakRss, process.memoryUsage().rss);
    await setTimeout(10);
  }
  const tookMs = performance.now() - started;
  delay.disable();
  const { user, system } = process.cpuUsage(cpu);
  const kept = (await usedBytes()) - before;
  const look = performance.now();
  for (let turn = 0; turn < 1_000_000; turn++) directory.byIp(`10.0.${(turn >> 8) & 255}.${turn & 255}`);
  const lookUpNs = performance.now() - look;
  console.log(
    `${pods} pods of ${podBytes} bytes: ${directory.status().line}\n` +
      `  listed in ${(tookMs / 1_000).toFixed(1)} s, ${((user + system) / 1e6).toFixed(1)} s of CPU; ` +
      `event loop held up ${(delay.percentile(99) / 1e6 - 5).toFixed(0)} ms (99 %), ${(delay.max / 1e6 - 5).toFixed(0)} ms at most\n` +
      `  keeps ${(kept / MIB).toFixed(1)} MiB (${Math.round(kept / pods)} bytes a pod); peak resident ${(peakRss / MIB).toFixed(0)} MiB; ` +
      `a look-up ${lookUpNs.toFixed(0)} ns`,
  );
  directory.close();
  server.kill();
  await once(server, "exit");
  files.remove();
}

for (const pods of process.argv.slice(2)) await measure(Number(pods));
