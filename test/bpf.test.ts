import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const fresh = mkdtempSync(join(tmpdir(), "npmon-bpf-"));
after(() => rmSync(fresh, { recursive: true }));

test("the committed BPF objects and the layout are what the sources give", () => {
  execFileSync("bash", [join(root, "bpf/build.sh"), fresh]);
  const objects = readdirSync(join(root, "bpf")).filter((name) => name.endsWith(".bpf.o"));
  assert.deepEqual(
    objects,
    readdirSync(fresh).filter((name) => name.endsWith(".bpf.o")),
  );
  assert.ok(objects.length > 0);
  for (const name of objects) {
    const same = readFileSync(join(root, "bpf", name)).equals(readFileSync(join(fresh, name)));
    assert.ok(same, `bpf/${name} is stale: npm run bpf`);
  }
  assert.equal(
    readFileSync(join(root, "src/probe/bpf/layout.generated.ts"), "utf8"),
    readFileSync(join(fresh, "layout.generated.ts"), "utf8"),
  );
});
