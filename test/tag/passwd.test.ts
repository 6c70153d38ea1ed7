import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { PasswdFile, parsePasswd } from "../../src/tag/passwd.ts";

describe("parsePasswd", () => {
  it("reads the good lines among bad ones, the first name of a number winning", () => {
    const names = parsePasswd(
      [
        "root:x:0:0:root:/root:/bin/bash",
        "toor:x:0:0::/root:/bin/sh",
        "",
        "garbage",
        "half:x:",
        "nouid:x::1:::",
        "word:x:abc:1:::",
        "minus:x:-1:1:::",
        ":x:7:7:::",
        "+nis:x:8:8:::",
        "# comment:x:9:9:::",
        "dos:x:10:10:::\r",
        "naïve:x:11:11:::",
        "last:*:65534:65534",
      ].join("\n"),
    );
    assert.deepEqual(
      [...names],
      [
        [0, "root"],
        [10, "dos"],
        [11, "naïve"],
        [65_534, "last"],
      ],
    );
  });
});

describe("PasswdFile", () => {
  const directory = mkdtempSync(join(tmpdir(), "npmon-passwd-"));
  const path = join(directory, "passwd");
  after(() => rmSync(directory, { recursive: true }));

  it("notices a change, but looks only every few seconds", () => {
    let nowMs = 0;
    const users = new PasswdFile(path, () => nowMs);
    assert.equal(users.nameOf(5), null);
    writeFileSync(path, "five:x:5:5:::\n");
    nowMs = 4_999;
    assert.equal(users.nameOf(5), null);
    nowMs = 5_000;
    assert.equal(users.nameOf(5), "five");
    assert.equal(users.nameOf(6), null);
    writeFileSync(path, "renamed:x:5:5:::\n");
    nowMs = 9_999;
    assert.equal(users.nameOf(5), "five");
    nowMs = 10_000;
    assert.equal(users.nameOf(5), "renamed");
  });

  it("keeps the names it had while the file is missing or unreadable", () => {
    let nowMs = 0;
    writeFileSync(path, Buffer.from("\xff\xfe\nfive:x:5:5:::\n", "latin1"));
    const users = new PasswdFile(path, () => nowMs);
    assert.equal(users.nameOf(5), "five");
    rmSync(path);
    nowMs = 20_000;
    assert.equal(users.nameOf(5), "five");
  });
});
