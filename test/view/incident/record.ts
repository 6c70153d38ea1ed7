/**
 * Records `test/view/fixtures/incident.json`: half a minute of a small shop on which two things go wrong, the link to
 * its database, then its cache. Root, iproute2 and a built npmon are needed; everything that it makes is gone after it.
 *
 *     node --import tsx test/view/incident/record.ts [FILE]
 */
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { NPMON } from "../../commands/npmon.ts";
import { Child } from "../../traffic/child.ts";
import { type Link, withLink } from "./link.ts";
import { createShop, type Shop } from "./services.ts";

const FILE = process.argv[2] ?? fileURLToPath(new URL("../fixtures/incident.json", import.meta.url));
const PROGRAM = fileURLToPath(new URL("./service.ts", import.meta.url));

const SECONDS = 30;
/** What goes wrong and right again, by the second. */
const TIMELINE: readonly (readonly [
  second: number,
  event: "link bad" | "link good" | "cache down" | "cache up",
])[] = [
  [9, "link bad"],
  [15, "cache down"],
  [21, "cache up"],
  [24, "link good"],
];

await withLink(async (link) => {
  const shop = createShop(link.host, link.far);
  const running = new Map<string, Child>();
  try {
    for (const name of Object.keys(shop.services)) {
      running.set(name, startService(name, shop, link));
      await setTimeout(300);
    }
    await setTimeout(1500);
    const npmon = record(Object.keys(shop.services));
    const begun = performance.now();
    for (const [second, event] of TIMELINE) {
      await setTimeout(Math.max(0, begun + second * 1000 - performance.now()));
      process.stderr.write(`${second} s: ${event}\n`);
      if (event === "link bad") link.makeBad();
      else if (event === "link good") link.makeGood();
      else if (event === "cache down") await running.get("redis")?.close();
      else running.set("redis", startService("redis", shop, link));
    }
    const { code } = await npmon.exit;
    if (code !== 0) throw new Error(`npmon ended with ${code}`);
  } finally {
    for (const child of running.values()) await child.close();
  }
});

function startService(name: string, { services, remote }: Shop, { within }: Link): Child {
  const service = JSON.stringify(services[name]);
  return new Child(process.execPath, ["--import", "tsx", PROGRAM, name, service], {
    within: remote.includes(name) ? within : [],
    env: { DD_SERVICE: name, DD_ENV: "prod", NODE_OPTIONS: "--max-old-space-size=64" },
  });
}

/** On a host of another name, which is what the recording is to show. */
function record(names: readonly string[]): Child {
  const asked = ["-g", "flow", "-f", `source.service:${names.join(",")}`, "-d", "1", "-c", String(SECONDS)];
  const command = `hostname shop-1 && exec "$@"`;
  return new Child(
    "unshare",
    ["--uts", "sh", "-c", command, "sh", process.execPath, NPMON, "top", "-b", ...asked, "-o", FILE],
    { env: {} },
  );
}
