/**
 * A program: a DNS server on port 53 of loopback in whatever network namespace it runs in. The names say what it is to
 * answer: `ip-192-0-2-7.…` has that address, `ip6-2001-db8--7.…` that one, `alias-N.X` is an alias, by N steps, of X,
 * `big-N.…` has N addresses, and anything else does not exist. Whoever sends nonsense is told about nonsense. Reads
 * names from stdin and prints, as JSON, what Node's own resolver makes of each when it asks this server.
 */
import { createSocket, type Socket } from "node:dgram";
import { Resolver } from "node:dns/promises";
import { once } from "node:events";
import { createInterface } from "node:readline";
import packet, { type Answer, type Packet, type Question } from "dns-packet";

const PORT = 53;
const ADDRESSES = [
  ["udp4", "127.0.0.1"],
  ["udp6", "::1"],
] as const;
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
const NONSENSE: Question = { name: "ip-192-0-2-1.nonsense", type: "A" };

function answer(bytes: Buffer): Buffer {
  let query: Packet = { id: 0, questions: [NONSENSE] };
  try {
    query = packet.decode(bytes);
  } catch {}
  const { id = 0, questions: [question = NONSENSE] = [] } = query;
  const exists = /^(ip6?|alias|big)-/.test(question.name.toLowerCase());
  const flags = packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE | (exists ? 0 : NXDOMAIN);
  return packet.encode({
    type: "response",
    id,
    flags,
    questions: [question],
    answers: answersTo(question),
  });
}

const servers: Socket[] = [];
for (const [type, address] of ADDRESSES) {
  const server = createSocket(type).bind(PORT, address);
  server.on("message", (bytes, from) => server.send(answer(bytes), from.port, from.address));
  await once(server, "listening");
  servers.push(server);
}

const resolver = new Resolver({ timeout: 2000, tries: 2 });
resolver.setServers([`127.0.0.1:${PORT}`]);
process.stdout.write("ready\n");
for await (const name of createInterface({ input: process.stdin })) {
  const found = await (name.startsWith("ip6-") ? resolver.resolve6(name) : resolver.resolve4(name)).catch(
    (error: NodeJS.ErrnoException) => error.code,
  );
  process.stdout.write(`${JSON.stringify(found)}\n`);
}
for (const server of servers) server.close();
