/** One waiting snapshot: a gzip member that holds one line. Members put one after the other are a gzip file again. */
export interface Entry {
  /** Its place in the order; the next one is larger. Never a time: clocks are set. */
  readonly seq: number;
  /** Of the snapshot. */
  readonly id: string;
  /** What the age of the spool was when it came, ms; see {@link Spool}. */
  readonly stampMs: number;
  /** As it is stored. */
  readonly bytes: number;
  /** The member itself while no disk takes it; null when it is on the disk. */
  readonly held: Buffer | null;
}

const NAME = /^(\d{16})-(\d{15})-([0-9a-f-]{36})\.gz$/;

/** `0000000000000042-000000000360000-7d0…e1.gz`: place in the order, age of the spool, id of the snapshot. */
export function formatEntryName({ seq, stampMs, id }: Pick<Entry, "seq" | "stampMs" | "id">): string {
  return `${String(seq).padStart(16, "0")}-${String(stampMs).padStart(15, "0")}-${id}.gz`;
}

/** `null` when the file is none of the spool's. */
export function parseEntryName(name: string): Pick<Entry, "seq" | "stampMs" | "id"> | null {
  const [, seq, stampMs, id] = NAME.exec(name) ?? [];
  if (seq === undefined || stampMs === undefined || id === undefined) return null;
  return { seq: Number(seq), stampMs: Number(stampMs), id };
}

/** Whether a process that was killed while it wrote has left this behind: of an entry, a cursor or the status. */
export function isLeftover(name: string): boolean {
  if (!name.endsWith(".tmp")) return false;
  const whole = name.slice(0, -".tmp".length);
  return NAME.test(whole) || /^(cursor-[0-9a-f]{16}|status)\.json$/.test(whole);
}
