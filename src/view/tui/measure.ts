/** What the two main columns show. The words are those of the seed: bytes a second; bytes in the window; bytes so far. */
export const MEASURES = ["bandwidth", "throughput", "total"] as const;

export type Measure = (typeof MEASURES)[number];

interface MeasureColumns {
  readonly sent: string;
  readonly received: string;
  /** Both together; only sorted by. */
  readonly traffic: string;
}

/** Names of the columns that show a measure. */
export const MEASURE_COLUMNS: Readonly<Record<Measure, MeasureColumns>> = {
  bandwidth: { sent: "sent", received: "received", traffic: "traffic" },
  throughput: { sent: "bytes_sent", received: "bytes_received", traffic: "bytes" },
  total: { sent: "sent_total", received: "received_total", traffic: "traffic_total" },
};

/** The sort that means the same in another measure; others stay as they are. */
export function translateSort(sort: string, from: Measure, to: Measure): string {
  const sign = sort.startsWith("-") ? "-" : "";
  const name = sort.slice(sign.length);
  for (const role of ["sent", "received", "traffic"] as const) {
    if (MEASURE_COLUMNS[from][role] === name) return sign + MEASURE_COLUMNS[to][role];
  }
  return sort;
}

/** The columns that a sort orders by: where it is by traffic, the two that it is the sum of. */
export function sortedColumns(sort: string): readonly string[] {
  const name = sort.replace(/^-/, "");
  const summed = MEASURES.map((measure) => MEASURE_COLUMNS[measure]).find(({ traffic }) => traffic === name);
  return summed === undefined ? [name] : [summed.sent, summed.received];
}
