import { Flags } from "@oclif/core";
import { FLOW_TAGS, LABEL_PREFIX, type TagValue } from "../flow/tags.ts";
import { type Monitor, openMonitor } from "../monitor/open.ts";
import { runTicks } from "../monitor/ticks.ts";
import { PROBE_CHOICES } from "../probe/open.ts";
import type { TagNames } from "../query/tag-names.ts";
import { openStandardOutput } from "../sink/output.ts";
import type { SnapshotFlow } from "../snapshot/snapshot.ts";
import { TAG_ORIGINS } from "../tag/origins.ts";
import { renderTagList, type TagEntry } from "../view/tag-list.ts";
import { formatSafe, stringifySafe } from "../view/text.ts";
import { NpmonCommand } from "./base.ts";
import { CONFIG_FLAG } from "./flags.ts";
import { loadCommandConfig } from "./load-config.ts";

/** Long enough for the connections that there are, and for an engine on this host to answer. */
const LOOK_MS = 600;
const EXAMPLES = 3;

export default class Tags extends NpmonCommand {
  static override summary = "List the tags that can be asked for here, with values that they have now.";
  static override description =
    "Looks at this host for a moment. Every tag can be used in --group-by and --filter, with source., destination., client. or server. before it; label.NAME is a label of a container or pod.";
  static override examples = ["<%= config.bin %> tags", "<%= config.bin %> tags --json"];
  static override flags = {
    json: Flags.boolean({ summary: "one JSON object instead of a table" }),
    probe: Flags.option({ options: PROBE_CHOICES })({ summary: "kernel mechanism to use (auto)" }),
    ...CONFIG_FLAG,
    "no-resolve": Flags.boolean({ summary: "leave addresses without names" }),
  };

  async run(): Promise<void> {
    const { flags } = await this.parse(Tags);
    const abort = this.abortOnSignals();
    const config = loadCommandConfig(flags);
    const monitor = openMonitor({ config, question: { groupBy: "flow", filter: null } });
    try {
      const found = await look(monitor, config.names, abort.signal);
      const output = openStandardOutput(process.stdout, () => abort.abort(), abort.signal);
      await output.write(
        flags.json
          ? `${stringifySafe(found)}\n`
          : render(found, process.stdout.columns ?? Number.POSITIVE_INFINITY),
      );
    } finally {
      monitor.close();
    }
  }
}

interface Found {
  readonly tags: readonly TagEntry[];
  /** How it stands with what is asked for names, a line each. */
  readonly sources: readonly string[];
}

async function look(monitor: Monitor, names: TagNames, signal: AbortSignal): Promise<Found> {
  monitor.start();
  const rows: SnapshotFlow[] = [];
  const ticks = runTicks(monitor, { intervalMs: LOOK_MS, firstIntervalMs: LOOK_MS, count: 1, signal });
  for await (const snapshot of ticks) rows.push(...snapshot.flows);
  const ofEnds = names.endpointTags.map((tag) =>
    entryOf(
      tag,
      rows.flatMap((row) => [row.source?.[tag], row.destination?.[tag]]),
    ),
  );
  const ofFlows = FLOW_TAGS.map((tag) =>
    entryOf(
      tag,
      rows.map((row) => row[tag]),
    ),
  );
  const labels = monitor.labels().map(({ name, values }) => ({
    ...entryOf(`${LABEL_PREFIX}${name}`, values),
    origin: "a label of a container or pod",
  }));
  return { tags: [...ofEnds, ...ofFlows, ...labels], sources: monitor.sourceLines() };
}

function entryOf(tag: string, values: readonly (TagValue | undefined)[]): TagEntry {
  const counts = new Map<string | number, number>();
  for (const value of values) if (value != null) counts.set(value, (counts.get(value) ?? 0) + 1);
  const byCount = [...counts].sort(([, a], [, b]) => b - a).map(([value]) => value);
  const origin = Object.hasOwn(TAG_ORIGINS, tag)
    ? TAG_ORIGINS[tag as keyof typeof TAG_ORIGINS]
    : "your configuration";
  return { tag, origin, valueCount: counts.size, examples: byCount.slice(0, EXAMPLES) };
}

function render({ tags, sources }: Found, width: number): string {
  const lines = sources.map((line) => `${formatSafe(line)}\n`).join("");
  return `${renderTagList(tags, width)}\n${lines}`;
}
