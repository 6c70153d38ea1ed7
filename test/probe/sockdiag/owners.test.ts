import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, suite, test } from "node:test";
import { type Owner, Owners } from "../../../src/probe/sockdiag/owners.ts";

suite("the owners of sockets", () => {
  let root: string;
  let announced: Owner[];
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "npmon-owners-"));
    announced = [];
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  /** A process as procfs shows it; descriptors point where the list says. */
  function put(pid: number, startTicks: number, targets: readonly string[], comm = "a) (b"): void {
    mkdirSync(join(root, `${pid}/fd`), { recursive: true });
    const rest = `S 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 ${startTicks} 9`;
    writeFileSync(join(root, `${pid}/stat`), `${pid} (${comm}) ${rest}\n`);
    for (const [fd, target] of targets.entries()) symlinkSync(target, join(root, `${pid}/fd/${fd}`));
  }

  const search = (owners: Owners) => owners.search(true, (owner) => announced.push(owner));

  test("are found by inode, the lowest pid of several, and announced once", () => {
    put(30, 3000, ["/dev/null", "socket:[7]", "pipe:[8]"]);
    put(4, 400, ["socket:[7]", "socket:[9]"]);
    const owners = new Owners(root);
    for (const inode of [7, 9]) owners.want(inode);
    search(owners);
    owners.want(9);
    search(owners);
    assert.deepEqual(announced, [{ pid: 4, startTicks: 400, comm: "a) (b" }]);
    assert.deepEqual([owners.of(7), owners.of(9)], [announced[0], announced[0]]);
    owners.forget(7);
    assert.deepEqual([owners.of(7), owners.size], [undefined, 1]);
  });

  test("are looked for twice, then no more", () => {
    const owners = new Owners(root);
    owners.want(7);
    owners.want(0);
    search(owners);
    assert.equal(owners.of(7), undefined);
    search(owners);
    assert.equal(owners.of(7), null);
    put(4, 400, ["socket:[7]"]);
    owners.want(7);
    search(owners);
    assert.equal(owners.of(7), null);
  });

  test("of a pid that passed to another process are told anew", () => {
    put(4, 400, ["socket:[7]"]);
    const owners = new Owners(root);
    owners.want(7);
    search(owners);
    rmSync(join(root, "4"), { recursive: true });
    put(4, 900, ["socket:[9]"]);
    owners.want(9);
    search(owners);
    assert.deepEqual(
      announced.map(({ startTicks }) => startTicks),
      [400, 900],
    );
    assert.equal(owners.of(9)?.startTicks, 900);
  });

  test("are not taken from a stat that cannot be read, and a search costs at most a twentieth of the time", () => {
    put(4, 400, ["socket:[7]"]);
    writeFileSync(join(root, "4/stat"), "nonsense");
    const owners = new Owners(root);
    owners.want(7);
    search(owners);
    owners.search(false, (owner) => announced.push(owner));
    assert.equal(owners.of(7), undefined, "a second search would have given up, but it is too early");
    assert.deepEqual(announced, []);
    rmSync(join(root, "4"), { recursive: true });
    put(4, 400, ["socket:[7]"]);
    search(owners);
    assert.equal(owners.of(7)?.pid, 4);
  });
});
