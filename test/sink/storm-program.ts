/** Makes the snapshots FROM to TO, spools them and delivers them to URL; ends with 0 when all are delivered. */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { createHttpSend } from "../../src/sink/deliver/http.ts";
import { openForwarder } from "../../src/sink/forwarder.ts";
import { idOf } from "./snapshot-id.ts";
import { stormSnapshot } from "./storm-snapshot.ts";

const [folder = "", url = "", journal = "", from = "0", to = "0", host = "", startMs = "0"] =
  process.argv.slice(2);
const destination = { url, token: "storm", tokenFile: null, caFile: null, headers: {} };
const forwarder = await openForwarder({
  folder,
  maxBytes: 2 ** 30,
  maxAgeMs: 2 ** 40,
  intervalMs: 1000,
  destinations: [
    { url, send: createHttpSend(destination, { idleMs: 2000, totalMs: 5000, maxBytes: 2 ** 20 }) },
  ],
  patience: { firstMs: 5, maxMs: 100, slowMs: 100, longMs: 1000 },
  say: () => {},
});
const made = existsSync(journal) ? readFileSync(journal, "utf8").split("\n").length - 1 : 0;
for (let number = Number(from) + made; number < Number(to); number++) {
  const line = `${JSON.stringify(stormSnapshot(number, host, Number(startMs)))}\n`;
  await forwarder.spooled(idOf(number), line);
  // it is durable now, so it is never made again
  appendFileSync(journal, `${number}\n`);
}
while (forwarder.status.spool.snapshots > 0) await setTimeout(20);
await forwarder.finish(1000);
process.exit(forwarder.status.spool.dropped + (forwarder.status.destinations[0]?.refused ?? 0) === 0 ? 0 : 1);
