/** Serves a cluster of as many pods as its arguments say, and its own address to the parent: see `measure.ts`. */
import { readFileSync } from "node:fs";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { containerIdOf, type PodJson, podJson } from "./pod-json.ts";

const [keyFile = "", certFile = "", count = "0"] = process.argv.slice(2);
const pods = Number(count);
const NODE_PODS = 110;

/** Ten replicas a workload, a hundred workloads a namespace, a hundred pods a node. */
function pod(index: number, node: string): PodJson {
  const app = `service-${Math.floor(index / 10)}`;
  const hash = Math.floor(index / 10)
    .toString(16)
    .padStart(10, "6");
  const wish = podJson({
    name: `${app}-${hash}-${index.toString(36).padStart(5, "x")}`,
    namespace: `team-${Math.floor(index / 1_000)}`,
    uid: `74c13223-5a00-11e9-b385-${index.toString(16).padStart(12, "0")}`,
    node,
    ips: [`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`, `fd00:10:244::${index.toString(16)}`],
    labels: {
      "app.kubernetes.io/name": app,
      "app.kubernetes.io/instance": `${app}-prod`,
      "app.kubernetes.io/version": "2.1.7",
      "app.kubernetes.io/managed-by": "Helm",
      "pod-template-hash": hash,
      team: "payments",
    },
    annotations: { "checksum/config": "9".repeat(64), note: "n".repeat(2_000) },
    owner: { kind: "ReplicaSet", name: `${app}-${hash}` },
    containerIds: [containerIdOf(`${index}-main`), containerIdOf(`${index}-proxy`)],
  });
  return { ...wish, metadata: { ...wish.metadata, resourceVersion: String(1_000 + index) } };
}

const server = https.createServer(
  { key: readFileSync(keyFile), cert: readFileSync(certFile) },
  (request, response) => {
    const { searchParams } = new URL(request.url ?? "", "https://localhost");
    response.writeHead(200, { "content-type": "application/json" });
    if (searchParams.has("watch")) {
      response.flushHeaders();
      return;
    }
    const isNode = searchParams.get("fieldSelector")?.startsWith("spec.nodeName=") ?? false;
    const from = Number(searchParams.get("continue") ?? 0);
    const to = Math.min(isNode ? NODE_PODS : pods, from + Number(searchParams.get("limit") ?? pods));
    const items: PodJson[] = [];
    for (let index = from; index < to; index++) {
      items.push(isNode ? pod(1_000_000 + index, "web-1") : pod(index, `web-${2 + Math.floor(index / 100)}`));
    }
    const metadata = {
      resourceVersion: "5000000",
      ...(to < pods && !isNode ? { continue: String(to) } : {}),
    };
    response.end(JSON.stringify({ kind: "PodList", apiVersion: "v1", metadata, items }));
  },
);
server.listen(0, "127.0.0.1", () => process.send?.({ port: (server.address() as AddressInfo).port }));
process.send?.({ podBytes: JSON.stringify(pod(0, "web-2")).length });
