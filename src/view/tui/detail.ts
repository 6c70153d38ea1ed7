import { FAILURE_REASONS } from "../../flow/flow.ts";
import { formatBandwidth, formatBytes, formatCount, formatDuration, formatPercent } from "../format.ts";
import { barRows, highest, mean } from "../graph.ts";
import type { Paint } from "../paint.ts";
import type { Row } from "../row.ts";
import { KEPT_TICKS, type SampleField } from "../samples.ts";
import { fitText, formatSafe, textWidth, truncateEnd } from "../text.ts";
import { describeEnd, endTags, topPeers } from "./peers.ts";
import type { TuiState } from "./state.ts";

const LABEL_WIDTH = 12;
/** Cells that the numbers after the bars are worth. */
const NUMBERS_WIDTH = 50;

/** What is known of the selected row: its past, how well it goes, what failed, and whom its ends talk to besides. */
export function detailLines(state: TuiState, height: number, paint: Paint): readonly string[] {
  const row = state.rows[state.selected];
  if (height <= 0) return [];
  const { columns } = state.size;
  if (row === undefined) return [ruleLine("no row", columns, paint)];
  const barsHeight = height >= 13 ? 3 : 1;
  const lines = [
    ruleLine(formatSafe(describeRow(row)), columns, paint),
    ...bytesLines(state, row, "sent", barsHeight, paint.sent),
    ...bytesLines(state, row, "received", barsHeight, paint.received),
    rttLine(state, row),
    retransmitLine(state, row, paint),
    textLine("connections", describeConnections(row)),
    failureLine(state, row, paint),
    ...peerLines(state, row),
  ];
  return lines
    .slice(0, height)
    .map((line) => (textWidth(line) <= columns ? line : truncateEnd(line, columns)));
}

function describeRow({ flow }: Row): string {
  const first = describeEnd(flow.source ?? flow.client);
  const second = describeEnd(flow.destination ?? flow.server);
  const rest = [flow.protocol, flow.direction, flow.family].filter((value) => typeof value === "string");
  return [[first, second].filter((end) => end !== "").join(" → "), ...rest]
    .filter((part) => part !== "")
    .join("  ");
}

function ruleLine(title: string, columns: number, paint: Paint): string {
  const text = truncateEnd(title, Math.max(0, columns - 6));
  const rest = Math.max(0, columns - textWidth(text) - 5);
  return `${paint.quiet("── ")}${paint.title(text)}${paint.quiet(` ${"─".repeat(rest)}`)} `.trimEnd();
}

function textLine(label: string, text: string): string {
  return ` ${fitText(label, LABEL_WIDTH, "left")} ${text}`;
}

/** Bars of a field in `height` lines, with numbers beside the first ones. */
function barLines(
  { size, shownLedger }: TuiState,
  row: Row,
  field: SampleField,
  label: string,
  height: number,
  numbers: (values: readonly number[]) => readonly string[],
  paintBars: (text: string) => string,
): readonly string[] {
  const room = Math.max(8, Math.min(KEPT_TICKS, size.columns - LABEL_WIDTH - NUMBERS_WIDTH - 4));
  const values = shownLedger.series(row.key, field, room);
  const facts = numbers(values);
  return barRows(values, room, height).map((bars, index) => {
    const texts = height === 1 ? facts.join("  ") : (facts[index] ?? "");
    return ` ${fitText(index === 0 ? label : "", LABEL_WIDTH, "left")} ${paintBars(bars)}  ${texts}`;
  });
}

function bytesLines(
  state: TuiState,
  row: Row,
  field: "sent" | "received",
  height: number,
  paintBars: (text: string) => string,
): readonly string[] {
  const { units } = state;
  const total = field === "sent" ? row.sentTotal : row.receivedTotal;
  const numbers = (values: readonly number[]): readonly string[] => [
    formatBandwidth(values.at(-1) ?? Number.NaN, units),
    `mean ${formatBandwidth(mean(values), units)}`,
    `total ${formatBytes(total, units)}`,
  ];
  return barLines(state, row, field, field, height, numbers, paintBars);
}

function rttLine(state: TuiState, row: Row): string {
  const numbers = (values: readonly number[]): readonly string[] => {
    const { rtt_us: now, rtt_var_us: jitter } = row.flow;
    if (now === undefined) return ["-"];
    return [
      formatDuration(now),
      `mean ${formatDuration(mean(values))}`,
      `max ${formatDuration(highest(values))}`,
      ...(jitter === undefined ? [] : [`jitter ${formatDuration(jitter)}`]),
    ];
  };
  return barLines(state, row, "rtt", "round trip", 1, numbers, (text) => text)[0] ?? "";
}

function retransmitLine(state: TuiState, row: Row, paint: Paint): string {
  const record = state.shownLedger.find(row.key);
  const numbers = (): readonly string[] => {
    const { retransmits, packets_sent } = row.flow;
    const now = `${formatCount(retransmits)}${packets_sent > 0 ? ` = ${formatPercent(retransmits / packets_sent)} of packets` : ""}`;
    const all =
      record === undefined || record.packetsSent === 0
        ? []
        : [
            `total ${formatCount(record.retransmits)} = ${formatPercent(record.retransmits / record.packetsSent)}`,
          ];
    return [now, ...all];
  };
  const isTrouble = (record?.retransmits ?? 0) > 0;
  return (
    barLines(
      state,
      row,
      "retransmits",
      "retransmits",
      1,
      numbers,
      isTrouble ? paint.trouble : (text) => text,
    )[0] ?? ""
  );
}

function describeConnections({ flow: { connections } }: Row): string {
  const { active, opened, closed } = connections;
  return `${formatCount(active)} active, in this window ${formatCount(opened)} opened, ${formatCount(closed)} closed`;
}

function failureLine({ shownLedger }: TuiState, { key, flow }: Row, paint: Paint): string {
  const totals = shownLedger.find(key)?.failed ?? null;
  if (totals === null) return textLine("failures", "none since the view began");
  const parts = FAILURE_REASONS.filter((reason) => totals[reason] > 0).map((reason) => {
    const now = flow.connections.failed[reason];
    return `${reason.replace("_", " ")} ${formatCount(totals[reason])}${now > 0 ? ` (${formatCount(now)} now)` : ""}`;
  });
  return textLine("failures", paint.trouble(parts.join("  ")));
}

/** Whom each end of the row talks to most, the other end included. */
function peerLines({ shown, units }: TuiState, { flow }: Row): readonly string[] {
  if (shown === null) return [];
  return (["first", "second"] as const).flatMap((side) => {
    const name = describeEnd(endTags(flow, side));
    const peers = topPeers(shown, flow, side);
    if (name === "" || peers.length === 0) return [];
    const texts = peers.map(
      ({ peer, bytesPerSecond, share }) =>
        `${formatSafe(peer)} ${formatPercent(share)} ${formatBandwidth(bytesPerSecond, units)}`,
    );
    const label = side === "first" ? "talks to" : "reached by";
    return [textLine(label, texts.join("   "))];
  });
}
