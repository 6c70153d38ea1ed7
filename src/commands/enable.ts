import { Flags } from "@oclif/core";
import type { Change } from "../config/edit-text.ts";
import { checkConfigText } from "../config/load.ts";
import { readConfigText } from "../config/read-text.ts";
import { changesToEnable } from "../config/switch.ts";
import { formatDockerCommand } from "../deploy/docker.ts";
import { formatManifests } from "../deploy/kubernetes.ts";
import { installUnit } from "../deploy/systemd.ts";
import { parseDuration } from "../query/duration.ts";
import { NpmonCommand } from "./base.ts";
import { changeConfig, say } from "./change-config.ts";
import { CONFIG_FLAG } from "./flags.ts";
import { parseSetting } from "./set-flag.ts";

const setting = Flags.custom<Change>({ parse: async (text) => parseSetting(text) });
const intake = Flags.custom<string>({
  parse: async (text) => {
    parseSetting(`npmon.forward.to=[${JSON.stringify(text)}]`);
    return text;
  },
});
const interval = Flags.custom<string>({
  parse: async (text) => {
    parseDuration(text, "--interval");
    return text;
  },
});

const HOW = "INSTEAD OF A FILE HERE";

export default class Enable extends NpmonCommand {
  static override summary = "Turn `npmon forward` as a service on: here, in Kubernetes or in Docker.";
  static override description =
    "Turns system_probe_config.enabled on in system-probe.yaml: in place where it stands as a comment, every other byte left as it was; without a file, npmon's own commented example becomes one. What changes is printed as a diff, the file before is kept beside it. The file is that of --config, else the first there is of /etc/npmon and /etc/datadog-agent, else a new one in /etc/npmon.";
  static override examples = [
    "<%= config.bin %> enable --dry-run",
    "<%= config.bin %> enable --systemd --intake https://intake.example:8474",
    "<%= config.bin %> enable --set npmon.forward.spool_max_size=2GiB --set system_probe_config.disable_udp=true",
    "<%= config.bin %> enable --kubernetes --intake https://intake.example:8474 --image registry.example/npmon:1 | kubectl apply -f -",
    "<%= config.bin %> enable --docker --intake https://intake.example:8474",
  ];
  static override flags = {
    ...CONFIG_FLAG,
    "dry-run": Flags.boolean({ summary: "only print what would change" }),
    set: setting({
      summary: "set another key too; may be given again",
      helpValue: "KEY=VALUE",
      multiple: true,
    }),
    intake: intake({ summary: "where to send snapshots", helpValue: "URL" }),
    interval: interval({ summary: "time that one snapshot covers (5m)", helpValue: "TIME" }),
    systemd: Flags.boolean({
      summary: "install a unit for `npmon forward`, and start it where systemd runs",
      exclusive: ["kubernetes", "docker"],
    }),
    kubernetes: Flags.boolean({
      summary: "print a DaemonSet and its RBAC",
      exclusive: ["docker", "set", "config"],
      helpGroup: HOW,
    }),
    docker: Flags.boolean({
      summary: "print the docker command",
      exclusive: ["set", "config"],
      helpGroup: HOW,
    }),
    image: Flags.string({ summary: "image of npmon (npmon:VERSION)", helpValue: "IMAGE", helpGroup: HOW }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Enable);
    const deployment = {
      image: flags.image ?? `npmon:${this.config.version}`,
      intake: flags.intake ?? null,
      interval: flags.interval ?? null,
    };
    if (flags.kubernetes || flags.docker) {
      process.stdout.write(flags.docker ? formatDockerCommand(deployment) : formatManifests(deployment));
      if (flags.intake === undefined) say("it has nowhere to send to yet: --intake URL");
      return;
    }
    const dryRun = flags["dry-run"];
    const more: Change[] = [
      ...(flags.intake === undefined ? [] : [{ path: ["npmon", "forward", "to"], value: [flags.intake] }]),
      ...(flags.interval === undefined ? [] : [{ path: ["npmon", "interval"], value: flags.interval }]),
      ...(flags.set ?? []),
    ];
    const path = changeConfig({
      config: flags.config,
      dryRun,
      done: "enabled",
      create: true,
      changes: (text) => [...changesToEnable(text), ...more],
    });
    if (flags.systemd && path !== null) for (const line of installUnit({ dryRun, config: path })) say(line);
    if (!dryRun && path !== null) adviseOn(path);
  }
}

/** What keeps it from working although it is enabled. */
function adviseOn(path: string): void {
  const { config } = checkConfigText(readConfigText(path, 2 ** 31).text, path, process.env);
  if (!config.enabled) say("the variable DD_SYSTEM_PROBE_ENABLED still turns it off");
  if (config.forward.destinations.length === 0) say("it has nowhere to send to yet: --intake URL");
}
