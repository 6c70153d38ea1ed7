import * as z from "zod";
import type { Network } from "../flow/ip.ts";
import { FLOW_TAGS } from "../flow/tags.ts";
import { quoteInput } from "../query/quote.ts";
import { isMap, key, type Report } from "./key.ts";
import { networkKey, parseNetwork } from "./network.ts";

/** Tags by name. */
export type TagValues = Readonly<Record<string, string>>;

/** Tags for the ends of flows that a filter matches, as they were written; the filter is parsed elsewhere. */
export interface TagRule {
  /** In the question language, over the tags of one end, without `source.` and the like. */
  readonly when: string;
  readonly set: TagValues;
}

/** Values by network, to be found by the longest prefix. */
export type NetworkEntries<Value> = readonly (readonly [network: Network, value: Value])[];

const TAG_NAME = /^[a-z][a-z0-9_]{0,63}$/;
/** What a socket has for certain; another value would be a lie. */
const FIXED: readonly string[] = [...FLOW_TAGS, "ip", "port", "pid", "netns"];
const MAX_TAG_VALUE = 200;

const tagValue = key(z.union([z.string().min(1).max(MAX_TAG_VALUE), z.number(), z.boolean()]), {
  expects: `a text of at most ${MAX_TAG_VALUE} characters`,
  type: "text",
  help: "",
});
const tagMap = key(z.record(z.string(), tagValue), {
  expects: "tags and their values, such as {team: payments}",
  type: "map",
  help: "",
});

const ruleSchema = key(
  z.strictObject({
    when: key(z.string().min(1).max(4096), {
      expects: "a filter such as process:nginx",
      type: "filter",
      help: "Filter over the tags of one end.",
    }),
    set: tagMap,
  }),
  { expects: 'a rule such as {when: "process:nginx", set: {team: edge}}', type: "rule", help: "" },
);

/** `npmon.tags.rules` */
export const rulesSchema = key(
  z
    .array(ruleSchema)
    .transform((rules) => readRules(rules, () => {}))
    .prefault([]),
  {
    expects: "a list of rules, each {when: FILTER, set: {TAG: VALUE}}",
    type: "list of rules",
    help: "Tags of your own, for every end of a flow that a filter matches; the filter is over the tags of that end. A later rule wins.",
    example: '[{when: "process:nginx port:443", set: {team: edge}}]',
    check: readRules,
  },
);

/** A map from network to tags: `npmon.tags.cidrs`, and what a file of networks holds. */
export const cidrsSchema = key(
  z
    .record(z.string(), tagMap)
    .transform((cidrs) => readCidrs(cidrs, () => {}))
    .prefault({}),
  {
    expects: "a map from network to tags",
    type: "map of maps",
    help: "Tags of your own by address; the longest prefix wins.",
    example: "{10.0.0.0/8: {security_group: sg-1, availability_zone: eu-1a}}",
    check: readCidrs,
  },
);

/** `npmon.subnets` */
export const subnetsSchema = key(
  z
    .record(z.string(), tagValue)
    .transform((names) => readSubnets(names, () => {}))
    .prefault({}),
  {
    expects: "a map from network to name",
    type: "map",
    help: "Names of networks, for the tag `subnet`; the longest prefix wins.",
    example: "{10.1.0.0/16: office, 2001:db8::/32: lab}",
    check: readSubnets,
  },
);

function readRules(value: unknown, report: Report): readonly TagRule[] {
  const rules: readonly unknown[] = Array.isArray(value) ? value : [];
  return Object.freeze(
    rules.map((rule, index) => {
      const { when, set } = isMap(rule) ? rule : {};
      return Object.freeze({ when: String(when), set: readTags(set, [index, "set"], report) });
    }),
  );
}

export function readCidrs(value: unknown, report: Report): NetworkEntries<TagValues> {
  return readNetworks(value, (tags, cidr) => readTags(tags, [cidr], report), report);
}

function readSubnets(value: unknown, report: Report): NetworkEntries<string> {
  return readNetworks(value, String, report);
}

function readNetworks<Value>(
  value: unknown,
  read: (value: unknown, cidr: string) => Value,
  report: Report,
): NetworkEntries<Value> {
  const seen = new Map<string, string>();
  const entries = Object.entries(isMap(value) ? value : {}).flatMap(
    ([cidr, each]): (readonly [Network, Value])[] => {
      const made = read(each, cidr);
      const network = parseNetwork(cidr);
      if (network === null) {
        const message = `found ${quoteInput(cidr)}, expected a network such as 10.0.0.0/8 or 2001:db8::/32, or an address`;
        report({ path: [cidr], isKey: true, message });
        return [];
      }
      const same = seen.get(networkKey(network));
      if (same !== undefined) {
        const message = `${quoteInput(cidr)} is the same network as ${quoteInput(same)}, expected each once`;
        report({ path: [cidr], isKey: true, message });
      }
      seen.set(networkKey(network), cidr);
      return [Object.freeze([network, made] as const)];
    },
  );
  return Object.freeze(entries);
}

function readTags(value: unknown, path: readonly (string | number)[], report: Report): TagValues {
  const read: Record<string, string> = {};
  for (const [name, each] of Object.entries(isMap(value) ? value : {})) {
    const wrong = whyNoTagName(name);
    if (wrong === null) read[name] = String(each);
    else report({ path: [...path, name], isKey: true, message: wrong });
  }
  return Object.freeze(read);
}

/** What keeps a word from naming a tag of the user's; `null` when nothing does. */
export function whyNoTagName(name: string): string | null {
  if (!TAG_NAME.test(name)) {
    return `found ${quoteInput(name)}, expected a tag name: a-z, then a-z, 0-9 and _, at most 64`;
  }
  if (FIXED.includes(name)) return `the tag \`${name}\` is what npmon measured, expected another name`;
  return null;
}
