import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { SHELLS } from "../../src/completion/complete.ts";
import { NPMON, npmon } from "../commands/npmon.ts";
import { FakeProc } from "../tag/fake-proc.ts";
import { Tmux } from "../view/fixtures/tmux.ts";

const proc = new FakeProc();
const folder = mkdtempSync(join(tmpdir(), "npmon-shells-"));
after(() => {
  proc.close();
  rmSync(folder, { recursive: true });
});
symlinkSync(NPMON, join(folder, "npmon"));
const put = (pid: number, comm: string, service: string) =>
  proc.put({ pid, startTicks: 1, comm, exe: `/usr/bin/${comm}`, environ: `DD_SERVICE=${service}\0` });
put(11, "node", "checkout");
put(12, "node", "check in");
put(13, "redis", "$(touch oops)`x`!");
put(14, "odd\u001b[2J", "\u202eevil");

const env = {
  ...process.env,
  PATH: `${folder}:${process.env.PATH}`,
  HOST_PROC: proc.root,
  LC_ALL: "C.UTF-8",
};

function run(shell: string, ...args: readonly string[]): string {
  return execFileSync(shell, args, { encoding: "utf8", env, cwd: folder });
}

/** What the script gives bash for each line, with the cursor at its end. */
function replyInBash(lines: readonly string[]): string[][] {
  const ask = (line: string) => {
    const quoted = `'${line.replaceAll("'", "'\\''")}'`;
    return `COMP_LINE=${quoted}; COMP_POINT=\${#COMP_LINE}; _npmon; printf '%s\\0' "\${COMPREPLY[@]}"; printf '\\1'`;
  };
  const script = `source <(npmon completion bash)\nCOMP_WORDS=(npmon)\n${lines.map(ask).join("\n")}`;
  const printed = run("bash", "--norc", "--noprofile", "-c", script);
  return printed
    .split("\u0001")
    .slice(0, -1)
    .map((reply) => reply.split("\0").filter(Boolean));
}

const CASES: readonly (readonly [line: string, reply: readonly string[]])[] = [
  ["npmon ex", ["export"]],
  ["npmon top --fil", ["--filter"]],
  ["npmon top -f 'service:chec", ["service:checkout"]],
  ["npmon top -f service:chec", ["checkout"]],
  ["npmon top -f 'service:\"chec", ['service:"check in"', 'service:"checkout"']],
  ["npmon top -f 'service:CHECKO", ["service:checkout"]],
  ["npmon top -f 'service:CHEC", []],
  ["npmon top -f 'process:no", ["process:node"]],
  ["npmon top -f 'proc", ["process:node", 'process:"odd\\u{1b}[2J"', "process:redis", "process:*"]],
  ["npmon top -f 'service:$", ['service:"$(touch oops)`x`!"']],
  ['npmon top -f "service:$', ['service:\\"\\$(touch oops)\\`x\\`!\\"']],
  ["npmon top -f service:$", ['\\"\\$\\(touch\\ oops\\)\\`x\\`\\!\\"']],
  ["npmon top -f 'service:checkout O", ["service:checkout OR"]],
  ["npmon top -g service,destination.po", ["service,destination.pod", "service,destination.port"]],
  ["npmon top --group-by=client.pr", ["client.process"]],
  ["npmon top -s -retr", ["-retransmits"]],
  ["npmon top -p 1", ["14", "13", "12", "11"]],
  ["npmon top --probe k", ["kprobe"]],
  ["npmon top -o ", []],
  ["npmon completion z", ["zsh"]],
];

describe("completion in bash", () => {
  const replies = replyInBash(CASES.map(([line]) => line));
  CASES.forEach(([line, expected], index) => {
    it(`gives ${expected.join(", ") || "nothing"} for ${line}`, () => {
      assert.deepEqual(replies[index], expected);
    });
  });

  it("runs nothing of what the names of services say", () => {
    const names = run("bash", "-c", "ls");
    assert.doesNotMatch(names, /oops/);
  });

  it("answers the Tab key", async () => {
    const tmux = new Tmux(80, 24);
    try {
      tmux.type(`PATH=${folder}:$PATH HOST_PROC=${proc.root}; export HOST_PROC; clear`);
      tmux.type("source <(npmon completion bash); echo loaded");
      await tmux.until("the script", (screen) => screen.includes("\nloaded"));
      tmux.keys("-l", "npmon ex");
      tmux.keys("Tab");
      await tmux.until("the command", (screen) => screen.includes("npmon export"));
      tmux.keys("-l", "--", "--filt");
      tmux.keys("Tab");
      await tmux.until("the flag", (screen) => screen.includes("export --filter"));
      tmux.keys("-l", "'source.process:no");
      tmux.keys("Tab");
      await tmux.until("the value", (screen) => screen.includes("'source.process:node"));
      tmux.keys("C-u");
      tmux.keys("-l", "npmon top -g dst.ser");
      tmux.keys("Tab");
      await tmux.until("the tag", (screen) => screen.includes("-g dst.service"));
    } finally {
      tmux.close();
    }
  });
});

describe("completion in fish", () => {
  for (const [line, expected] of [
    ["npmon ex", ["export\tPrint who talked to whom as JSON, CSV or a table."]],
    ["npmon top --fil", ["--filter\t"]],
    ["npmon top -f service:chec", ["service:checkout"]],
    ["npmon top -f 'service:\"chec", ['service:"check in"', 'service:"checkout"']],
    ["npmon top -p 11", ["11\tnode"]],
    ["npmon top -o npm", ["npmon"]],
  ] as const) {
    it(`gives ${expected.map((text) => text.split("\t")[0]).join(", ")} for ${line}`, () => {
      const script = `npmon completion fish | source; complete -C ${JSON.stringify(line)}`;
      const printed = run("fish", "--no-config", "-c", script).trimEnd().split("\n");
      assert.equal(printed.length, expected.length, printed.join("\n"));
      for (const text of expected)
        assert.ok(
          printed.some((each) => each.startsWith(text)),
          printed.join("\n"),
        );
    });
  }
});

describe("completion in zsh", () => {
  it("answers the Tab key", async () => {
    const tmux = new Tmux(80, 24);
    try {
      tmux.type(`PATH=${folder}:$PATH HOST_PROC=${proc.root} PS1='zsh> ' exec zsh -f`);
      await tmux.until("zsh", (screen) => screen.includes("zsh> "));
      tmux.type("autoload -Uz compinit; compinit -u -D; source <(npmon completion zsh); clear; echo loaded");
      await tmux.until("the script", (screen) => screen.startsWith("loaded"));
      tmux.keys("-l", "npmon ex");
      tmux.keys("Tab");
      await tmux.until("the command", (screen) => screen.includes("npmon export"));
      tmux.keys("-l", "--", "--filt");
      tmux.keys("Tab");
      await tmux.until("the flag", (screen) => screen.includes("export --filter"));
      tmux.keys("-l", "'source.process:no");
      tmux.keys("Tab");
      await tmux.until("the value", (screen) => screen.includes("'source.process:node"));
      tmux.keys("-l", " service:check");
      tmux.keys("Tab");
      await tmux.until("the service", (screen) => screen.includes("node service:checkout"));
    } finally {
      tmux.close();
    }
  });
});

describe("npmon completion", () => {
  it("prints a script that the shell takes", async () => {
    for (const shell of SHELLS) {
      const { status, stdout, stderr } = await npmon(["completion", shell]);
      assert.equal(status, 0, stderr);
      const file = join(folder, `script.${shell}`);
      writeFileSync(file, stdout);
      run(shell, shell === "fish" ? "--no-execute" : "-n", file);
    }
  });

  it("refuses a shell that it does not know", async () => {
    const { status, stderr } = await npmon(["completion", "tcsh"]);
    assert.equal(status, 2);
    assert.match(stderr, /bash, zsh, fish/);
  });

  it("says nothing where it has nothing to say, and ends well", async () => {
    for (const args of [
      ["bash"],
      ["zsh"],
      ["fish"],
      ["fish", "npmon nowhere "],
      ["bash", "npmon top -p x", " "],
    ]) {
      const { status, stdout, stderr } = await npmon(["complete", ...args]);
      assert.equal(status, 0);
      assert.equal(stderr, "");
      if (args.length > 1) assert.match(stdout, /^\w+\n$/);
    }
  });
});
