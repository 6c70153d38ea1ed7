import type { Network } from "../../src/flow/ip.ts";
import { createPrefixTable } from "../../src/tag/prefix-table.ts";
import { spreadOf } from "./spread.ts";
import type { Cell, Table } from "./table.ts";

const SIZES = [10, 10_000, 100_000] as const;
const ROUNDS = 7;
const LOOKUPS = 200_000;
const NS_PER_MS = 1e6;

/** How long the value of an address takes to find, its text included. */
export async function measurePrefix(): Promise<readonly Table[]> {
  const rows: Cell[][] = [];
  for (const prefixes of SIZES) {
    for (const family of ["ipv4", "ipv6"] as const) {
      const random = createRandom(prefixes);
      const networks = Array.from({ length: prefixes }, () => randomNetwork(family, random));
      const started = performance.now();
      const table = createPrefixTable(networks.map((network, index) => [network, index] as const));
      const builtMs = performance.now() - started;
      // Every second address is in one of the networks.
      const ips = Array.from({ length: 10_000 }, (_, index) =>
        formatIp(index % 2 === 0 ? randomNetwork(family, random) : networks[index % prefixes], random),
      );
      const rounds = Array.from({ length: ROUNDS + 1 }, () => nanosecondsOf(table, ips));
      rows.push([family, table.size, spreadOf(rounds.slice(1)), builtMs]);
    }
  }
  return [
    {
      title: "prefix: the longest prefix for an address, from its text",
      columns: ["family", "prefixes", "ns a look-up", "ms to build"],
      rows,
      notes: ["Prefixes of /8 to /32, and /20 to /64. Asked once for an end of a flow, not for a packet."],
    },
  ];
}

function nanosecondsOf(table: { find(ip: string): number | null }, ips: readonly string[]): number {
  let found = 0;
  const started = performance.now();
  for (let look = 0; look < LOOKUPS; look++) {
    if (table.find(ips[look % ips.length] ?? "") !== null) found++;
  }
  const ms = performance.now() - started;
  if (found === 0) throw new Error("nothing was found");
  return (ms * NS_PER_MS) / LOOKUPS;
}

/** The same numbers in every run (mulberry32), 0 ≤ n < 2^32. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

function randomNetwork(family: Network["family"], random: () => number): Network {
  return family === "ipv4"
    ? { family, words: [random()], prefixLength: 8 + (random() % 25) }
    : { family, words: [0x20000000 + (random() >>> 4), random(), 0, 0], prefixLength: 20 + (random() % 45) };
}

function formatIp(network: Network | undefined, random: () => number): string {
  const { family, words } = network ?? randomNetwork("ipv4", random);
  if (family === "ipv4") return [24, 16, 8, 0].map((shift) => ((words[0] ?? 0) >>> shift) & 255).join(".");
  const [high = 0, low = 0] = words;
  return `${[high >>> 16, high & 0xffff, low >>> 16, low & 0xffff].map((n) => n.toString(16)).join(":")}::${(random() & 0xffff).toString(16)}`;
}
