import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { RUN_TYPESCRIPT } from "../../typescript.ts";
import { makeClusterFiles } from "./certificate.ts";
import { FakeApi } from "./fake-api.ts";

const PROGRAM = fileURLToPath(new URL("./exit-program.ts", import.meta.url));
const files = makeClusterFiles();
after(() => files.remove());

/** Runs a program that opens a directory and forgets it; gives what it wrote and how it ended. */
async function run(url: string, waitFor: string): Promise<{ output: string; code: number | null }> {
  const args = [...RUN_TYPESCRIPT, PROGRAM, url, files.tokenFile, files.caFile, waitFor];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    output += text;
  });
  const deadline = setTimeout(() => child.kill("SIGKILL"), 30_000);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  clearTimeout(deadline);
  return { output, code };
}

describe("a directory of pods that nobody closed", () => {
  it("does not keep the process alive while it watches", async () => {
    const api = await FakeApi.open(files);
    const { output, code } = await run(api.url, "of other nodes");
    assert.match(output, /watching 0 pods of node web-1, 0 of other nodes/);
    assert.equal(code, 0);
    await api.close();
  });

  it("does not keep the process alive while it waits for an answer", async () => {
    const api = await FakeApi.open(files);
    api.intercept = () => true;
    const { output, code } = await run(api.url, "");
    assert.match(output, /nothing heard yet/);
    assert.equal(code, 0);
    await api.close();
  });
});
