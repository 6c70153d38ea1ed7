/** Spools forty snapshots, says how it stands, waits for a line, spools one more, and says how it stands when all are gone. */
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";
import { createHttpSend } from "../../src/sink/deliver/http.ts";
import { openForwarder } from "../../src/sink/forwarder.ts";
import { idOf } from "./snapshot-id.ts";

const [folder = "", url = ""] = process.argv.slice(2);
const said: string[] = [];
const forwarder = await openForwarder({
  folder,
  maxBytes: 2 ** 30,
  maxAgeMs: 2 ** 40,
  intervalMs: 1000,
  destinations: [
    { url, send: createHttpSend({ url, token: null, tokenFile: null, caFile: null, headers: {} }) },
  ],
  patience: { firstMs: 5, maxMs: 50, slowMs: 50, longMs: 1000 },
  say: (_level, text) => said.push(text),
});
const spool = (number: number) =>
  forwarder.spooled(idOf(number), `${JSON.stringify({ id: idOf(number), bytes: number })}\n`);
const tell = () => process.stdout.write(`${JSON.stringify({ status: forwarder.status, said })}\n`);
for (let number = 0; number < 40; number++) await spool(number);
tell();
await once(process.stdin, "data");
while (forwarder.status.spool.snapshots > 0) await setTimeout(10);
await spool(40);
while (forwarder.status.spool.snapshots > 0) await setTimeout(10);
tell();
await forwarder.finish(1000);
process.exit(0);
