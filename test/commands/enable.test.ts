import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { createExample } from "../../src/config/example.ts";
import { checkConfigText } from "../../src/config/load.ts";
import { ended, NPMON, npmon } from "./npmon.ts";

const root = mkdtempSync(join(tmpdir(), "npmon-enable-"));
after(() => rmSync(root, { recursive: true }));
let made = 0;

/** A folder of its own for each test. */
function folder(): string {
  const path = join(root, String(++made));
  mkdirSync(path);
  return path;
}

const OFF = "# mine\r\nsystem_probe_config:\r\n  enabled: false # not yet\r\n";
const ON = OFF.replace("false", "true");
const isOn = (path: string) => checkConfigText(readFileSync(path, "utf8"), path, {}).config.enabled;

/** Runs npmon in a mount namespace of its own, after `command`. */
function within(command: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const script = `${command} && exec "$0" "$@"`;
  const words = ["-m", "sh", "-c", script, process.execPath, NPMON, ...args];
  return ended(spawn("unshare", words, { stdio: ["ignore", "pipe", "pipe"], env }));
}

test("without a file the example becomes one, turned on, with what was said besides; the diff shows just that", async () => {
  const path = join(folder(), "deep/system-probe.yaml");
  const args = ["enable", "--config", path, "--intake", "https://intake.example:8474", "--interval", "1m"];
  const dry = await npmon([...args, "--dry-run"]);
  assert.equal(dry.status, 0, dry.stderr);
  assert.match(dry.stderr, /nothing was written/);
  assert.throws(() => statSync(path), /ENOENT/);
  const { status, stdout, stderr } = await npmon(args);
  assert.equal(status, 0, stderr);
  assert.equal(stdout, dry.stdout);
  const added = stdout.split("\n").filter((line) => /^\+[^+]/.test(line));
  assert.deepEqual(
    added.map((line) => line.slice(1).trim()),
    [
      "system_probe_config:",
      "enabled: true",
      "npmon:",
      "interval: 1m",
      "forward:",
      "to: [https://intake.example:8474]",
    ],
  );
  const { config } = checkConfigText(readFileSync(path, "utf8"), path, {});
  assert.deepEqual([config.enabled, config.intervalMs], [true, 60_000]);
  assert.equal(config.forward.destinations[0]?.url, "https://intake.example:8474");
  assert.equal(statSync(path).mode & 0o777, 0o644);
  const untouched = readFileSync(path, "utf8").split("\n").length;
  assert.equal(untouched, createExample().split("\n").length);
});

test("a file that is there keeps mode, owner and every other byte; the one before is beside it; again changes nothing", async () => {
  const place = folder();
  const path = join(place, "a.yaml");
  writeFileSync(path, OFF);
  chmodSync(path, 0o640);
  chownSync(path, 12345, 54321);
  const { status, stdout, stderr } = await npmon(["enable", "--config", path]);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^-.*enabled: false # not yet$/m);
  assert.match(stdout, /^\+.*enabled: true # not yet$/m);
  assert.match(stderr, new RegExp(`enabled; the file before is ${path}\\.bak`));
  assert.equal(readFileSync(path, "utf8"), ON);
  assert.equal(readFileSync(`${path}.bak`, "utf8"), OFF);
  for (const each of [path, `${path}.bak`]) {
    const { mode, uid, gid } = statSync(each);
    assert.deepEqual([mode & 0o777, uid, gid], [0o640, 12345, 54321]);
  }
  const again = await npmon(["enable", "--config", path]);
  assert.deepEqual([again.status, again.stdout], [0, ""]);
  assert.match(again.stderr, /enabled already, nothing to change/);
  const off = await npmon(["disable", "--config", path]);
  assert.equal(off.status, 0, off.stderr);
  assert.equal(readFileSync(path, "utf8"), OFF);
  assert.deepEqual(readdirSync(place).sort(), ["a.yaml", "a.yaml.bak", "a.yaml.bak2"]);
  assert.equal(readFileSync(`${path}.bak2`, "utf8"), ON);
});

test("a link stays a link, and its file is changed", async () => {
  const place = folder();
  mkdirSync(join(place, "real"));
  writeFileSync(join(place, "real/a.yaml"), OFF);
  symlinkSync("real/a.yaml", join(place, "link.yaml"));
  const { status, stderr } = await npmon(["enable", "--config", join(place, "link.yaml")]);
  assert.equal(status, 0, stderr);
  assert.ok(lstatSync(join(place, "link.yaml")).isSymbolicLink());
  assert.equal(readFileSync(join(place, "real/a.yaml"), "utf8"), ON);
  assert.deepEqual(readdirSync(join(place, "real")).sort(), ["a.yaml", "a.yaml.bak"]);
});

test("nothing to disable is no error", async () => {
  const { status, stdout, stderr } = await npmon(["disable", "--config", join(folder(), "none.yaml")]);
  assert.deepEqual([status, stdout], [0, ""]);
  assert.match(stderr, /there is no such file, so nothing is enabled/);
});

const BROKEN: readonly (readonly [what: string, text: string, says: RegExp])[] = [
  ["no YAML", "system_probe_config: [", /this is not YAML/],
  ["a key twice", "a: 1\na: 2\n", /the key "a" is there a second time/],
  ["a wrong type elsewhere", "npmon: {units: x}\n", /npmon\.units: found the text "x"/],
  ["a shared value", "system_probe_config:\n  enabled: &e false\nother: *e\n", /cannot be changed here/],
];

describe("a file that is broken, or would be, is left as it was", () => {
  for (const [what, text, says] of BROKEN) {
    test(what, async () => {
      const place = folder();
      const path = join(place, "a.yaml");
      writeFileSync(path, text);
      const { status, stdout, stderr } = await npmon(["enable", "--config", path]);
      assert.deepEqual([status, stdout], [1, ""]);
      assert.match(stderr, says);
      assert.equal(readFileSync(path, "utf8"), text);
      assert.deepEqual(readdirSync(place), ["a.yaml"]);
    });
  }

  test("a directory", async () => {
    const { status, stderr } = await npmon(["enable", "--config", folder()]);
    assert.equal(status, 1);
    assert.match(stderr, /it is a directory, not a file/);
  });

  test("a link to nowhere", async () => {
    const path = join(folder(), "link");
    symlinkSync("/nowhere/at/all", path);
    const { status, stderr } = await npmon(["enable", "--config", path]);
    assert.equal(status, 1);
    assert.match(stderr, /it is a link to \/nowhere\/at\/all, which does not exist/);
  });

  test("a file system that is read-only", async () => {
    const place = folder();
    writeFileSync(join(place, "a.yaml"), OFF);
    const command = `mount --bind ${place} ${place} && mount -o remount,ro,bind ${place}`;
    const { status, stderr } = await within(command, ["enable", "--config", join(place, "a.yaml")]);
    assert.equal(status, 1);
    assert.match(stderr, /cannot change .*a\.yaml: EROFS.*\n {2}The file is as it was\./);
    assert.deepEqual(readdirSync(place), ["a.yaml"]);
    assert.equal(readFileSync(join(place, "a.yaml"), "utf8"), OFF);
  });

  for (const [what, room] of [
    ["at the copy of the old file", 0],
    ["in the middle of the new file", 24],
  ] as const) {
    test(`a disk that is full ${what}`, async () => {
      const place = folder();
      const path = join(place, "a.yaml");
      const big = `${OFF}${"# some words\r\n".repeat(1000)}`;
      writeFileSync(join(root, "big.yaml"), big);
      // What is left of a disk of 64 KiB when the file and the rest of what fills it are there.
      const fill = `mount -t tmpfs -o size=64k none ${place} && cp ${root}/big.yaml ${path} && (dd if=/dev/zero of=${place}/fill bs=1k count=${64 - 16 - room} 2>/dev/null || true)`;
      const check = `; echo "status $?"; ls ${place}; cmp ${path} ${root}/big.yaml && echo same`;
      const words = [
        "-m",
        "sh",
        "-c",
        `${fill}; "$0" "$@"${check}`,
        process.execPath,
        NPMON,
        "enable",
        "--config",
        path,
      ];
      const { stdout, stderr } = await ended(spawn("unshare", words, { stdio: ["ignore", "pipe", "pipe"] }));
      assert.match(stderr, /cannot change .*a\.yaml: ENOSPC/);
      assert.match(stdout, /status 1\na\.yaml\nfill\nsame\n$/);
    });
  }
});

describe("--set takes any key and no nonsense", () => {
  test("values as YAML reads them, and texts as they are", async () => {
    const path = join(folder(), "a.yaml");
    writeFileSync(path, OFF);
    const settings = [
      "system_probe_config.disable_udp=true",
      "system_probe_config.dest_excludes={'*': [53]}",
      "npmon.kubernetes.node_name=5",
      "npmon.group_by=source.pid,server.port".replace("server.", "destination."),
    ];
    const { status, stderr } = await npmon([
      "enable",
      "--config",
      path,
      ...settings.flatMap((each) => ["--set", each]),
    ]);
    assert.equal(status, 0, stderr);
    const { config } = checkConfigText(readFileSync(path, "utf8"), path, {});
    assert.deepEqual(
      [config.trace.udp, config.kubernetes.nodeName, config.trace.destinationExcludes.length],
      [false, "5", 1],
    );
    assert.equal(config.settings.get("npmon.group_by")?.value, "source.pid,destination.port");
  });

  for (const [setting, says] of [
    ["npmon.intervall=1m", /no key "npmon\.intervall"; did you mean `npmon\.interval`\?/],
    ["npmon.interval", /expected npmon\.interval=VALUE/],
    ["npmon.interval=soon", /npmon\.interval: found the text "soon", expected a duration/],
    ["system_probe_config.max_tracked_connections=0", /found 0, expected a whole number/],
    ["npmon=1", /there is no key "npmon"/],
  ] as const) {
    test(`${setting} is refused with exit code 2`, async () => {
      const path = join(folder(), "a.yaml");
      const { status, stderr } = await npmon(["enable", "--config", path, "--set", setting]);
      assert.equal(status, 2);
      assert.match(stderr, says);
      assert.throws(() => statSync(path), /ENOENT/);
    });
  }
});

describe("the three ways of the seed", () => {
  test("on a host: the file under /etc, and a unit that systemd is told of", async () => {
    const place = folder();
    for (const name of ["up", "bin"]) mkdirSync(join(place, name));
    // What `systemctl` is told is noted, not done.
    writeFileSync(join(place, "bin/systemctl"), `#!/bin/sh\necho "$@" >> ${place}/told\n`, { mode: 0o755 });
    const etc = `mount -t tmpfs none ${place}/up && mkdir ${place}/up/u ${place}/up/w && mount -t overlay -o lowerdir=/etc,upperdir=${place}/up/u,workdir=${place}/up/w none /etc && mkdir -p /etc/systemd/system`;
    const running = "mount -t tmpfs none /run && mkdir -p /run/systemd/system";
    const keep = `; code=$?; cp /etc/npmon/system-probe.yaml /etc/systemd/system/npmon-forward.service ${place}; "$0" "$1" disable --systemd; ls /etc/systemd/system >> ${place}/left; exit $code`;
    const words = ["-m", "sh", "-c", `${etc} && ${running} && "$0" "$@"${keep}`, process.execPath, NPMON];
    const args = ["enable", "--systemd", "--intake", "https://intake.example:8474"];
    const env = { ...process.env, PATH: `${place}/bin:${process.env.PATH}` };
    const { status, stderr } = await ended(
      spawn("unshare", [...words, ...args], { stdio: ["ignore", "pipe", "pipe"], env }),
    );
    assert.equal(status, 0, stderr);
    assert.equal(isOn(join(place, "system-probe.yaml")), true);
    const unit = readFileSync(join(place, "npmon-forward.service"), "utf8");
    assert.match(unit, /^ExecStart=\S+ \S+ forward --config \/etc\/npmon\/system-probe\.yaml$/m);
    assert.deepEqual(readFileSync(join(place, "told"), "utf8").trim().split("\n"), [
      "daemon-reload",
      "enable npmon-forward.service",
      "restart npmon-forward.service",
      "disable --now npmon-forward.service",
      "daemon-reload",
    ]);
    assert.doesNotMatch(readFileSync(join(place, "left"), "utf8"), /npmon/);
  });

  test("in Docker: a command that a shell takes as it is", async () => {
    const { status, stdout } = await npmon([
      "enable",
      "--docker",
      "--intake",
      "https://i.example/a?b=c&d",
      "--image",
      "my image",
    ]);
    assert.equal(status, 0);
    const shell = spawn("sh", ["-c", `docker() { printf '%s\\n' "$@"; }\n${stdout}`], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    const words = (await ended(shell)).stdout.trimEnd().split("\n");
    assert.deepEqual(words.slice(-2), ["my image", "forward"]);
    assert.ok(words.includes("NPMON_FORWARD_TO=https://i.example/a?b=c&d"));
    for (const word of [
      "--pid",
      "--network",
      "--cgroupns",
      "BPF",
      "PERFMON",
      "SYS_PTRACE",
      "NET_ADMIN",
      "DAC_READ_SEARCH",
    ]) {
      assert.ok(words.includes(word), word);
    }
  });

  test("in Kubernetes: manifests with what was said", async () => {
    const args = [
      "--intake",
      "https://i.example",
      "--interval",
      "30s",
      "--image",
      "registry.example/npmon:1",
    ];
    const { status, stdout } = await npmon(["enable", "--kubernetes", ...args]);
    assert.equal(status, 0);
    for (const text of ["image: registry.example/npmon:1", "value: https://i.example", "value: 30s"]) {
      assert.ok(stdout.includes(text), text);
    }
  });

  for (const args of [
    ["--kubernetes", "--docker"],
    ["--kubernetes", "--set", "npmon.units=bits"],
    ["--docker", "--systemd"],
    ["--intake", "ftp://x"],
    ["--interval", "soon"],
  ]) {
    test(`${args.join(" ")} makes no sense`, async () => {
      const { status, stdout } = await npmon(["enable", ...args]);
      assert.deepEqual([status, stdout], [2, ""]);
    });
  }
});
