import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { startNpmon } from "../commands/npmon.ts";
import { FLEET_ROWS, fleetSnapshot, renewed } from "./fleet.ts";
import { readResident } from "./resident.ts";
import type { Cell, Table } from "./table.ts";

const SECONDS = 60;
/** Snapshots a request: what a forwarder sends when it has some to catch up with. */
const BATCH = 4;
/** Bodies made and packed before the clock runs; each is sent once. */
const TEXTS = 20;
const LOOK_EVERY_MS = 500;
const MIB = 2 ** 20;

/** Rows that an intake has acknowledged, and so has on the disk, through HTTP from another process. */
export async function measureIngest(): Promise<readonly Table[]> {
  const rows: Cell[][] = [];
  for (const senders of [1, 4]) rows.push(await measureSenders(senders));
  return [
    {
      title: `ingest: rows acknowledged by \`npmon intake\`, gzip NDJSON over HTTP, for ${SECONDS} s`,
      columns: [
        "senders",
        "rows/s",
        "last 10 s rows/s",
        "intake CPU %",
        "senders CPU %",
        "most RSS MiB",
        "journal left MiB",
        "body bytes/row",
        "disk bytes/row",
        "answers not 200",
      ],
      rows,
      notes: [
        `${BATCH} snapshots of ${FLEET_ROWS} rows a request, twenty known tags an end; acknowledged is durable. 100 % is one core; the senders share the cores.`,
        "journal left: bytes that are not in Parquet yet at the end; the most it may be is 1 GiB.",
        "disk: Parquet before summaries; the rows of a bench repeat more than real ones.",
      ],
    },
  ];
}

async function measureSenders(senders: number): Promise<Cell[]> {
  const folder = mkdtempSync(join(tmpdir(), "npmon-ingest-"));
  const child = startNpmon(["intake", "--listen", "127.0.0.1:0", "--data", folder]);
  const sending: ChildProcess[] = [];
  try {
    const port = await portOf(child);
    const pid = child.pid ?? -1;
    const before = cpuSeconds(pid);
    const started = performance.now();
    const counts = Array.from({ length: senders }, () => ({
      acknowledged: 0,
      refused: 0,
      bytes: 0,
      cpuMs: 0,
    }));
    let lateStart = { at: 0, rows: 0 };
    for (let sender = 0; sender < senders; sender++) {
      const program = [
        "--import",
        "tsx",
        import.meta.filename,
        String(port),
        String(sender),
        String(SECONDS),
      ];
      const one = spawn(process.execPath, program, { stdio: ["ignore", "pipe", "inherit"] });
      sending.push(one);
      let partial = "";
      one.stdout?.setEncoding("utf8").on("data", (text: string) => {
        const lines = (partial + text).split("\n");
        partial = lines.pop() ?? "";
        for (const line of lines) counts[sender] = JSON.parse(line);
      });
    }
    const total = () => counts.reduce((sum, { acknowledged }) => sum + acknowledged, 0);
    let most = 0;
    let first = 0;
    const timer = setInterval(() => {
      most = Math.max(most, readResident(pid)?.total ?? 0);
      if (first === 0 && total() > 0) first = performance.now();
      if (first > 0 && lateStart.at === 0 && performance.now() - first > (SECONDS - 10) * 1000) {
        lateStart = { at: performance.now(), rows: total() };
      }
    }, LOOK_EVERY_MS);
    await Promise.all(sending.map((one) => once(one, "close")));
    clearInterval(timer);
    const ended = performance.now();
    const seconds = (ended - (first || started)) / 1000;
    const cpu = cpuSeconds(pid) - before;
    const journal = await metric(port, "npmon_intake_journal_bytes");
    const disk = await metric(port, "npmon_intake_parquet_bytes");
    const stored = await storedRows(port);
    const sum = (name: "refused" | "bytes" | "cpuMs") => counts.reduce((all, count) => all + count[name], 0);
    return [
      senders,
      Math.round(total() / seconds),
      Math.round((total() - lateStart.rows) / ((ended - lateStart.at) / 1000)),
      (100 * cpu) / seconds,
      (0.1 * sum("cpuMs")) / seconds,
      most / MIB,
      journal / MIB,
      sum("bytes") / total(),
      stored === 0 ? null : disk / stored,
      sum("refused"),
    ];
  } finally {
    for (const one of sending) one.kill("SIGKILL");
    if (child.exitCode === null && child.signalCode === null) {
      child.kill("SIGKILL");
      await once(child, "exit");
    }
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Rows in Parquet: those of all snapshots but what is in the journal, whose rows are some 600 bytes. */
async function storedRows(port: number): Promise<number> {
  const snapshots = await metric(port, "npmon_intake_snapshots");
  return snapshots * FLEET_ROWS - (await metric(port, "npmon_intake_journal_bytes")) / 600;
}

function portOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let said = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      said += chunk;
      const port = /listening on 127\.0\.0\.1:(\d+)/.exec(said)?.[1];
      if (port !== undefined) resolve(Number(port));
    });
    child.once("close", () => reject(new Error(said)));
  });
}

async function metric(port: number, name: string): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1] ?? Number.NaN);
}

/** User and kernel time of a process and its threads; a tick of the kernel's clock is 10 ms. */
function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The program of a sender: one request after the other, and what came of them once in a while. */
async function send(port: number, sender: number, seconds: number): Promise<void> {
  const texts = Array.from({ length: TEXTS }, (_, index) =>
    fleetSnapshot(sender * TEXTS + index, Date.now() - 600_000, index),
  );
  // packing while sending would measure gzip: parts that are packed already are put together
  const packed = texts.map((text) => gzipSync(`${text.slice(text.indexOf('"host"'))}\n`));
  const heads = (text: string) => gzipSync(renewed(text.slice(0, text.indexOf('"host"'))), { level: 1 });
  const count = { acknowledged: 0, refused: 0, bytes: 0, cpuMs: 0 };
  const agent = new Agent({ keepAlive: true });
  const end = performance.now() + seconds * 1000;
  for (let at = 0; performance.now() < end; at += BATCH) {
    const chosen = Array.from({ length: BATCH }, (_, index) => (at + index) % TEXTS);
    // several gzip members are one file
    const body = Buffer.concat(
      chosen.flatMap((index) => [heads(texts[index] ?? ""), packed[index] ?? Buffer.alloc(0)]),
    );
    const { status, accepted } = await post(agent, port, body);
    count.bytes += body.length;
    if (status === 200) count.acknowledged += accepted * FLEET_ROWS;
    else {
      count.refused++;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const { user, system } = process.cpuUsage();
    count.cpuMs = (user + system) / 1000;
    process.stdout.write(`${JSON.stringify(count)}\n`);
  }
  agent.destroy();
}

function post(agent: Agent, port: number, body: Buffer): Promise<{ status: number; accepted: number }> {
  return new Promise((resolve, reject) => {
    const headers = {
      "content-type": "application/x-ndjson",
      "content-encoding": "gzip",
      "content-length": body.length,
    };
    const options = { agent, host: "127.0.0.1", port, method: "POST", path: "/v1/snapshots", headers };
    const sent = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      response.on("end", () => {
        const status = response.statusCode ?? 0;
        resolve({ status, accepted: status === 200 ? JSON.parse(text).accepted.length : 0 });
      });
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

if (process.argv[1] === import.meta.filename) {
  const [port = 0, sender = 0, seconds = 0] = process.argv.slice(2).map(Number);
  await send(port, sender, seconds);
}
