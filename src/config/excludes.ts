import * as z from "zod";
import type { Protocol } from "../flow/flow.ts";
import { type Network, parseIpv4, parseIpv6 } from "../flow/ip.ts";
import { quoteInput } from "../query/quote.ts";
import { isMap, key, type Report } from "./key.ts";
import { maskOf, parseNetwork } from "./network.ts";

/** Ports of one protocol or both; both ends included. */
interface Ports {
  readonly protocol: Protocol | null;
  readonly from: number;
  readonly to: number;
}

/** Flows whose one end has such an address and such a port. */
export interface Exclude {
  /** `null`: any address. */
  readonly network: Network | null;
  readonly ports: readonly Ports[];
}

/** The ends of a flow as the exclude rules look at them; the local one measured it. */
export interface ExcludeFlow {
  readonly protocol: Protocol;
  readonly localIp: string | null;
  readonly localPort: number | null;
  readonly remoteIp: string | null;
  readonly remotePort: number | null;
}

const MAX_PORT = 65_535;
const ADDRESS = 'an address such as 10.0.0.1, a network such as 10.0.0.0/24 or 2001:db8::/32, or "*"';
const PORTS = 'a port such as 80, "443-445", "tcp 80", "udp 1000-2000" or "tcp *"';

const portsSchema = key(z.union([z.string(), z.int()]), { expects: PORTS, type: "ports", help: "" });
const listSchema = key(z.array(portsSchema), {
  expects: `a list, each item ${PORTS}`,
  type: "list",
  help: "",
});

/** `source_excludes` and `dest_excludes`: a map from address to a list of ports. */
export function excludes(help: string) {
  const schema = z
    .record(z.string(), listSchema)
    .transform((addresses): readonly Exclude[] => readExcludes(addresses, () => {}));
  return key(schema.prefault({}), {
    expects: "a map from address to a list of ports",
    type: "map of lists",
    help,
    example: '{"10.0.0.0/24": [80, "udp 1000-2000"], "2001:db8::1": ["tcp *"], "*": ["udp 53"]}',
    check: readExcludes,
  });
}

function readExcludes(value: unknown, report: Report): readonly Exclude[] {
  const addresses = isMap(value) ? Object.entries(value) : [];
  return Object.freeze(
    addresses.map(([address, specs]) => readExclude(address, Array.isArray(specs) ? specs : [], report)),
  );
}

function readExclude(address: string, specs: readonly unknown[], report: Report): Exclude {
  const isAny = address.trim() === "*";
  const network = isAny ? null : parseNetwork(address);
  if (!isAny && network === null) {
    report({ path: [address], isKey: true, message: `found ${quoteInput(address)}, expected ${ADDRESS}` });
  }
  const ports = specs.flatMap((spec, index): Ports[] => {
    if (typeof spec !== "string" && !Number.isInteger(spec)) return [];
    const parsed = parsePorts(String(spec));
    if (typeof parsed === "string") {
      report({ path: [address, index], message: parsed });
      return [];
    }
    if (isAny && parsed.from === 0) {
      const found = quoteInput(String(spec));
      const message = `found ${found} for "*", which leaves nothing over; expected ports, or disable_tcp, disable_udp`;
      report({ path: [address, index], message });
    }
    return [parsed];
  });
  return Object.freeze({ network, ports: Object.freeze(ports) });
}

/** The ports, 0 to 65535 for `*`, or what is wrong with the text. */
function parsePorts(text: string): Ports | string {
  const [, protocol, first = "", last] =
    /^(?:(tcp|udp)\s+)?(\*|\d{1,5})(?:\s*-\s*(\d{1,5}))?$/i.exec(text.trim()) ?? [];
  const found = `found ${quoteInput(text)}`;
  if (first === "" || (first === "*" && last !== undefined)) return `${found}, expected ${PORTS}`;
  const which = (protocol?.toLowerCase() as Protocol | undefined) ?? null;
  if (first === "*") return Object.freeze({ protocol: which, from: 0, to: MAX_PORT });
  const from = Number(first);
  const to = Number(last ?? first);
  if (from < 1 || to < 1 || from > MAX_PORT || to > MAX_PORT)
    return `${found}, expected ports from 1 to ${MAX_PORT}`;
  if (from > to) return `${found}, expected the lower port first: ${quoteInput(`${to}-${from}`)}`;
  return Object.freeze({ protocol: which, from, to });
}

/** Whether a flow is one of those that do not count. An end that is not known is in no network. */
export function createExcludes(sides: {
  readonly source: readonly Exclude[];
  readonly destination: readonly Exclude[];
}): (flow: ExcludeFlow) => boolean {
  const local = createMatcher(sides.source);
  const remote = createMatcher(sides.destination);
  return ({ protocol, localIp, localPort, remoteIp, remotePort }) =>
    local(protocol, localIp, localPort) || remote(protocol, remoteIp, remotePort);
}

type Matcher = (protocol: Protocol, ip: string | null, port: number | null) => boolean;

function createMatcher(excludes: readonly Exclude[]): Matcher {
  if (excludes.length === 0) return () => false;
  const words = new Uint32Array(4);
  return (protocol, ip, port) => {
    const length = ip === null ? 0 : readWords(ip, words);
    return excludes.some(
      ({ network, ports }) =>
        (network === null || (network.words.length === length && isIn(words, network))) &&
        ports.some((range) => includes(range, protocol, port)),
    );
  };
}

/** The address into `words`; how many they are, 0 when it is none. */
function readWords(ip: string, words: Uint32Array): number {
  const ipv4 = parseIpv4(ip);
  if (ipv4 >= 0) {
    words[0] = ipv4;
    return 1;
  }
  return parseIpv6(ip, words) ? 4 : 0;
}

function isIn(words: Uint32Array, network: Network): boolean {
  return network.words.every(
    (word, index) => ((words[index] ?? 0) & maskOf(network.prefixLength - 32 * index)) >>> 0 === word,
  );
}

function includes(range: Ports, protocol: Protocol, port: number | null): boolean {
  if (range.protocol !== null && range.protocol !== protocol) return false;
  return port === null ? range.from === 0 : port >= range.from && port <= range.to;
}
