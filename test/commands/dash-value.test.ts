import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { protectDashValues } from "../../src/commands/dash-value.ts";
import { createFlow, createSnapshot } from "../view/fixtures/snapshots.ts";
import { npmon } from "./npmon.ts";

test("a value with a minus is told from a flag, and nothing else is touched", () => {
  const cases: readonly (readonly [readonly string[], readonly string[]])[] = [
    [
      ["-s", "-sent"],
      ["-s", " -sent"],
    ],
    [
      ["--sort", "-failed.timed_out", "-b"],
      ["--sort", " -failed.timed_out", "-b"],
    ],
    [["--sort=-sent"], ["--sort= -sent"]],
    [["-s-sent"], ["--sort= -sent"]],
    [["-s=-sent"], ["--sort= -sent"]],
    [
      ["-s", "sent"],
      ["-s", "sent"],
    ],
    [
      ["-s", "-b"],
      ["-s", "-b"],
    ],
    [
      ["-s", "--quiet"],
      ["-s", "--quiet"],
    ],
    [["-s"], ["-s"]],
    [
      ["-r", "-sent"],
      ["-r", "-sent"],
    ],
    [
      ["-f", "-process:curl"],
      ["-f", " -process:curl"],
    ],
    [
      ["--filter", "-(a OR b)", "-b"],
      ["--filter", " -(a OR b)", "-b"],
    ],
    [["--filter=-10.0.0.0/8"], ["--filter= -10.0.0.0/8"]],
    [["-f-process:curl"], ["--filter= -process:curl"]],
    [
      ["-f", "-b"],
      ["-f", "-b"],
    ],
    [
      ["-f", "--quiet"],
      ["-f", "--quiet"],
    ],
    [["-fservice:web"], ["-fservice:web"]],
    [["--from=-"], ["--from=-"]],
    [
      ["--", "-s", "-sent"],
      ["--", "-s", "-sent"],
    ],
  ];
  for (const [typed, expected] of cases) assert.deepEqual(protectDashValues(typed), expected);
});

test("descending order can be asked for in every spelling, in top and in export", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), "npmon-sort-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const saved = join(folder, "saved.json");
  const flows = [7, 9, 8].map((sent) => createFlow({ source: { service: `s${sent}` }, bytes_sent: sent }));
  writeFileSync(saved, `${JSON.stringify(createSnapshot({ flows }))}\n`);
  const spellings = [["-s", "-sent"], ["--sort", "-sent"], ["--sort=-sent"], ["-s-sent"], ["-s=-sent"]];
  await Promise.all(
    spellings.flatMap((spelling) =>
      [
        ["top", "-b"],
        ["export", "--table"],
      ].map(async (command) => {
        const { stdout, stderr, status } = await npmon([...command, ...spelling, "--from", saved]);
        assert.deepEqual([status, stderr], [0, ""], spelling.join(" "));
        assert.deepEqual(stdout.match(/\bs\d\b/g), ["s9", "s8", "s7"], spelling.join(" "));
      }),
    ),
  );
});
