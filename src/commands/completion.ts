import { Args } from "@oclif/core";
import { SHELLS } from "../completion/complete.ts";
import { SCRIPTS } from "../completion/scripts.ts";
import { openStandardOutput } from "../sink/output.ts";
import { NpmonCommand } from "./base.ts";

export default class Completion extends NpmonCommand {
  static override summary =
    "Print what makes a shell complete commands, flags, tags and values of this host.";
  static override description =
    "The Tab key then completes commands, flags, files and, within -f and -g, tags, operators and the services, processes, containers, users, ports and addresses that are on this host now.";
  static override examples = [
    {
      description: "bash, for now or at the end of ~/.bashrc",
      command: "source <(<%= config.bin %> completion bash)",
    },
    {
      description: "zsh, in ~/.zshrc after compinit",
      command: "source <(<%= config.bin %> completion zsh)",
    },
    {
      description: "fish, once",
      command: "<%= config.bin %> completion fish > ~/.config/fish/completions/npmon.fish",
    },
  ];
  static override args = {
    shell: Args.string({
      options: [...SHELLS],
      required: true,
      description: "the shell that the script is for",
    }),
  };

  async run(): Promise<void> {
    const { args } = await this.parse(Completion);
    const output = openStandardOutput(process.stdout, () => {}, this.abortOnSignals().signal);
    await output.write(SCRIPTS[args.shell as keyof typeof SCRIPTS]);
    output.finish();
  }
}
