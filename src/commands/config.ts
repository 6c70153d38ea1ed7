import { Flags } from "@oclif/core";
import type { Config, Setting } from "../config/config.ts";
import { createExample, formatFlow } from "../config/example.ts";
import { CONFIG_FILES } from "../config/find-file.ts";
import { createJsonSchema } from "../config/json-schema.ts";
import { type LoadedConfig, loadConfig } from "../config/load.ts";
import { formatOrigin, originToJson, problemToJson } from "../config/problem.ts";
import { openStandardOutput } from "../sink/output.ts";
import { fitText, formatSafe, stringifySafe, textWidth } from "../view/text.ts";
import { NpmonCommand } from "./base.ts";
import { CONFIG_FLAG } from "./flags.ts";
import { warnOf } from "./load-config.ts";

const MIN_VALUE_WIDTH = 20;
/** Of output that is no terminal. */
const NO_WIDTH = 160;
/** A longer map or list is told by its size. */
const MAX_ENTRIES = 8;
const GAP = "  ";

export default class ShowConfig extends NpmonCommand {
  static override summary = "Show the configuration in effect and where each value came from.";
  static override description =
    "The file is system-probe.yaml: that of --config, else the first there is of /etc/npmon and /etc/datadog-agent. Variables of the environment win over it, flags over both. With anything wrong in it, all of that is printed and the exit code is 1.";
  static override examples = [
    "<%= config.bin %> config",
    "<%= config.bin %> config --config ./system-probe.yaml --json",
    "<%= config.bin %> config --example > system-probe.yaml",
    "<%= config.bin %> config --schema > system-probe.schema.json",
  ];
  static override flags = {
    ...CONFIG_FLAG,
    json: Flags.boolean({ summary: "as JSON", exclusive: ["schema", "example"] }),
    schema: Flags.boolean({
      summary: "print the JSON Schema of the file, for editors",
      exclusive: ["example"],
    }),
    example: Flags.boolean({ summary: "print every key with its default, as a commented file" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(ShowConfig);
    const output = openStandardOutput(process.stdout, () => {}, new AbortController().signal);
    if (flags.schema) {
      await output.write(`${JSON.stringify(createJsonSchema(), null, 2)}\n`);
    } else if (flags.example) {
      await output.write(createExample());
    } else {
      const loaded = loadConfig({ path: flags.config ?? null, environment: process.env });
      await output.write(
        flags.json ? renderJson(loaded) : renderTable(loaded.config, process.stdout.columns ?? NO_WIDTH),
      );
      if (!flags.json) warnOf(loaded, { everything: true });
    }
  }
}

function renderJson({ config, warnings, unknownKeys }: LoadedConfig): string {
  const settings = [...config.settings].map(([key, { value, origin }]) => ({
    key,
    value,
    origin: origin.kind,
    ...originToJson(origin),
  }));
  const json = {
    file: config.file,
    enabled: config.enabled,
    settings,
    warnings: [...warnings, ...unknownKeys].map(problemToJson),
  };
  return `${stringifySafe(json)}\n`;
}

/** A heading for each map, below it its keys. */
function renderTable(config: Config, width: number): string {
  const rows = [...config.settings].map(([name, setting]) => {
    const words = name.split(".");
    return {
      block: words.slice(0, -1).join("."),
      key: `  ${words.at(-1)}`,
      value: formatValue(setting),
      from: formatFrom(setting),
    };
  });
  const keyWidth = Math.max(...rows.map(({ key }) => textWidth(key)));
  const fromWidth = Math.max(...rows.map(({ from }) => textWidth(from)));
  const room = Math.max(MIN_VALUE_WIDTH, width - keyWidth - fromWidth - 2 * GAP.length);
  const valueWidth = Math.min(room, Math.max(...rows.map(({ value }) => textWidth(value))));
  const lines = rows.flatMap(({ block, key, value, from }, index) => {
    const cells = [fitText(key, keyWidth, "left"), fitText(value, valueWidth, "left"), from];
    const line = cells.join(GAP).trimEnd();
    return block === rows[index - 1]?.block ? [line] : ["", block, line];
  });
  const file = config.file === null ? `none; looked for ${CONFIG_FILES.join(" and ")}` : config.file;
  const enabled = config.enabled ? "yes" : "no";
  return [`file     ${formatSafe(file)}`, `enabled  ${enabled}`, ...lines, ""].join("\n");
}

function formatValue({ value }: Setting): string {
  if (value === null) return "-";
  const size = typeof value === "object" ? Object.keys(value).length : 0;
  if (size > MAX_ENTRIES) return `(${size} entries)`;
  return formatSafe(typeof value === "string" && value !== "" ? value : formatFlow(value));
}

/** The file stands above, so its lines do. */
function formatFrom({ origin }: Setting): string {
  return formatSafe(origin.kind === "file" ? `line ${origin.line}` : formatOrigin(origin));
}
