import { readFileSync } from "node:fs";
import { BlockList, isIP } from "node:net";
import { Flags } from "@oclif/core";
import type { IntakeConfig } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { NpmonError } from "../error/error.ts";
import { createIntake } from "../intake/server.ts";
import { readTokens } from "../intake/tokens.ts";
import { openStore } from "../store/open.ts";
import { formatSafe } from "../view/text.ts";
import { NpmonCommand } from "./base.ts";
import { CONFIG_FLAG } from "./flags.ts";
import { warnOf } from "./load-config.ts";

const MAINTENANCE_MS = 30_000;

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
  static override examples = [
    "<%= config.bin %> intake --data ./data",
    "<%= config.bin %> intake --listen 0.0.0.0:8474 --token-file /etc/npmon/tokens --cert-file cert.pem --key-file key.pem",
  ];
  static override flags = {
    listen: text("address and port to listen on", "ADDR"),
    data: text("folder where snapshots are kept", "DIR"),
    retention: text("how long they are kept: 5d, 12h …", "TIME"),
    "max-request-size": text("larger requests are refused: 32MiB …", "SIZE"),
    "token-file": text("file of tokens, TOKEN or HOST TOKEN a line", "FILE"),
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
    const { intake, names } = loaded.config;
    const tokens = readTokens(intake.token, intake.tokenFile);
    const { host, port } = parseListen(intake.listen);
    if (tokens.isEmpty && !isLoopback(host)) {
      throw new NpmonError(
        "intake",
        `will not listen on ${intake.listen} without a token: everybody could send and ask`,
        "Give --token-file, or listen on 127.0.0.1.",
      );
    }
    const store = await openStore({ folder: intake.dataDir, retentionMs: intake.retentionMs, warn: say });
    const { server, metrics } = createIntake({
      store,
      tokens,
      names,
      maxRequestBytes: intake.maxRequestBytes,
      tls: readTls(intake),
    });
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", (cause) =>
          reject(new NpmonError("intake", `cannot listen on ${intake.listen}: ${cause.message}`, "", cause)),
        );
        server.listen(port, host, resolve);
      });
      const address = server.address();
      const chosen = typeof address === "object" && address !== null ? address.port : port;
      say(`listening on ${host}:${chosen}, keeping in ${intake.dataDir}`);
      const timer = setInterval(() => {
        store.maintain().catch((error: unknown) => {
          metrics.failures.inc();
          say(`${error instanceof Error ? error.message : String(error)}`);
        });
      }, MAINTENANCE_MS);
      await new Promise<void>((resolve) =>
        abort.signal.addEventListener("abort", () => resolve(), { once: true }),
      );
      clearInterval(timer);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), 5_000).unref();
      await closed;
    } finally {
      await store.close();
    }
    process.exit(0);
  }
}

function say(words: string): void {
  process.stderr.write(`npmon: ${formatSafe(words)}\n`);
}

function parseListen(listen: string): { readonly host: string; readonly port: number } {
  const [, host = "", digits = ""] = /^\[?([0-9A-Za-z.:-]*?)\]?:(\d{1,5})$/.exec(listen) ?? [];
  const port = Number(digits);
  if (digits !== "" && port <= 65_535 && host !== "") return { host, port };
  throw new NpmonError(
    "usage",
    `--listen: found ${formatSafe(listen)}, expected an address and port such as 127.0.0.1:8474`,
  );
}

function isLoopback(host: string): boolean {
  const loopback = new BlockList();
  loopback.addSubnet("127.0.0.0", 8);
  if (isIP(host) === 6) return host === "::1";
  return host === "localhost" || (isIP(host) === 4 && loopback.check(host));
}

function readTls({
  certFile,
  keyFile,
}: IntakeConfig): { readonly cert: string; readonly key: string } | null {
  if (certFile === null && keyFile === null) return null;
  if (certFile === null || keyFile === null) {
    throw new NpmonError("usage", "--cert-file and --key-file belong together");
  }
  const read = (path: string): string => {
    try {
      return readFileSync(path, "utf8");
    } catch (cause) {
      throw new NpmonError("intake", `cannot read ${path}: ${String(cause)}`, "", cause);
    }
  };
  return { cert: read(certFile), key: read(keyFile) };
}
