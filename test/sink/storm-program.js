// Spools the snapshots FROM to TO, each a line of FILE, and delivers them to URL; ends with 0 when all are delivered.
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { createHttpSend, HTTP_LIMITS } from "../../src/sink/deliver/http.ts";
import { openForwarder } from "../../src/sink/forwarder.ts";

const [folder, url, journal, file, from, to] = process.argv.slice(2);
const destination = { url, token: "storm", tokenFile: null, caFile: null, headers: {} };
const forwarder = await openForwarder({
  folder,
  maxBytes: 2 ** 30,
  maxAgeMs: 2 ** 40,
  intervalMs: 1000,
  destinations: [{ url, send: createHttpSend(destination, { ...HTTP_LIMITS, idleMs: 2000, totalMs: 5000 }) }],
  patience: { firstMs: 5, maxMs: 100, slowMs: 100, longMs: 1000 },
  say: () => {},
});
const made = existsSync(journal) ? readFileSync(journal, "utf8").split("\n").length - 1 : 0;
const lines = readFileSync(file, "utf8")
  .split("\n")
  .slice(Number(from) + made, Number(to));
for (const line of lines) {
  await forwarder.spooled(JSON.parse(line).id, `${line}\n`);
  // it is durable now, so it is never made again
  appendFileSync(journal, "made\n");
}
while (forwarder.status.spool.snapshots > 0) await setTimeout(20);
await forwarder.finish(1000);
const { spool, destinations } = forwarder.status;
process.exit(spool.dropped + destinations[0].refused === 0 ? 0 : 1);
