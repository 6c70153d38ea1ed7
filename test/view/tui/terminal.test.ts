import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { canRunTui } from "../../../src/view/tui/terminal.ts";
import { Tmux } from "../fixtures/tmux.ts";

function open(context: TestContext, columns = 80, rows = 24): Tmux {
  const tmux = new Tmux(columns, rows);
  context.after(() => tmux.close());
  return tmux;
}

function isDrawn(screen: string): boolean {
  return screen.includes(" q quit");
}

function hasRows(screen: string): boolean {
  return isDrawn(screen) && /client-\d+ +backend-\d+/.test(screen);
}

/** Process id of the view: the one child of the shell. */
function viewPid(tmux: Tmux): number {
  return childOf(tmux.format("#{pane_pid}"));
}

function childOf(pid: string | number): number {
  return Number(execFileSync("pgrep", ["-P", String(pid)], { encoding: "utf8" }).trim());
}

async function assertWhole(tmux: Tmux, modesBefore: string): Promise<void> {
  assert.equal(
    tmux.format("#{alternate_on} #{cursor_flag} #{wrap_flag} #{mouse_any_flag} #{keypad_flag}"),
    "0 1 1 0 0",
  );
  assert.equal(await tmux.modes(), modesBefore);
}

interface Ending {
  readonly title: string;
  readonly scene: string;
  readonly end?: (tmux: Tmux) => void;
  /** What the shell shows afterwards. */
  readonly says: RegExp;
}

function signal(name: NodeJS.Signals): (tmux: Tmux) => void {
  return (tmux) => process.kill(viewPid(tmux), name);
}

const ENDINGS: readonly Ending[] = [
  {
    title: "q",
    scene: "large",
    end: (tmux) => tmux.keys("q"),
    says: /play: ended by key, last 120\nstatus 0/,
  },
  {
    title: "Ctrl-C",
    scene: "large",
    end: (tmux) => tmux.keys("C-c"),
    says: /play: ended by key, last 120\nstatus 0/,
  },
  {
    title: "q before the first snapshot",
    scene: "waiting",
    end: (tmux) => tmux.keys("q"),
    says: /play: ended by key, last none\nstatus 0/,
  },
  {
    title: "SIGTERM",
    scene: "large",
    end: signal("SIGTERM"),
    says: /play: ended by SIGTERM, last 120\nstatus 0/,
  },
  {
    title: "SIGHUP",
    scene: "large",
    end: signal("SIGHUP"),
    says: /play: ended by SIGHUP, last 120\nstatus 0/,
  },
  {
    title: "SIGINT",
    scene: "large",
    end: signal("SIGINT"),
    says: /play: ended by SIGINT, last 120\nstatus 0/,
  },
  { title: "the end of the snapshots", scene: "end", says: /play: ended by end, last 120\nstatus 0/ },
  { title: "an error of the source", scene: "throw-source", says: /play: threw the source broke\nstatus 0/ },
  {
    title: "an error while the screen is made",
    scene: "throw-screen",
    says: /play: threw the screen broke\nstatus 0/,
  },
  {
    title: "a sort column that does not exist",
    scene: "bad-sort",
    says: /play: threw --sort: there is no column "nonsense"\nstatus 0/,
  },
  {
    title: "an error elsewhere in the process",
    scene: "throw-elsewhere",
    says: /something else broke.*\nstatus 1/s,
  },
];

for (const { title, scene, end, says } of ENDINGS) {
  test(`the terminal comes back whole after ${title}`, async (context) => {
    const tmux = open(context);
    const before = await tmux.modes();
    tmux.play(scene);
    if (end !== undefined) {
      await tmux.until("the view", (screen) => (scene === "waiting" ? isDrawn(screen) : hasRows(screen)));
      assert.equal(tmux.format("#{alternate_on} #{cursor_flag} #{mouse_any_flag}"), "1 0 1");
      end(tmux);
    }
    await tmux.until("the end", (screen) => says.test(screen));
    await assertWhole(tmux, before);
  });
}

test("a terminal that is gone ends the view at once and without a word", async () => {
  const words = join(mkdtempSync(join(tmpdir(), "npmon-view-")), "stderr");
  const tmux = new Tmux(80, 24);
  tmux.play("gone", `exec 2>${words}; `);
  await tmux.until("the view", hasRows);
  const pid = viewPid(tmux);
  tmux.close();
  const deadline = Date.now() + 10_000;
  while (isRunning(pid)) {
    assert.ok(Date.now() < deadline, "the view still runs");
    await setTimeout(50);
  }
  assert.equal(readFileSync(words, "utf8"), "");
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

test("Ctrl-Z gives the terminal to the shell and fg takes it again", async (context) => {
  const tmux = open(context);
  const before = await tmux.modes();
  tmux.play("large");
  await tmux.until("the view", hasRows);
  tmux.keys("C-z");
  await tmux.until("the shell", (screen) => screen.includes("Stopped"));
  await assertWhole(tmux, before);
  tmux.type("fg");
  await tmux.until("the view again", hasRows);
  assert.equal(tmux.format("#{alternate_on} #{cursor_flag}"), "1 0");
  tmux.keys("q");
  await tmux.until("the end", (screen) => screen.includes("play: ended by key"));
  await assertWhole(tmux, before);
});

test("the terminal comes back whole when the shell is killed under the view", async (context) => {
  const tmux = open(context);
  const before = await tmux.modes();
  tmux.type("PS1='inner> ' bash --norc --noprofile");
  await tmux.until("another shell", (screen) => screen.includes("inner>"));
  const shell = childOf(tmux.format("#{pane_pid}"));
  tmux.play("large");
  await tmux.until("the view", hasRows);
  const view = childOf(shell);
  process.kill(shell, "SIGKILL");
  const deadline = Date.now() + 10_000;
  while (isRunning(view)) {
    assert.ok(Date.now() < deadline, "the view still runs");
    await setTimeout(50);
  }
  await assertWhole(tmux, before);
});

test("a terminal that takes nothing any more does not stop the view from taking snapshots", async (context) => {
  const ticks = join(mkdtempSync(join(tmpdir(), "npmon-view-")), "ticks");
  const tmux = open(context, 200, 50);
  tmux.play("stalled", `NPMON_PLAY_TICKS=${ticks} `);
  await tmux.until("the view", hasRows);
  const server = Number(tmux.format("#{pid}"));
  const count = (): number => Number(readFileSync(ticks, "utf8"));
  process.kill(server, "SIGSTOP");
  try {
    const before = count();
    const deadline = Date.now() + 15_000;
    // A frame is some 10 KB, the room of a terminal a multiple of 4 KB: it is full long before so many of them.
    while (count() < before + 150) {
      assert.ok(Date.now() < deadline, `only ${count() - before} snapshots were taken`);
      await setTimeout(50);
    }
  } finally {
    process.kill(server, "SIGCONT");
  }
  await tmux.until("the view", hasRows);
  tmux.keys("q");
  await tmux.until("the end", (screen) => screen.includes("play: ended by key"));
});

test("the screen is full at once, follows keys and a storm of resizes, and fits every size", async (context) => {
  const tmux = open(context);
  tmux.play("waiting");
  await tmux.until("the collecting screen", (screen) => screen.includes("collecting… a window is 1 s"));
  tmux.keys("q");
  await tmux.until("the end", (screen) => screen.includes("status 0"));

  tmux.play("large");
  await tmux.until("the rows", hasRows);
  tmux.keys("Space");
  await tmux.until("a pause", (screen) => screen.includes("PAUSED"));
  tmux.keys("NPage");
  await tmux.until("a row further down", (screen) => /\n>[^\n]*\n[^\n]*q quit/.test(screen));
  tmux.keys("G");
  await tmux.until("the last row", (screen) => screen.includes("102-120 of 120"));
  tmux.keys("?");
  await tmux.until("help", (screen) => screen.includes("this help, or back"));
  tmux.keys("Escape");
  await tmux.until("the table", hasRows);

  for (let index = 0; index < 20; index++) tmux.resize(20 + ((index * 37) % 180), 4 + ((index * 13) % 50));
  for (const [columns, rows, above] of [
    [200, 50, 7],
    [120, 40, 7],
    [60, 12, 3],
    [80, 24, 4],
  ] as const) {
    tmux.resize(columns, rows);
    const body = rows - above - 1;
    const screen = await tmux.until(
      `${columns}x${rows}`,
      (text) => text.trimEnd().split("\n").length === rows && text.includes(`${121 - body}-120 of 120`),
    );
    const lines = screen.trimEnd().split("\n");
    assert.match(lines[0] ?? "", /^npmon top/);
    assert.match(lines.at(-1) ?? "", /^ q quit/);
    assert.equal(lines.filter((line) => /client-\d+ +backend-\d+/.test(line)).length, body);
  }
  tmux.keys("q");
  await tmux.until("the end", (screen) => screen.includes("play: ended by key"));
});

test("one can look deeper, filter, choose tags, point and write without leaving", async (context) => {
  const tmux = open(context, 100, 30);
  tmux.play("asked");
  await tmux.until("the services", (screen) => /^>.checkout +postgres /m.test(screen));

  tmux.keys("Down", "Enter");
  await tmux.until(
    "the processes",
    (screen) => /^all › checkout → redis$/m.test(screen) && /checkout-w +200 /.test(screen),
  );
  tmux.keys("Enter");
  await tmux.until(
    "the flows",
    (screen) => /^all › checkout → redis › checkout-w 20/m.test(screen) && screen.includes("5432"),
  );
  tmux.keys("Tab");
  await tmux.until("the detail", (screen) =>
    /^── checkout 10\.0\.0\.5:400\d\d → redis 10\.0\.1\.1:5432/m.test(screen),
  );
  tmux.keys("Escape");
  await tmux.until("the flows alone", (screen) => !screen.includes("── checkout"));
  tmux.keys("Escape");
  await tmux.until("the processes again", (screen) => /^all › checkout → redis$/m.test(screen));
  tmux.keys("Escape");
  await tmux.until("the row that was left", (screen) => /^>.checkout +redis /m.test(screen));

  tmux.keys("/");
  await tmux.until(
    "a prompt with a cursor",
    (screen) => screen.includes("filter:") && tmux.format("#{cursor_flag}") === "1",
  );
  tmux.keys("-l", "web !");
  await tmux.until("what is wrong", (screen) => screen.includes('column 5: "!" fits nowhere'));
  tmux.keys("BSpace", "BSpace", "Enter");
  await tmux.until(
    "the filter",
    (screen) => /^filter: web$/m.test(screen) && tmux.format("#{cursor_flag}") === "0",
  );
  tmux.keys("Escape");
  await tmux.until("no filter", (screen) => !screen.includes("filter: web"));

  tmux.keys("b", "p", "i", "d");
  await tmux.until("one tag", (screen) => screen.includes("Enter takes: source.pid, destination.pid"));
  tmux.keys("Enter");
  await tmux.until(
    "rows by process id",
    (screen) => /SOURCE +DESTINATION/.test(screen) && /^.. *1\d\d +900 /m.test(screen),
  );
  tmux.keys("Escape");
  await tmux.until("the services again", (screen) => screen.includes("postgres"));

  tmux.mouse(0, 12, 7);
  await tmux.until("the row that was clicked", (screen) => /^>/.test(screen.split("\n")[6] ?? ""));
  tmux.mouse(64, 12, 7);
  await tmux.until("the first row", (screen) => /^>/.test(screen.split("\n")[4] ?? ""));
  tmux.keys("m");
  await tmux.until("no mouse", () => tmux.format("#{mouse_any_flag}") === "0");
  tmux.keys("w", "C-u");
  tmux.keys("-l", "here.json");
  tmux.keys("Enter");
  await tmux.until("that it was written", (screen) => screen.includes("wrote here.json"));
  tmux.keys("q");
  await tmux.until("the end", (screen) => screen.includes("play: ended by key"));
});

test("what is pasted presses no keys, and goes into a prompt as one line", async (context) => {
  const tmux = open(context);
  tmux.play("asked");
  await tmux.until("the services", (screen) => /^>.checkout/m.test(screen));
  tmux.paste("q\nq");
  tmux.keys("/");
  await tmux.until("a prompt", (screen) => screen.includes("filter:"));
  tmux.paste("web\ndb ");
  await tmux.until("the text", (screen) => /filter: web db$/m.test(screen));
  tmux.keys("C-c");
  await tmux.until("the end", (screen) => screen.includes("play: ended by key"));
});

test("hostile names reach the terminal as text, and the columns after them stay in line", async (context) => {
  const tmux = open(context, 200, 30);
  tmux.play("hostile");
  const screen = await tmux.until("the rows", (text) => text.includes("977 KiB/s"));
  assert.match(screen, /\\x1b\[2J\\x1b\[31mred/);
  assert.match(screen, /host \\x1b\[31mweb/);
  tmux.keys("q");
  await tmux.until("the end", (text) => text.includes("play: ended by key"));
});

test("what others write on stderr is kept until the screen is given back", async (context) => {
  const tmux = open(context);
  tmux.play("words");
  const screen = await tmux.until("the view", (text) => text.includes("postgres"));
  assert.doesNotMatch(screen, /words \d/);
  tmux.keys("q");
  await tmux.until("the words", (text) => /words 0\n.*play: ended by key/s.test(text));
});

test("a run under CI=true draws as well", async (context) => {
  const tmux = open(context);
  tmux.play("large", "CI=true ");
  await tmux.until("the rows", hasRows);
  tmux.keys("q");
  await tmux.until("the end", (screen) => screen.includes("play: ended by key"));
});

test("a full screen needs two terminals and a TERM that can", () => {
  const tty = { isTTY: true };
  const pipe = {};
  const cases = [
    [tty, tty, { TERM: "xterm" }, true],
    [tty, tty, { TERM: "dumb" }, false],
    [tty, tty, {}, false],
    [pipe, tty, { TERM: "xterm" }, false],
    [tty, pipe, { TERM: "xterm" }, false],
  ] as const;
  for (const [stdin, stdout, env, expected] of cases) assert.equal(canRunTui(stdin, stdout, env), expected);
});
