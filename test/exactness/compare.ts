import assert from "node:assert/strict";
import type { Snapshot, SnapshotFlow } from "../../src/snapshot/snapshot.ts";
import type { Ledger, Moved } from "../traffic/actor.ts";

export const BY_PEER = "source.pid,destination.ip,destination.port";

/** Rows whose source has this pid. */
export function rowsOfPid(snapshots: readonly Snapshot[], pid: number): SnapshotFlow[] {
  return snapshots.flatMap(({ flows }) => flows).filter(({ source }) => source?.pid === pid);
}

export function sumOf(rows: readonly Moved[]): Moved {
  const sum = { bytes_sent: 0, bytes_received: 0, packets_sent: 0, packets_received: 0 };
  for (const row of rows) {
    sum.bytes_sent += row.bytes_sent;
    sum.bytes_received += row.bytes_received;
    sum.packets_sent += row.packets_sent;
    sum.packets_received += row.packets_received;
  }
  return sum;
}

/** Nothing was lost, so what is compared is complete. */
export function assertNothingLost(snapshots: readonly Snapshot[]): void {
  for (const { probe } of snapshots) {
    assert.deepEqual(
      { lost: probe.lost, lost_bytes: probe.lost_bytes, backwards: probe.backwards },
      { lost: 0, lost_bytes: 0, backwards: 0 },
    );
  }
}

/** Bytes and datagrams of UDP, by process and, in a view by {@link BY_PEER}, by peer. */
export function assertDatagrams(snapshots: readonly Snapshot[], ...truth: readonly Ledger[]): void {
  assertNothingLost(snapshots);
  for (const { pid, peers, ...moved } of truth) {
    const rows = rowsOfPid(snapshots, pid);
    assert.deepEqual(sumOf(rows), { ...moved });
    if (snapshots[0]?.group_by.join() === BY_PEER) assert.deepEqual(peersOf(rows), byPeer(peers));
  }
}

/** Bytes of TCP, by process. */
export function assertBytes(snapshots: readonly Snapshot[], ...truth: readonly Ledger[]): void {
  assertNothingLost(snapshots);
  for (const { pid, bytes_sent, bytes_received } of truth) {
    const sum = sumOf(rowsOfPid(snapshots, pid));
    assert.deepEqual(
      { bytes_sent: sum.bytes_sent, bytes_received: sum.bytes_received },
      { bytes_sent, bytes_received },
    );
  }
}

function peersOf(rows: readonly SnapshotFlow[]): Record<string, Moved> {
  return byPeer(
    rows.map((row) => {
      const { ip = null, port = null } = row.destination ?? {};
      const host = String(ip).includes(":") ? `[${ip}]` : ip;
      return { ...sumOf([row]), peer: ip === null ? null : `${host}:${port}` };
    }),
  );
}

function byPeer(entries: readonly (Moved & { readonly peer: string | null })[]): Record<string, Moved> {
  const peers: Record<string, Moved> = {};
  for (const { peer, ...moved } of entries) {
    const key = peer ?? "not known";
    const known = peers[key];
    peers[key] = known === undefined ? moved : sumOf([known, moved]);
  }
  return peers;
}

/** Asks again until it is so. */
export async function eventually(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await isSo())) {
    assert.ok(performance.now() < deadline, `it never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
