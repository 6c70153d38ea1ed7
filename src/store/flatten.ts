import { createHash } from "node:crypto";
import { ENDPOINT_TAGS, type TagValue } from "../flow/tags.ts";
import { tagKind } from "../query/tag-names.ts";
import type { EndTags, Snapshot, SnapshotFlow } from "../snapshot/snapshot.ts";
import { Body } from "./body.ts";
import { COUNTERS, PROBE_NUMBERS, TAG_COLUMNS } from "./columns.ts";

/** Longer values are cut: a tag is a name. UTF-16 units. */
export const MAX_VALUE_UNITS = 2048;

/** What is larger is somebody's joke, and no sum is to overflow by it. */
const MAX_INTERVAL_MS = 366 * 86_400_000;
const MAX_RTT_US = 1e9;
const MAX_WEIGHT = 2 ** 31;

/** Of the user's tags and labels of one end. */
export const MAX_OTHER_TAGS = 64;
export const MAX_OTHER_UNITS = 64 * 1024;

const BUILT_IN: ReadonlySet<string> = new Set(ENDPOINT_TAGS);
const NUMBERS: ReadonlySet<string> = new Set(ENDPOINT_TAGS.filter((tag) => tagKind(tag) === "number"));

/** The one spelling of an id, which can come in capitals and as `urn:uuid:…`. */
export function normalId(id: string): string {
  return id.slice(-36).toLowerCase();
}

/** A snapshot as the journal has it; see {@link flattenSnapshot}. */
export interface FlatSnapshot {
  /** As it was sent; {@link normalId} is its one spelling. */
  readonly id: string;
  /** RFC 3339. */
  readonly start: string;
  readonly end: string;
  readonly block: Buffer;
}

/**
 * A snapshot as the journal has it: lines of {@link JOURNAL_COLUMNS} with tabs in between, nothing where nothing is
 * known. The first is the report and begins with the id, the bytes that follow and their SHA-1: whether a snapshot is
 * whole and undamaged can be told by itself.
 *
 * A row by client and server becomes one from source to destination as the client saw it.
 */
export function flattenSnapshot(snapshot: Snapshot): FlatSnapshot {
  const body = new Body();
  const { before, intervalMs } = beginSnapshot(snapshot, body);
  for (const flow of snapshot.flows) body.add(`${before}${flatFlow(flow, intervalMs)}\n`);
  return endSnapshot(snapshot, body);
}

/** Writes the report. @returns what the line of every row begins with, and the interval that counts */
export function beginSnapshot(
  snapshot: Snapshot,
  body: Body,
): { readonly before: string; readonly intervalMs: number } {
  const { probe } = snapshot;
  const start = Date.parse(snapshot.start);
  const host = cell(snapshot.host);
  const intervalMs = Math.min(snapshot.interval_ms, MAX_INTERVAL_MS);
  const numbers = PROBE_NUMBERS.map((name) => [name, probe[name] ?? 0]);
  const report = cell(JSON.stringify({ tier: probe.tier, ...Object.fromEntries(numbers) }));
  body.add(`${start}\t${Date.parse(snapshot.end)}\t${intervalMs}\t${host}\t${report}${REPORT_REST}\n`);
  return { before: `\t\t\t${start}\t\t\t${host}\t\t`, intervalMs };
}

export function endSnapshot({ id, start, end }: Snapshot, body: Body): FlatSnapshot {
  const known = normalId(id);
  const block = body.finish((bytes) => `${known}\t${bytes.length}\t${hashOf(known, bytes)}\t`);
  return { id, start, end, block };
}

/** Tabs for all columns behind `probe`. */
const REPORT_REST = "\t".repeat(TAG_COLUMNS.length + COUNTERS.length);

export function hashOf(id: string, body: Buffer): string {
  return createHash("sha1").update(id).update(body).digest("hex");
}

function flatFlow(flow: SnapshotFlow, intervalMs: number): string {
  const byRole = flow.client !== undefined || flow.server !== undefined;
  const source = flatEnd(byRole ? flow.client : flow.source);
  const destination = flatEnd(byRole ? flow.server : flow.destination);
  const direction = byRole ? "outgoing" : tagCell(flow.direction);
  const { active, opened, closed, failed } = flow.connections;
  const { activeMs, rtt, rttVar, weight } = sumsOf(active, closed, flow.rtt_us, flow.rtt_var_us, intervalMs);
  return `${source}\t${destination}\t${tagCell(flow.protocol)}\t${direction}\t${tagCell(flow.family)}\t${
    flow.bytes_sent || ""
  }\t${flow.bytes_received || ""}\t${flow.packets_sent || ""}\t${flow.packets_received || ""}\t${
    flow.retransmits || ""
  }\t${opened || ""}\t${closed || ""}\t${failed.refused || ""}\t${failed.reset || ""}\t${failed.timed_out || ""}\t${
    failed.unreachable || ""
  }\t${failed.other || ""}\t${activeMs || ""}\t${rtt || ""}\t${rttVar || ""}\t${weight || ""}`;
}

/** What of a row is added up as something else than it was sent, see `COUNTERS`; all are exact. */
export function sumsOf(
  active: number,
  closed: number,
  rttUs: number | undefined,
  rttVarUs: number | undefined,
  intervalMs: number,
): { readonly activeMs: number; readonly rtt: number; readonly rttVar: number; readonly weight: number } {
  const weight = rttUs === undefined ? 0 : Math.min(MAX_WEIGHT, Math.max(1, active + closed));
  const mean = (us = 0) => Math.min(Math.round(Math.min(us, MAX_RTT_US) * weight), Number.MAX_SAFE_INTEGER);
  const activeMs = Math.min(active * intervalMs, Number.MAX_SAFE_INTEGER);
  return { activeMs, rtt: mean(rttUs), rttVar: mean(rttVarUs), weight };
}

/** The tags in the order of {@link ENDPOINT_TAGS}, then the others. */
function flatEnd(tags: EndTags | undefined): string {
  return (tags === undefined ? NO_TAGS : plainEnd(tags)) ?? anyEnd(tags ?? {});
}

const NO_TAGS = "\t".repeat(ENDPOINT_TAGS.length);

/** Longer values are looked at one by one. */
const MAX_PLAIN_UNITS = 1024;

/**
 * The end that nearly all rows have: nothing in its built-in tags has to be quoted or cut. `null` for any other. By name and not in a loop, because that is six times as fast, and this is most of what taking in a row costs.
 */
function plainEnd(tags: EndTags): string | null {
  const { service, process, container, image, pod, namespace, workload, host, domain, ip, port } = tags;
  const { subnet, range, pid, exe, user, env, version, service_source, container_id, unit, cgroup, netns } =
    tags;
  const text = `${plain(service)}\t${plain(process)}\t${plain(container)}\t${plain(image)}\t${plain(pod)}\t${plain(
    namespace,
  )}\t${plain(workload)}\t${plain(host)}\t${plain(domain)}\t${plain(ip)}\t${plainNumber(port)}\t${plain(
    subnet,
  )}\t${plain(range)}\t${plainNumber(pid)}\t${plain(exe)}\t${plain(user)}\t${plain(env)}\t${plain(version)}\t${plain(
    service_source,
  )}\t${plain(container_id)}\t${plain(unit)}\t${plain(cgroup)}\t${plainNumber(netns)}\t`;
  if (text.length > MAX_PLAIN_UNITS || QUOTED.test(text) || !hasTabs(text, ENDPOINT_TAGS.length)) return null;
  return text + othersCell(tags);
}

/** What is no plain text makes the whole end be looked at: an empty one is not the same as none. */
function plain(value: TagValue | undefined): string {
  if (value === null || value === undefined) return "";
  return typeof value === "string" && value !== "" ? value : '"';
}

function plainNumber(value: TagValue | undefined): string {
  if (value === null || value === undefined) return "";
  return typeof value === "number" && Number.isSafeInteger(value) ? String(value) : '"';
}

const QUOTED = /["\n\r\0]/;

function hasTabs(text: string, count: number): boolean {
  let found = 0;
  for (let at = text.indexOf("\t"); at >= 0; at = text.indexOf("\t", at + 1)) found++;
  return found === count;
}

function anyEnd(tags: EndTags): string {
  let text = "";
  for (const tag of ENDPOINT_TAGS) {
    const value = tags[tag];
    if (value !== null && value !== undefined)
      text += NUMBERS.has(tag) ? numberCell(value) : cell(String(value));
    text += "\t";
  }
  return text + othersCell(tags);
}

function numberCell(value: string | number): string {
  const number = Number(value);
  return value !== "" && Number.isSafeInteger(number) ? String(number) : "";
}

/** The user's tags and labels; nothing when there are none. */
function othersCell(tags: EndTags): string {
  let others: [string, string][] | null = null;
  for (const tag in tags) {
    const value = tags[tag];
    if (BUILT_IN.has(tag) || value === null || value === undefined) continue;
    others ??= [];
    others.push([tag, String(value)]);
  }
  return others === null ? "" : cell(flatOthers(others), 8 * MAX_OTHER_UNITS);
}

/** Pairs by hand, for a name can be `__proto__`. */
function flatOthers(others: [string, string][]): string {
  others.sort(([a], [b]) => (a < b ? -1 : 1));
  const pairs: string[] = [];
  let units = 0;
  for (const [name, value] of others.slice(0, MAX_OTHER_TAGS)) {
    const short = value.slice(0, MAX_VALUE_UNITS);
    units += name.length + short.length;
    if (units > MAX_OTHER_UNITS) break;
    pairs.push(`${jsonText(name)}:${jsonText(short)}`);
  }
  return `{${pairs.join(",")}}`;
}

const UNFIT = /[\ud800-\udfff\0]/;

/** Text that every reader of JSON takes: no half characters and no NUL. */
function jsonText(text: string): string {
  return JSON.stringify(UNFIT.test(text) ? text.replaceAll(/\p{Surrogate}|\0/gu, "\ufffd") : text);
}

function tagCell(value: TagValue | undefined): string {
  return value === null || value === undefined ? "" : cell(String(value));
}

const SPECIAL = /["\t\n\r\0]/;

/** A text as a cell of the journal. Half characters become one that says so when the line becomes bytes. */
function cell(text: string, maxUnits = MAX_VALUE_UNITS): string {
  const short = text.length > maxUnits ? text.slice(0, maxUnits) : text;
  if (short === "") return '""';
  return SPECIAL.test(short) ? `"${short.replaceAll('"', '""').replaceAll("\0", "\ufffd")}"` : short;
}
