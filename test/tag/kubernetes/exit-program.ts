/** Opens a directory at the server of its arguments, does not close it, and has nothing else to do. */
import { openPodDirectory } from "../../../src/tag/kubernetes/directory.ts";

const [url = "", tokenFile = "", caFile = "", waitFor = ""] = process.argv.slice(2);
const endpoint = { url, tokenFile, caFile, insecure: false };
const directory = openPodDirectory({
  settings: { api: endpoint, kubelet: endpoint, nodeName: "web-1", scope: "cluster", problem: null },
});
const deadline = Date.now() + 10_000;
const timer = setInterval(() => {
  if (!directory.status().line.includes(waitFor) && Date.now() < deadline) return;
  process.stdout.write(directory.status().line);
  clearInterval(timer);
}, 10);
