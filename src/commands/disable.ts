import { Flags } from "@oclif/core";
import { changesToDisable } from "../config/switch.ts";
import { removeUnit } from "../deploy/systemd.ts";
import { NpmonCommand } from "./base.ts";
import { changeConfig, say } from "./change-config.ts";
import { CONFIG_FLAG } from "./flags.ts";

export default class Disable extends NpmonCommand {
  static override summary = "Turn `npmon forward` as a service off.";
  static override description =
    "Turns system_probe_config.enabled off in system-probe.yaml and leaves every other byte as it was; the inverse of `npmon enable`. `top` and `export` work anyway.";
  static override examples = ["<%= config.bin %> disable", "<%= config.bin %> disable --systemd --dry-run"];
  static override flags = {
    ...CONFIG_FLAG,
    "dry-run": Flags.boolean({ summary: "only print what would change" }),
    systemd: Flags.boolean({ summary: "stop the service and remove its unit" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Disable);
    const dryRun = flags["dry-run"];
    changeConfig({
      config: flags.config,
      dryRun,
      done: "disabled",
      create: false,
      changes: changesToDisable,
    });
    if (flags.systemd) for (const line of removeUnit({ dryRun })) say(line);
  }
}
