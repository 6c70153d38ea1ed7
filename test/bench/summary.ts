import { forwardQueryStandings } from "./forward-query.ts";
import { isMet, type Standing, TOPICS } from "./standing.ts";
import { formatCell, formatNumber, type Table } from "./table.ts";

/** The standings of all that was measured, a line for each, as one table. `null` when nothing of it has any. */
export function summarize(tables: readonly Table[], notes: readonly string[]): Table | null {
  const standings = standingsOf(tables);
  if (standings.length === 0) return null;
  return {
    title: "npmon beside its peers",
    columns: ["", "measure", "npmon", "peers", "npmon / peer", "aim", "met"],
    rows: standings.map((standing) => [
      standing.topic,
      standing.measure,
      standing.npmon,
      formatPeers(standing),
      formatRatio(standing),
      formatAim(standing),
      formatMet(standing),
    ]),
    notes,
  };
}

/** For `--json`: figures as numbers. */
export function summaryToJson(tables: readonly Table[]): unknown {
  return standingsOf(tables).map((standing) => ({ ...standing, met: isMet(standing) }));
}

function standingsOf(tables: readonly Table[]): readonly Standing[] {
  const all = tables.flatMap((table) => table.standings ?? forwardQueryStandings(table));
  return TOPICS.flatMap((topic) => all.filter((standing) => standing.topic === topic));
}

function formatPeers({ peers = {} }: Standing): string | null {
  const named = Object.entries(peers).map(([name, cell]) => `${name} ${formatCell(cell)}`);
  return named.length === 0 ? null : named.join("; ");
}

function formatRatio({ ratio }: Standing): string | null {
  return ratio === undefined ? null : `${formatCell(ratio.of)} of ${ratio.to}`;
}

function formatAim({ aim }: Standing): string | null {
  if (aim === undefined) return null;
  return `${aim.of} ${aim.bound === "at most" ? "≤" : "≥"} ${formatNumber(aim.value)}`;
}

function formatMet(standing: Standing): string | null {
  const met = isMet(standing);
  return met === null ? null : met ? "met" : "**not met**";
}
