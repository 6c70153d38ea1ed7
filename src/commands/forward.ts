import { Flags } from "@oclif/core";
import type { Config } from "../config/config.ts";
import { type FlagValue, loadConfig } from "../config/load.ts";
import { NpmonError } from "../error/error.ts";
import type { Destination, Send } from "../sink/deliver/destination.ts";
import { createFileSend } from "../sink/deliver/file.ts";
import { createHttpSend } from "../sink/deliver/http.ts";
import { createStreamSend } from "../sink/deliver/stream.ts";
import { type Forwarder, openForwarder } from "../sink/forwarder.ts";
import { type Health, openHealth } from "../sink/health.ts";
import { createLog } from "../sink/log.ts";
import { splitSnapshot } from "../snapshot/split.ts";
import { formatSafe, stringifySafe } from "../view/text.ts";
import { NpmonCommand } from "./base.ts";
import { QUESTION_FLAGS, SITE_FLAGS } from "./flags.ts";
import { warnOf } from "./load-config.ts";
import { type SiteFlags, siteValues, warnBareToken } from "./site-values.ts";
import { openSnapshots } from "./snapshots.ts";

/** For the last snapshot, once npmon is asked to end. */
const LAST_TRY_MS = 5000;
const QUICK_MS = 60_000;

const WHERE = "INTAKE";
const { interval, filter, count, probe, config, quiet } = QUESTION_FLAGS;

export default class Forward extends NpmonCommand {
  static override summary =
    "Send a snapshot of who talks to whom every five minutes, losing nothing on the way.";
  static override description =
    "Runs until it is stopped. Snapshots have every tag but pid, and of the ports only the server's (group-by rollup). Each waits in a folder on disk until every destination has taken it; one that is away holds up no other. Without --to it sends where npmon.forward.to of the configuration says, if that is enabled.";
  static override examples = [
    "<%= config.bin %> forward --to https://intake.example:8474 --token-file /etc/npmon/token",
    "<%= config.bin %> forward --to file:/var/log/npmon.json -d 1m",
    "<%= config.bin %> forward --to - -d 10s | jq .flows[0]",
    "<%= config.bin %> forward --config /etc/npmon/system-probe.yaml --health 127.0.0.1:5555",
  ];
  static override flags = {
    to: Flags.string({
      multiple: true,
      summary: "URL of an intake, file:PATH to append to a file, - for stdout; may be repeated",
      helpValue: "URL",
      helpGroup: WHERE,
    }),
    ...SITE_FLAGS,
    "spool-dir": Flags.string({
      summary: "folder where snapshots wait (/var/lib/npmon/spool)",
      helpValue: "DIR",
      helpGroup: WHERE,
    }),
    health: Flags.string({
      summary: "address and port that answer GET /health",
      helpValue: "ADDR",
      helpGroup: WHERE,
    }),
    interval,
    filter,
    count,
    probe,
    config,
    quiet,
    "no-resolve": QUESTION_FLAGS["no-resolve"],
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Forward);
    const abort = this.abortOnSignals();
    const loaded = loadConfig({
      path: flags.config ?? null,
      environment: process.env,
      flags: valuesOf(flags),
    });
    const { config } = loaded;
    if (!flags.quiet) warnOf(loaded);
    checkWanted(config, flags.to !== undefined);
    const level = flags.quiet ? "error" : config.log.level;
    const log = createLog({ file: config.log.file, level, formatSafe });
    const urls = config.forward.destinations;
    for (const site of urls) warnBareToken(site, (words) => log("warn", words));
    const forwarder = await openForwarder({
      folder: config.forward.spoolDir,
      maxBytes: config.forward.spoolMaxBytes,
      maxAgeMs: config.forward.spoolMaxAgeMs,
      intervalMs: config.intervalMs,
      destinations: urls.map((destination) => ({
        url: destination.url,
        send: createSend(destination, () => urls.length === 1 && abort.abort()),
      })),
      say: log,
    });
    try {
      await this.#forward(flags, config, forwarder, abort);
    } finally {
      await forwarder.finish(LAST_TRY_MS);
    }
    // what a destination that does not answer still holds open ends here
    process.exit(0);
  }

  async #forward(
    flags: {
      readonly count?: number | undefined;
      readonly filter?: string | undefined;
      readonly quiet: boolean;
    },
    config: Config,
    forwarder: Forwarder,
    abort: AbortController,
  ): Promise<void> {
    const { intervalMs: interval } = config;
    let lastMs = performance.now();
    const { health } = config.forward;
    const look = (): Health => {
      const { health: status, reasons } = forwarder.status;
      const silentMs = performance.now() - lastMs;
      if (silentMs <= 2 * interval + QUICK_MS) return { status, reasons };
      return { status: "failing", reasons: [`no snapshot for ${Math.round(silentMs / 1000)} s`, ...reasons] };
    };
    const server = health === "" ? null : await openHealth(health, look);
    const question = { ...flags, configuration: config, interval, "group-by": "rollup" };
    try {
      for await (const snapshot of openSnapshots(question, interval, abort.signal)) {
        lastMs = performance.now();
        const delivery = forwarder.takeDelivery();
        for (const part of splitSnapshot(Object.freeze({ ...snapshot, delivery }))) {
          forwarder.take(part.id, `${stringifySafe(part)}\n`);
        }
      }
    } finally {
      server?.close();
    }
  }
}

function createSend(destination: Destination, onClosed: () => void): Send {
  const { url } = destination;
  if (url === "-") return createStreamSend(process.stdout, onClosed);
  return url.startsWith("file:") ? createFileSend(url.slice("file:".length)) : createHttpSend(destination);
}

/** @throws NpmonError `usage`, which keeps systemd from starting it again and again */
function checkWanted(config: Config, isTyped: boolean): void {
  const file = config.file ?? "the configuration";
  if (!isTyped && !config.enabled) {
    const remedy = "`npmon enable` turns it on; --to URL sends without.";
    throw new NpmonError("usage", `forwarding is not enabled in ${file}`, remedy);
  }
  if (config.forward.destinations.length === 0) {
    const remedy =
      "Give --to URL, or npmon.forward.to in the configuration; `npmon enable --intake URL` writes it.";
    throw new NpmonError("usage", `${file} says no destination`, remedy);
  }
}

interface ForwardFlags extends SiteFlags {
  readonly to?: string[] | undefined;
  readonly "spool-dir"?: string | undefined;
  readonly health?: string | undefined;
  readonly interval?: number | undefined;
  readonly probe?: string | undefined;
  readonly "no-resolve"?: boolean | undefined;
}

function valuesOf(flags: ForwardFlags): readonly FlagValue[] {
  const values: FlagValue[] = [];
  const set = (key: string, name: string, value: unknown): void => {
    if (value !== undefined) values.push({ key: `npmon.${key}`, name: `--${name}`, value });
  };
  set("forward.to", "to", flags.to);
  values.push(...siteValues(flags));
  set("forward.spool_dir", "spool-dir", flags["spool-dir"]);
  set("forward.health", "health", flags.health);
  set("interval", "interval", flags.interval === undefined ? undefined : `${flags.interval}ms`);
  set("probe", "probe", flags.probe);
  set("resolve", "no-resolve", flags["no-resolve"] ? false : undefined);
  return values;
}
