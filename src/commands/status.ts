import { hostname } from "node:os";
import { Flags } from "@oclif/core";
import { kubernetesSettings } from "../monitor/kubernetes-settings.ts";
import { probeOptions } from "../monitor/probe-options.ts";
import { PROBE_CHOICES } from "../probe/open.ts";
import { openStandardOutput } from "../sink/output.ts";
import { createReport, type Report } from "../status/report.ts";
import { colorDepth } from "../view/paint.ts";
import { renderStatusList } from "../view/status-list.ts";
import { stringifySafe } from "../view/text.ts";
import { NpmonCommand } from "./base.ts";
import { CONFIG_FLAG } from "./flags.ts";

export default class Status extends NpmonCommand {
  static override summary = "Say what works here, what does not, and what mends it.";
  static override description =
    "Looks at the kernel, privileges, each tier, what names come from, the configuration, the memory that the tables will take and the forwarder. The tiers are really loaded and closed again; nothing is changed. Exit code: 0 nothing fails (limited lines are no failure), 3 only privilege is missing, 4 the kernel has no eBPF tier and none but that of --probe sockdiag works, 1 anything else. Who asks for sockdiag is not told that eBPF is missing.";
  static override examples = [
    "<%= config.bin %> status",
    "<%= config.bin %> status --probe sockdiag",
    "<%= config.bin %> status --json | jq '.lines[] | select(.state != \"ok\")'",
  ];
  static override flags = {
    json: Flags.boolean({ summary: "one JSON object, schema npmon.status/1, instead of a table" }),
    probe: Flags.option({ options: PROBE_CHOICES })({ summary: "the kernel mechanism to be used (auto)" }),
    "no-color": Flags.boolean({ summary: "no colours; NO_COLOR in the environment does the same" }),
    ...CONFIG_FLAG,
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Status);
    const { probe } = flags;
    const asked = probe === undefined ? [] : [{ key: "npmon.probe", name: "--probe", value: probe }];
    const sources = { path: flags.config ?? null, environment: process.env, flags: asked };
    const report = await createReport({ sources, probeOptions, kubernetesSettings });
    const output = openStandardOutput(process.stdout, () => {}, this.abortOnSignals().signal);
    const isColored =
      !flags["no-color"] && (process.env.NO_COLOR ?? "") === "" && process.stdout.isTTY === true;
    const color = colorDepth(isColored, process.env);
    const width = process.stdout.columns ?? Number.POSITIVE_INFINITY;
    await output.write(
      flags.json
        ? renderJson(report)
        : `${renderStatusList(report.findings, { width, color })}\n${summaryOf(report)}\n`,
    );
    output.finish();
    process.exit(report.exitCode);
  }
}

function renderJson({ findings, tier, exitCode }: Report): string {
  const lines = findings.map(({ remedy, ...finding }) => ({
    ...finding,
    remedy: remedy === "" ? null : remedy,
  }));
  const json = { schema: "npmon.status/1", host: hostname(), tier, exit_code: exitCode, lines };
  return `${stringifySafe(json)}\n`;
}

function summaryOf({ findings, tier, exitCode }: Report): string {
  const count = (state: string): number => findings.filter((finding) => finding.state === state).length;
  const how = tier === null ? "npmon cannot trace here" : `npmon traces with the ${tier} tier`;
  return `${how}: ${count("ok")} ok, ${count("limited")} limited, ${count("failing")} failing; exit code ${exitCode}`;
}
