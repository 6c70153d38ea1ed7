import type { Endpoint } from "../flow/endpoint.ts";
import type { Network } from "../flow/ip.ts";
import { createPrefixTable, type PrefixTable } from "./prefix-table.ts";

/** Tags that the user gives to the ends of flows that fit. */
export interface UserRule {
  readonly fits: (endpoint: Endpoint) => boolean;
  readonly set: Readonly<Record<string, string>>;
}

export interface UserTagsOptions {
  /** A later one wins. */
  readonly rules: readonly UserRule[];
  /** Tags by network; of each tag the longest prefix that gives it wins. Rules win over networks. */
  readonly networks: readonly (readonly [network: Network, set: Readonly<Record<string, string>>])[];
}

/** Finds the value that the user gave a tag of an endpoint; `undefined` where nothing gives it. */
export function createUserTags({
  rules,
  networks,
}: UserTagsOptions): (endpoint: Endpoint, tag: string) => string | undefined {
  const rulesOf = new Map<string, readonly UserRule[]>();
  for (const rule of rules) {
    for (const tag of Object.keys(rule.set)) rulesOf.set(tag, [rule, ...(rulesOf.get(tag) ?? [])]);
  }
  const entriesOf = new Map<string, [Network, string][]>();
  for (const [network, set] of networks) {
    for (const [tag, value] of Object.entries(set)) {
      const entries = entriesOf.get(tag) ?? [];
      entries.push([network, value]);
      entriesOf.set(tag, entries);
    }
  }
  const tables = new Map<string, PrefixTable<string>>();
  for (const [tag, entries] of entriesOf) tables.set(tag, createPrefixTable(entries));
  return (endpoint, tag) => {
    const rule = rulesOf.get(tag)?.find(({ fits }) => fits(endpoint));
    if (rule !== undefined) return rule.set[tag];
    if (endpoint.ip === null) return undefined;
    return tables.get(tag)?.find(endpoint.ip) ?? undefined;
  };
}
