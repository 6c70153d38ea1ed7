import type { Server } from "node:http";
import type { Server as TlsServer } from "node:tls";
import { Flags } from "@oclif/core";
import type { IntakeConfig } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { NpmonError } from "../error/error.ts";
import { type Duty, Health } from "../intake/health.ts";
import { formatListen, isLoopback, type ListenAddress, parseListen } from "../intake/listen.ts";
import { createMetrics } from "../intake/metrics.ts";
import { createRefusalLog } from "../intake/refusal-log.ts";
import { createIntake } from "../intake/server.ts";
import { readTls, type Tls } from "../intake/tls.ts";
import { readTokens } from "../intake/tokens.ts";
import { createWatched, type Watched } from "../intake/watched.ts";
import { createLog } from "../sink/log.ts";
import { within } from "../sink/within.ts";
import { openStore } from "../store/open.ts";
import { formatSafe } from "../view/text.ts";
import { NpmonCommand } from "./base.ts";
import { CONFIG_FLAG } from "./flags.ts";
import { warnOf } from "./load-config.ts";

const MAINTENANCE_MS = 30_000;
/** Token and certificate files are looked at so often. */
const REFRESH_MS = 1_000;

/** For requests that are being read when npmon is asked to end, and then for what the store has in hand. */
const LAST_REQUESTS_MS = 5_000;
const LAST_WRITES_MS = 5_000;

const FLAG_KEYS = [
  "listen",
  "data",
  "retention",
  "max-request-size",
  "token-file",
  "cert-file",
  "key-file",
] as const;

const text = (summary: string, helpValue: string) => Flags.string({ summary, helpValue });

export default class Intake extends NpmonCommand {
  static override summary = "Receive snapshots of hosts, keep them and answer `npmon query`.";
  static override description =
    "Keeps each snapshot once, by its id, and acknowledges what is on the disk. Without a token it listens on loopback only. The files of tokens and of the certificate are read anew when they change. SIGTERM ends it with 0 once what is being sent is answered.";
  static override examples = [
    "<%= config.bin %> intake --data ./data",
    "<%= config.bin %> intake --listen 0.0.0.0:8474 --token-file /etc/npmon/tokens --cert-file cert.pem --key-file key.pem",
  ];
  static override flags = {
    listen: text("address and port to listen on", "ADDR"),
    data: text("folder where snapshots are kept", "DIR"),
    retention: text("how long they are kept: 5d, 12h …", "TIME"),
    "max-request-size": text("larger requests are refused: 32MiB …", "SIZE"),
    "token-file": text(
      "file of tokens: TOKEN a line, or HOST TOKEN, which may only send what is that host's",
      "FILE",
    ),
    "cert-file": text("certificate to show; with it the intake speaks HTTPS", "FILE"),
    "key-file": text("key of the certificate", "FILE"),
    ...CONFIG_FLAG,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Intake);
    const abort = this.abortOnSignals();
    const loaded = loadConfig({
      path: flags.config ?? null,
      environment: process.env,
      flags: FLAG_KEYS.flatMap((name) =>
        flags[name] === undefined
          ? []
          : [{ key: `npmon.intake.${name.replaceAll("-", "_")}`, name: `--${name}`, value: flags[name] }],
      ),
    });
    warnOf(loaded);
    const { intake, names, log } = loaded.config;
    const say = createLog({ ...log, formatSafe });
    const address = parseListen(intake.listen);
    const { token, tokenFile } = intake;
    const tokens = createWatched(tokenFile === null ? [] : [tokenFile], () => readTokens(token, tokenFile));
    if (tokens.value.isEmpty && !isLoopback(address)) {
      throw new NpmonError(
        "intake",
        `will not listen on ${intake.listen} without a token: everybody could send and ask`,
        "Give --token-file, or listen on 127.0.0.1.",
      );
    }
    const tls = watchTls(intake);
    const store = await openStore({
      folder: intake.dataDir,
      retentionMs: intake.retentionMs,
      warn: (line) => say("warn", line),
    });
    const health = new Health(Date.now);
    const metrics = createMetrics(store);
    const refusals = createRefusalLog(
      (words) => say("warn", words),
      () => performance.now(),
    );
    const server = createIntake({
      store,
      tokens: () => tokens.value,
      names,
      maxRequestBytes: intake.maxRequestBytes,
      tls: tls?.value ?? null,
      metrics,
      health,
      refusals,
    });
    /** Says what fails when it begins to, and when it works again. */
    const attempt = async (duty: Duty, action: () => unknown): Promise<void> => {
      try {
        await action();
        health.worked(duty);
      } catch (error) {
        const words = error instanceof Error ? error.message : String(error);
        if (health.failed(duty, error)) say("warn", `cannot ${duty}: ${words}`);
      }
    };
    const timers = [
      setInterval(() => {
        refusals.roll();
        void attempt("tidy what is kept", async () => {
          await store.maintain().catch((error: unknown) => {
            metrics.failures.inc();
            throw error;
          });
        });
      }, MAINTENANCE_MS),
      setInterval(() => {
        void attempt("read its tokens", () => {
          if (tokens.refresh()) say("info", `${tokenFile} has changed and is read`);
        });
        void attempt("read its certificate", () => {
          if (!tls?.refresh()) return;
          (server as unknown as TlsServer).setSecureContext(tls.value);
          say("info", `${intake.certFile} has changed and is read`);
        });
      }, REFRESH_MS),
    ];
    try {
      const port = await listen(server, address);
      say("info", `listening on ${formatListen({ ...address, port })}, keeping in ${intake.dataDir}`);
      await new Promise<void>((resolve) =>
        abort.signal.addEventListener("abort", () => resolve(), { once: true }),
      );
      await end(server);
    } finally {
      for (const timer of timers) clearInterval(timer);
      await within(LAST_WRITES_MS, store.close());
    }
    // what the store still had in hand is done again at the next start
    process.exit(0);
  }
}

async function listen(server: Server, address: ListenAddress): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new NpmonError(
          "intake",
          `cannot listen on ${formatListen(address)}: ${cause.message}`,
          "Give --listen an address of this host and a port that is free.",
          cause,
        ),
      ),
    );
    server.listen(address.port, address.host, resolve);
  });
  server.on("error", () => {});
  const chosen = server.address();
  return typeof chosen === "object" && chosen !== null ? chosen.port : address.port;
}

/** Takes no connections more and answers who is there. */
async function end(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await within(LAST_REQUESTS_MS, closed);
  server.closeAllConnections();
}

function watchTls({ certFile, keyFile }: IntakeConfig): Watched<Tls> | null {
  if (certFile === null && keyFile === null) return null;
  if (certFile === null || keyFile === null) {
    throw new NpmonError("usage", "--cert-file and --key-file belong together");
  }
  return createWatched([certFile, keyFile], () => readTls(certFile, keyFile, Date.now()));
}
