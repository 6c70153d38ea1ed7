// Keeps the code that V8 makes of the bundle while npmon shows one table, for load.js. It attaches nothing and asks
// nobody for names. Where sockdiag does not work either, what ran until then is kept.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CODE, load } from "./load.js";

const folder = mkdtempSync(join(tmpdir(), "npmon-build-"));
const config = join(folder, "system-probe.yaml");
writeFileSync(
  config,
  "npmon:\n  resolve: false\n  container_sockets: []\n  kubernetes:\n    enabled: never\n",
);

const { npmon, script } = load();
process.on("exit", () => {
  rmSync(folder, { recursive: true });
  writeFileSync(CODE, script.createCachedData());
  process.exitCode = 0;
});
const words = "top --batch --count 1 --interval 250ms --probe sockdiag --config";
await npmon.run([...words.split(" "), config], import.meta.url);
