/**
 * A program: a DNS server on 127.0.0.1, port 53, of whatever network namespace it runs in. The names say what it is to
 * answer: `ip-192-0-2-7.…` has that address, `ip6-2001-db8--7.…` that one, `alias-N.X` is an alias, by N steps, of X,
 * `big-N.…` has N addresses, and anything else does not exist. Reads names from stdin and prints, as JSON, what
 * Node's own resolver makes of each when it asks this server.
 */
import { createSocket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { createInterface } from "node:readline";
import packet, { type Answer, type Question } from "dns-packet";

const ADDRESS = "127.0.0.1";
const PORT = 53;
const TTL = 60;

function answersTo({ name, type }: Question): Answer[] {
  const alias = /^alias-(\d+)\.(.*)$/.exec(name);
  if (alias !== null) {
    const [, steps = "0", target = ""] = alias;
    const next = steps === "1" ? target : `alias-${Number(steps) - 1}.${target}`;
    return [{ name, type: "CNAME", ttl: TTL, data: next }, ...answersTo({ name: next, type })];
  }
  const many = /^big-(\d+)\./.exec(name);
  if (many !== null && type === "A") {
    return Array.from({ length: Number(many[1]) }, (_, index) => ({
      name,
      type,
      ttl: TTL,
      data: `198.18.${index >> 8}.${index & 255}`,
    }));
  }
  const v4 = /^ip-(\d+)-(\d+)-(\d+)-(\d+)\./.exec(name.toLowerCase());
  if (v4 !== null && type === "A") return [{ name, type, ttl: TTL, data: v4.slice(1, 5).join(".") }];
  const v6 = /^ip6-([0-9a-f-]+)\./.exec(name.toLowerCase());
  if (v6 !== null && type === "AAAA")
    return [{ name, type, ttl: TTL, data: (v6[1] ?? "").replaceAll("-", ":") }];
  return [];
}

const NXDOMAIN = 3;
const server = createSocket("udp4");
server.on("message", (bytes, { port, address }) => {
  const query = packet.decode(bytes);
  const [question] = query.questions ?? [];
  if (question === undefined) return;
  const answers = answersTo(question);
  const exists = /^(ip6?|alias|big)-/.test(question.name.toLowerCase());
  const flags = packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE | (exists ? 0 : NXDOMAIN);
  server.send(
    packet.encode({ type: "response", id: query.id ?? 0, flags, questions: [question], answers }),
    port,
    address,
  );
});
server.bind(PORT, ADDRESS);
await once(server, "listening");

const resolver = new Resolver({ timeout: 2000, tries: 2 });
resolver.setServers([`${ADDRESS}:${PORT}`]);
process.stdout.write("ready\n");
for await (const name of createInterface({ input: process.stdin })) {
  const found = await (name.startsWith("ip6-") ? resolver.resolve6(name) : resolver.resolve4(name)).catch(
    (error: NodeJS.ErrnoException) => error.code,
  );
  process.stdout.write(`${JSON.stringify(found)}\n`);
}
server.close();
