import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { libbpfVersion } from "../../src/ebpf/index.ts";
import { childCommand, ROOT, run, start } from "./fixture.ts";

/** Names by id of the programs that are in the kernel now. */
function programs(): Map<number, string> {
  const { stdout } = spawnSync("bpftool", ["prog", "show", "-j"], { encoding: "utf8", maxBuffer: 1 << 26 });
  const shown = JSON.parse(stdout) as { id: number; name?: string }[];
  return new Map(shown.map(({ id, name }) => [id, name ?? ""]));
}

/** Programs that links in the kernel hold, by id. */
function linkedPrograms(): Set<number> {
  const { stdout } = spawnSync("bpftool", ["link", "show", "-j"], { encoding: "utf8", maxBuffer: 1 << 26 });
  return new Set((JSON.parse(stdout) as { prog_id: number }[]).map((link) => link.prog_id));
}

test("a process that is killed leaves nothing attached", async () => {
  const child = start(childCommand("attach"));
  const [line] = (await once(child.stdout, "data")) as [Buffer];
  const ids = JSON.parse(line.toString()) as number[];
  const before = programs();
  const linked = linkedPrograms();
  assert.deepEqual(
    ids.map((id) => before.get(id)),
    ["count_execs", "walk_tasks"],
  );
  assert.ok(
    ids.every((id) => linked.has(id)),
    "both are attached by link",
  );
  child.kill("SIGKILL");
  await once(child, "close");
  const deadline = Date.now() + 10_000; // the kernel frees programs after a grace period
  while (ids.some((id) => programs().has(id) || linkedPrograms().has(id))) {
    assert.ok(Date.now() < deadline, `programs ${ids} are still in the kernel`);
    await wait(20);
  }
});

test("a host without libbpf is told how to get it", async () => {
  libbpfVersion(); // so that it is mapped, and its path is known
  const path = /\S*\/libbpf\.so\S*/.exec(readFileSync("/proc/self/maps", "utf8"))?.[0];
  assert.ok(path !== undefined);
  const hide = ["unshare", "--mount", "sh", "-c", `mount --bind /dev/null ${path} && exec "$@"`, "sh"];
  const error = JSON.parse(await run([...hide, ...childCommand("open")]));
  assert.equal(error.code, "libbpf_missing");
  assert.match(error.message, /apt-get install libbpf1.*dnf install libbpf/);
});

test("a process without privilege is told what it takes", async () => {
  const error = JSON.parse(await run(childCommand("unprivileged")));
  assert.equal(error.code, "not_permitted");
  assert.equal(error.errno, "EPERM");
  assert.match(error.message, /CAP_BPF/);
});

test("importing the library loads neither koffi nor libbpf", async () => {
  assert.deepEqual(JSON.parse(await run(childCommand("import"))), []);
});

test("libbpf writes nothing of its own, and a worker thread gets the verifier's words too", async () => {
  for (const scenario of ["refused", "worker"]) {
    const child = spawnSync("sh", ["-c", 'exec "$@" 2>&1', "sh", ...childCommand(scenario)], {
      cwd: ROOT,
      encoding: "utf8",
    });
    const lines = child.stdout.trim().split("\n");
    assert.equal(lines.length, 1, `more than the error was printed: ${child.stdout}`);
    const error = JSON.parse(lines[0] ?? "");
    assert.equal(error.code, "load");
    assert.match(error.message, /R0 invalid mem access 'map_value_or_null'$/, scenario);
    assert.equal(error.program, scenario === "refused" ? "guilty" : null, scenario);
  }
});
