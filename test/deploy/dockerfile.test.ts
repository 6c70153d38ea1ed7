import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";

const ROOT = join(import.meta.dirname, "../..");
const DOCKERFILE = readFileSync(join(ROOT, "bin/Dockerfile"), "utf8");
const { version, files } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));

describe("the Dockerfile names what there is", () => {
  const copied = [...DOCKERFILE.matchAll(/^COPY (?!--from)(.*) \S+$/gm)].flatMap(([, words = ""]) =>
    words.split(" "),
  );
  for (const path of copied) test(path, () => assert.ok(existsSync(join(ROOT, path))));

  test("and everything that a package of npmon has to run", () => {
    const needed = ["bin", "dist", "oclif.manifest.json", "src/snapshot/snapshot.schema.json"];
    for (const path of needed) {
      assert.ok(files.includes(path), path);
      assert.ok(DOCKERFILE.includes(path), path);
    }
    assert.match(DOCKERFILE, new RegExp(`npmon:${version.replaceAll(".", "\\.")} `));
  });
});
