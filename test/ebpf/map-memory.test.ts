import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { loadTier } from "../../src/probe/bpf/load.ts";
import { measureMapMemory } from "../../src/probe/bpf/map-memory.ts";
import { findCgroupRoot } from "../../src/tag/cgroup-mount.ts";

/** What the kernel says that the maps of this process take. */
function chargedBytes(): number {
  let sum = 0;
  for (const name of readdirSync("/proc/self/fdinfo")) {
    let text = "";
    try {
      text = readFileSync(`/proc/self/fdinfo/${name}`, "utf8");
    } catch {} // the descriptor of the listing itself
    if (text.includes("map_type:")) sum += Number(/^memlock:\s*(\d+)$/m.exec(text)?.[1]);
  }
  return sum;
}

for (const capacity of [64, 5000]) {
  test(`what a tier's maps take for ${capacity} connections is known before, to within 16 KiB`, () => {
    const cgroupRoot = findCgroupRoot();
    const options = {
      tier: "tracepoint",
      capacity,
      closedCapacity: capacity,
      cgroupRoot,
      dns: true,
    } as const;
    const said = measureMapMemory(options);
    assert.equal(chargedBytes(), 0, "measuring makes nothing");
    const { object } = loadTier(options);
    try {
      assert.ok(Math.abs(said.totalBytes - chargedBytes()) < 16_384, `${said.totalBytes}, ${chargedBytes()}`);
    } finally {
      object.close();
    }
    assert.ok((said.maps[0]?.bytes ?? 0) >= (said.maps.at(-1)?.bytes ?? 0));
  });
}
