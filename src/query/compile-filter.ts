import type { Endpoint } from "../flow/endpoint.ts";
import type { Flow } from "../flow/flow.ts";
import type { End, TagLookup, TagValue } from "../flow/tags.ts";
import { compileMatch, compileMatches, type Test } from "./compile-match.ts";
import { type Filter, SEARCHED_TAGS, splitFilter, type TagTerm, type Term, type WordTerm } from "./filter.ts";

/**
 * Which flows count. Terms on measures say nothing of a flow and are left out: they are for rows, see `compileRowFilter`.
 *
 * The function it gives can be called for every flow at every tick: it makes no garbage and takes some tens of
 * nanoseconds a term.
 */
export function compileFlowFilter(filter: Filter, lookup: TagLookup): (flow: Flow) => boolean {
  const { flows } = splitFilter(filter);
  return flows === null ? () => true : compileTree(flows, (term) => compileFlowTerm(term, lookup));
}

/**
 * Whether one endpoint fits, for the rules of a configuration.
 * @param filter - parsed with `scope: "endpoint"`
 */
export function compileEndpointFilter(filter: Filter, lookup: TagLookup): (endpoint: Endpoint) => boolean {
  return compileTree(filter, (term) => {
    if (term.kind === "word") return compileWord(term, lookup);
    if (term.kind === "tag" && term.asked.end === "any") {
      const { tag } = term.asked;
      const test = compileMatches(term.values, "none");
      return (endpoint) => test(lookup(endpoint, tag));
    }
    throw new RangeError("a filter of flows cannot be asked of one endpoint");
  });
}

/** Turns `and`, `or` and `not` into functions, whatever the terms are asked of. */
export function compileTree<Subject>(
  filter: Filter,
  compileTerm: (term: Term) => (subject: Subject) => boolean,
): (subject: Subject) => boolean {
  if (filter.kind === "not") {
    const test = compileTree(filter.part, compileTerm);
    return (subject) => !test(subject);
  }
  if (filter.kind !== "and" && filter.kind !== "or") return compileTerm(filter);
  const tests = filter.parts.map((part) => compileTree(part, compileTerm));
  if (filter.kind === "or") {
    return (subject) => {
      for (const test of tests) if (test(subject)) return true;
      return false;
    };
  }
  return (subject) => {
    for (const test of tests) if (!test(subject)) return false;
    return true;
  };
}

function compileFlowTerm(term: Term, lookup: TagLookup): (flow: Flow) => boolean {
  if (term.kind === "tag") return compileFlowTag(term, lookup);
  if (term.kind === "measure") throw new RangeError(`${term.measure} cannot be asked of a flow`);
  const test = compileWord(term, lookup);
  return (flow) => test(flow.source) || test(flow.destination);
}

function compileFlowTag({ asked, values }: TagTerm, lookup: TagLookup): (flow: Flow) => boolean {
  const test = compileMatches(values, "none");
  if (asked.end === "flow") {
    const { tag } = asked;
    return (flow) => test(flow[tag]);
  }
  const { end, tag } = asked;
  if (end === "any") return (flow) => test(lookup(flow.source, tag)) || test(lookup(flow.destination, tag));
  if (end === "source" || end === "destination") return (flow) => test(lookup(flow[end], tag));
  return (flow) => test(lookup(flow[measuredEnd(end, flow.direction)], tag));
}

/** The client is the end that connected. Where nobody knows who did, the end that measured stands for it. */
export function measuredEnd(end: End, direction: TagValue): "source" | "destination" {
  if (end === "source" || end === "destination") return end;
  const clientIsSource = direction !== "incoming";
  return (end === "client") === clientIsSource ? "source" : "destination";
}

function compileWord({ value }: WordTerm, lookup: TagLookup): (endpoint: Endpoint) => boolean {
  const test: Test = compileMatch(value, "none");
  if (value.kind === "network") return (endpoint) => test(lookup(endpoint, "ip"));
  return (endpoint) => {
    for (const tag of SEARCHED_TAGS) if (test(lookup(endpoint, tag))) return true;
    return false;
  };
}
