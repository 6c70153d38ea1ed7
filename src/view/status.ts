import { LOSS_CAUSES, type LossCause, type Snapshot, type SnapshotProbe } from "../snapshot/snapshot.ts";
import { formatBytes, formatCount, formatPercent, formatWindow } from "./format.ts";
import { formatSafe } from "./text.ts";

/** One thing to know about how the numbers were obtained. */
export interface Fact {
  readonly text: string;
  /** Something is missing from the numbers. */
  readonly isTrouble: boolean;
}

/** Above this fill connections may close faster than they are read. */
const CROWDED_BUFFER = 0.8;

/** Where and when: host, window, tier. */
export function describeWindow(snapshot: Snapshot): readonly Fact[] {
  return describePlace(snapshot, formatTimes(snapshot.start, snapshot.end));
}

/** Between one header and the next: the window, and what is missing from its numbers. */
export function describeChange(snapshot: Snapshot): readonly Fact[] {
  return [...describeWindow(snapshot), ...describeHealth(snapshot).filter(({ isTrouble }) => isTrouble)];
}

/** As {@link describeWindow}, but short: the time is the end of the window, without its day where that is today. */
export function describeMoment(snapshot: Snapshot, isToday: boolean): readonly Fact[] {
  const time = formatTimes(snapshot.end, snapshot.end);
  return describePlace(snapshot, isToday ? time.replace(/^\d{4}-\d\d-\d\d /, "") : time);
}

function describePlace({ host, interval_ms, probe }: Snapshot, time: string): readonly Fact[] {
  const facts = [
    `host ${formatSafe(host)}`,
    `${time} (${interval_ms === 0 ? "gauges only" : formatWindow(interval_ms)})`,
    `tier ${formatSafe(probe.tier)}`,
  ];
  return facts.map((text) => ({ text, isTrouble: false }));
}

/** What was counted, what was not, and what npmon itself costs. What is missing from the numbers comes early. */
export function describeHealth(snapshot: Snapshot): readonly Fact[] {
  const { probe } = snapshot;
  const facts: Fact[] = [{ text: `flows ${formatCount(probe.flows)}`, isTrouble: false }];
  facts.push({ text: `lost ${formatCount(probe.lost)}${describeLoss(probe)}`, isTrouble: probe.lost > 0 });
  if (probe.lost_names !== undefined) {
    facts.push({ text: `names lost ${formatCount(probe.lost_names)}`, isTrouble: true });
  }
  if (probe.waiting > 0) {
    facts.push({
      text: `waiting ${formatCount(probe.waiting)} (over capacity ${formatCount(probe.capacity)})`,
      isTrouble: true,
    });
  }
  if (probe.backwards > 0) {
    facts.push({ text: `backwards ${formatCount(probe.backwards)}`, isTrouble: true });
  }
  if (probe.closed_buffer_fill >= CROWDED_BUFFER) {
    facts.push({ text: `close buffer ${formatPercent(probe.closed_buffer_fill)} full`, isTrouble: true });
  }
  const unattributed = probe.flows === 0 ? 0 : probe.unattributed / probe.flows;
  facts.push({ text: `unattributed ${formatPercent(unattributed)}`, isTrouble: false });
  facts.push({ text: describeCost(snapshot), isTrouble: false });
  return facts;
}

const CAUSES: Readonly<Record<LossCause, string>> = {
  no_room: "no room",
  begin_missed: "begin missed",
  found_late: "found late",
  end_missed: "end missed",
};

/** How much of it there is, and why, as far as somebody knows. */
function describeLoss({ lost, lost_bytes, lost_causes = {} }: SnapshotProbe): string {
  const parts = LOSS_CAUSES.flatMap((cause) => {
    const count = lost_causes[cause] ?? 0;
    return count === 0 ? [] : [count === lost ? CAUSES[cause] : `${CAUSES[cause]} ${formatCount(count)}`];
  });
  if (lost_bytes > 0) parts.unshift(formatBytes(lost_bytes, "auto"));
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

/** CPU is in percent of one core. */
function describeCost({ probe, interval_ms }: Snapshot): string {
  const busyMs = probe.cpu_user_ms + probe.cpu_system_ms;
  const cpu = interval_ms === 0 ? "" : `${formatPercent(busyMs / interval_ms)} CPU `;
  return `npmon ${cpu}${formatBytes(probe.memory_bytes, "auto")}`;
}

/** What narrows the rows or explains the tier; empty when there is nothing of the kind. */
export function describeNotes(snapshot: Snapshot): readonly string[] {
  const notes: string[] = [];
  if (snapshot.filter !== null) notes.push(`filter: ${formatSafe(snapshot.filter)}`);
  const { reason, tier } = snapshot.probe;
  if (reason !== undefined && reason !== "") notes.push(`tier ${formatSafe(tier)}: ${formatSafe(reason)}`);
  return notes;
}

/** What to say instead of rows, honestly: nothing was seen, or nothing of what was seen was asked for. */
export function describeEmpty(snapshot: Snapshot): string {
  const { filter, probe, interval_ms } = snapshot;
  const when = interval_ms === 0 ? "at this moment" : `in the last ${formatWindow(interval_ms)}`;
  const followed = `${formatCount(probe.tracked)} open connections are followed`;
  if (filter !== null) return `no flow matched the filter ${when} (${followed})`;
  return `no traffic seen ${when} (${followed})`;
}

const TIMESTAMP = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(\.\d+)?Z$/;

/** Two RFC 3339 times as one window, or one when they are the same; the date once when both have the same. */
function formatTimes(start: string, end: string): string {
  const from = TIMESTAMP.exec(start);
  const to = TIMESTAMP.exec(end);
  if (from === null || to === null) {
    return start === end ? formatSafe(end) : `${formatSafe(start)} to ${formatSafe(end)}`;
  }
  if (start === end) return `${to[1]} ${to[2]} UTC`;
  const endDate = from[1] === to[1] ? "" : `${to[1]} `;
  return `${from[1]} ${from[2]} to ${endDate}${to[2]} UTC`;
}
