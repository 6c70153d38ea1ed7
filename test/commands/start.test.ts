import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import * as ebpf from "../../src/ebpf/index.ts";
import { npmon } from "./npmon.ts";

const ROOT = join(import.meta.dirname, "../..");

/** A copy of what is built. */
function copyBuild(): string {
  const folder = mkdtempSync(join(tmpdir(), "npmon-start-"));
  for (const name of ["bin", "dist", "package.json", "oclif.manifest.json"]) {
    cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** Whether V8 refuses the code that was kept; `undefined` when there is none. */
function isRejected(root: string): string {
  const script = `import { load } from ${JSON.stringify(pathToFileURL(join(root, "bin/load.js")))};
    process.stdout.write(String(load().script.cachedDataRejected));`;
  // V8 takes code only under the flags that it was made under, so none from NODE_OPTIONS
  const options = { env: {}, encoding: "utf8" } as const;
  return spawnSync(process.execPath, ["--input-type=module", "--eval", script], options).stdout;
}

test("the code that was kept at the build is taken, and npmon runs without it and with a broken one", (t) => {
  const root = copyBuild();
  t.after(() => rmSync(root, { recursive: true }));
  const code = join(root, "dist/npmon.code");
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const damages = [
    ["kept", () => {}, "false"],
    ["cut", () => truncateSync(code, 500_000), "true"],
    ["nonsense", () => writeFileSync(code, "nonsense"), "true"],
    ["none", () => rmSync(code), "undefined"],
  ] as const;
  for (const [what, damage, rejected] of damages) {
    damage();
    assert.equal(isRejected(root), rejected, what);
    const { stdout, stderr } = spawnSync(process.execPath, [join(root, "bin/npmon.js"), "--version"], {
      encoding: "utf8",
    });
    assert.ok(stdout.startsWith(`npmon/${version} `), what);
    assert.equal(stderr, "", what);
  }
});

test("with NPMON_DEBUG an error says where in the sources it came from", async () => {
  const { stderr } = await npmon(["top", "-f", "nothing:x"], { env: { ...process.env, NPMON_DEBUG: "1" } });
  assert.match(stderr, /^ {4}at QueryText\.misfit \(.*\/src\/query\/query-text\.ts:\d+:\d+\)$/m);
});

test("the package exports what src/ebpf/index.ts does, with its types", async () => {
  const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const name = "npmon/ebpf";
  assert.deepEqual(Object.keys(await import(name)), Object.keys(ebpf).sort());
  assert.match(readFileSync(join(ROOT, exports["./ebpf"].types), "utf8"), /openObject/);
});
