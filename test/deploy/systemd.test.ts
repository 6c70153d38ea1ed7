import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { CAPABILITIES } from "../../src/deploy/deployment.ts";
import { formatUnit } from "../../src/deploy/systemd.ts";
import { NPMON } from "../commands/npmon.ts";

const folder = mkdtempSync(join(tmpdir(), "npmon-unit-"));
after(() => rmSync(folder, { recursive: true }));

function analyze(unit: string, ...words: readonly string[]) {
  const path = join(folder, "npmon-forward.service");
  writeFileSync(path, unit);
  const { status, stdout, stderr } = spawnSync("systemd-analyze", [...words, path], { encoding: "utf8" });
  return { status, stdout, stderr };
}

/** As `systemd-analyze security` has it: 0 is the least exposed, 10 the most. */
const MOST_EXPOSURE = 3.5;

test("systemd takes the unit without a word", () => {
  assert.deepEqual(analyze(formatUnit("/etc/npmon/system-probe.yaml"), "verify"), {
    status: 0,
    stdout: "",
    stderr: "",
  });
  assert.notEqual(
    analyze("[Service]\nExecStrat=/bin/true\n", "verify").stderr,
    "",
    "a unit with a slip is not taken so",
  );
});

test("what is unusual in a path reaches the program as it is", () => {
  const unit = formatUnit('/etc/a b/100%/$HOME/"x".yaml', process.execPath, NPMON);
  assert.match(unit, /--config "\/etc\/a b\/100%%\/\$\$HOME\/\\"x\\"\.yaml"$/m);
  assert.equal(analyze(unit, "verify").stderr, "");
});

test("systemd finds the service little exposed", (t) => {
  const { stdout } = analyze(
    formatUnit("/etc/npmon/system-probe.yaml"),
    "security",
    "--offline=true",
    "--no-pager",
  );
  const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
  t.diagnostic(`exposure ${exposure}`);
  assert.ok(exposure <= MOST_EXPOSURE, stdout);
});

test("with the capabilities of unit and containers and no others npmon traces", () => {
  const names = CAPABILITIES.map((name) => `+${name.toLowerCase()}`).join();
  const dropped = ["--inh-caps=-all", `--bounding-set=-all,${names}`];
  const tracing = [process.execPath, NPMON, "export", "-d", "0.1", "--probe", "tracepoint"];
  const json = JSON.parse(
    execFileSync("setpriv", [...dropped, ...tracing], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
  assert.equal(json.probe.tier, "tracepoint");
});
