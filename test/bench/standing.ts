import type { Spread } from "./spread.ts";
import type { Cell } from "./table.ts";

/** What is aimed at: a bound for npmon's figure divided by a peer's, or for npmon's figure alone. */
export interface Aim {
  readonly of: "ratio" | "npmon";
  readonly bound: "at most" | "at least";
  readonly value: number;
}

/** How npmon stands in one row of the table "npmon beside its peers". */
export interface Standing {
  /** One of {@link TOPICS}; several rows may be of one. */
  readonly topic: Topic;
  /** Of what, how much and in which unit. */
  readonly measure: string;
  readonly npmon: Cell;
  /** By name, in the order in which they are shown. */
  readonly peers?: Readonly<Record<string, Cell>>;
  /** npmon's figure divided by that of the peer `to`, within each round. */
  readonly ratio?: { readonly to: string; readonly of: Spread | number };
  readonly aim?: Aim;
}

/** In the order of the table. */
export const TOPICS = [
  "idle tick",
  "changed tick",
  "bulk",
  "churn",
  "per event",
  "accuracy under load",
  "group-by",
  "start",
  "memory",
  "forward → query",
] as const;

export type Topic = (typeof TOPICS)[number];

/** Null where nothing was aimed at, or where there is no figure to judge. */
export function isMet({ npmon, ratio, aim }: Standing): boolean | null {
  const figure = aim?.of === "ratio" ? ratio?.of : npmon;
  if (aim === undefined || figure === undefined || figure === null || typeof figure === "string") return null;
  const value = typeof figure === "number" ? figure : figure.median;
  return aim.bound === "at most" ? value <= aim.value : value >= aim.value;
}
