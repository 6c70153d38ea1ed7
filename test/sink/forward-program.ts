/** Spools snapshots from number FROM to TO and delivers them to URL until killed, or until all are delivered. */
import { appendFileSync } from "node:fs";
import { createHttpSend } from "../../src/sink/deliver/http.ts";
import { openForwarder } from "../../src/sink/forwarder.ts";
import { idOf } from "./snapshot-id.ts";

const [folder = "", url = "", journal = "", from = "0", to = "0"] = process.argv.slice(2);
const forwarder = await openForwarder({
  folder,
  maxBytes: 2 ** 30,
  maxAgeMs: 2 ** 40,
  intervalMs: 1000,
  destinations: [
    { url, send: createHttpSend({ url, token: null, tokenFile: null, caFile: null, headers: {} }) },
  ],
  patience: { firstMs: 5, maxMs: 50, slowMs: 50, longMs: 1000 },
  say: () => {},
});
for (let number = Number(from); number < Number(to); number++) {
  await forwarder.spooled(idOf(number), `${JSON.stringify({ id: idOf(number), bytes: number })}\n`);
  // it is durable now, so whoever kills this process may count on it
  appendFileSync(journal, `${number}\n`);
}
await forwarder.finish(10_000);
