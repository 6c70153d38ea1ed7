import type { Feature, Way } from "./features.ts";

/** A feature and which of its ways is being tried, from 0; one past the last when the kernel refused all. */
export interface Try {
  readonly feature: Feature;
  way: number;
}

/** What to load next. */
export interface Choice {
  /** Without the programs that others replace. */
  readonly ways: readonly Way[];
  /** Names of their programs. */
  readonly programs: ReadonlySet<string>;
  /** What these ways cannot tell and why, for people. */
  readonly missing: readonly string[];
}

/** The best ways that the kernel did not refuse yet. One that replaces a program that is not wanted is left out. */
export function chooseWays(tries: readonly Try[]): Choice {
  const wanted = new Set(tries.flatMap(({ feature, way }) => programsOf(feature.ways[way])));
  const ways: Way[] = [];
  const missing: string[] = [];
  for (const { feature, way: index } of tries) {
    const way = feature.ways[index];
    if (way === undefined || (way.replaces !== undefined && !wanted.has(way.replaces))) {
      missing.push(feature.without);
      continue;
    }
    ways.push(way);
    if (way.lacks !== undefined) missing.push(way.lacks);
  }
  const replaced = new Set(ways.map(({ replaces }) => replaces));
  const left = ways.map((way) => ({ ...way, programs: way.programs.filter((name) => !replaced.has(name)) }));
  return { ways: left, programs: new Set(left.flatMap(programsOf)), missing };
}

/** The try that a program belongs to. */
export function findTry(tries: readonly Try[], program: string | null): Try | undefined {
  return tries.find(
    ({ feature, way }) => program !== null && programsOf(feature.ways[way]).includes(program),
  );
}

function programsOf(way: Way | undefined): readonly string[] {
  return way === undefined ? [] : [...way.programs, ...(way.atCgroup ?? [])];
}
