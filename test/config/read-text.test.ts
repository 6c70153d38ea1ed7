import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { after, describe, test } from "node:test";
import { readConfigText } from "../../src/config/read-text.ts";
import { NpmonError } from "../../src/error/error.ts";
import { Folder } from "./folder.ts";

const folder = new Folder();
after(() => folder.remove());
const MAX_BYTES = 2 ** 20;

function fifo(): string {
  const path = folder.at("pipe");
  execFileSync("mkfifo", [path]);
  return path;
}

function link(name: string, to: string): string {
  symlinkSync(to, folder.at(name));
  return folder.at(name);
}

function directory(): string {
  mkdirSync(folder.at("directory"));
  return folder.at("directory");
}

const utf16 = (text: string, order: "le" | "be") => {
  const bytes = Buffer.from(`\ufeff${text}`, "utf16le");
  return order === "le" ? bytes : bytes.swap16();
};

const CASES: readonly (readonly [what: string, path: () => string, says: RegExp])[] = [
  ["nothing", () => folder.at("nowhere"), /nowhere: there is no such file/],
  ["a directory", directory, /directory: it is a directory, not a file/],
  ["a named pipe that nobody writes to", fifo, /pipe: it is a named pipe, not a file/],
  ["a device without end", () => "/dev/zero", /\/dev\/zero: it is a device, not a file/],
  [
    "a link to nowhere",
    () => link("dangling", "gone.yaml"),
    /dangling: it is a link to gone\.yaml, which does not exist/,
  ],
  ["a link to itself", () => link("circle", "circle"), /circle: its links lead in a circle/],
  [
    "a file in the place of a folder",
    () => `${folder.file("plain", "")}/x`,
    /cannot read .*plain\/x: ENOTDIR/,
  ],
  [
    "a file too large",
    () => folder.file("large", " ".repeat(MAX_BYTES + 1)),
    /large: it is larger than 1 MiB/,
  ],
  [
    "UTF-16 of small machines",
    () => folder.file("le", utf16("a: 1", "le")),
    /le: it is UTF-16; npmon reads UTF-8/,
  ],
  ["UTF-16 of large machines", () => folder.file("be", utf16("a: 1", "be")), /be: it is UTF-16/],
  [
    "UTF-16 without its mark",
    () => folder.file("bare", utf16("a: 1", "le").subarray(2)),
    /bare:1: there is a NUL byte/,
  ],
  ["a NUL in the third line", () => folder.file("nul", "a: 1\nb: 2\nc: \0\n"), /nul:3: there is a NUL byte/],
  [
    "Latin-1",
    () => folder.file("latin", Buffer.from("a: 1\n# caf\xe9\n", "latin1")),
    /latin:2: there is a byte that is no UTF-8/,
  ],
  [
    "UTF-8 that is cut off",
    () => folder.file("cut", Buffer.from("a: 1\nb: é").subarray(0, -1)),
    /cut:2: there is a byte that is no UTF-8/,
  ],
];

describe("what is no text of YAML is refused, the program going on", () => {
  for (const [what, path, says] of CASES) {
    test(what, () => {
      assert.throws(
        () => readConfigText(path(), MAX_BYTES),
        (error) => {
          assert.ok(error instanceof NpmonError);
          assert.deepEqual([error.code, error.exitCode], ["config", 1]);
          assert.match(error.message, says);
          assert.notEqual(error.remedy, "");
          return true;
        },
      );
    });
  }

  test("a socket", async () => {
    const server = createServer();
    const path = folder.at("socket");
    await new Promise<void>((resolve) => server.listen(path, resolve));
    assert.throws(() => readConfigText(path, MAX_BYTES), /socket: it is a socket, not a file/);
    await new Promise((resolve) => server.close(resolve));
  });
});

test("a file is read through a link, its byte order mark kept, and who may read it is told", () => {
  const path = folder.file("good.yaml", "\ufeffa: é\r\n");
  execFileSync("chmod", ["640", path]);
  assert.deepEqual(readConfigText(link("good", "good.yaml"), MAX_BYTES), {
    text: "\ufeffa: é\r\n",
    isPublic: false,
  });
  execFileSync("chmod", ["644", path]);
  assert.equal(readConfigText(path, MAX_BYTES).isPublic, true);
});

test("a file whose size nobody knows beforehand is read", () => {
  assert.match(readConfigText("/proc/self/status", MAX_BYTES).text, /^Name:/);
});
