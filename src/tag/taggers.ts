import type { ProcessTags } from "../flow/endpoint.ts";
import { tagCgroup } from "./cgroup.ts";
import { tagContainer, tagContainerId, tagImage, tagLabels } from "./container.ts";
import { tagEnv } from "./env.ts";
import { tagExe } from "./exe.ts";
import type { ProcessFacts } from "./facts.ts";
import { tagNamespace, tagPod, tagWorkload } from "./pod.ts";
import { tagProcessName } from "./process.ts";
import { tagService, tagServiceSource } from "./service.ts";
import { tagUnit } from "./unit.ts";
import { tagUser, type UserNames } from "./user.ts";
import { tagVersion } from "./version.ts";

type Tagger<Tag extends keyof ProcessTags> = (facts: ProcessFacts, users: UserNames) => ProcessTags[Tag];

const TAGGERS: { readonly [Tag in keyof ProcessTags]: Tagger<Tag> } = {
  pid: (facts) => facts.pid,
  process: tagProcessName,
  exe: tagExe,
  user: tagUser,
  container: tagContainer,
  image: tagImage,
  pod: tagPod,
  namespace: tagNamespace,
  workload: tagWorkload,
  container_id: tagContainerId,
  cgroup: tagCgroup,
  unit: tagUnit,
  service: tagService,
  service_source: tagServiceSource,
  env: tagEnv,
  version: tagVersion,
  labels: tagLabels,
};

/** Asks every tagger once. */
export function tagFacts(facts: ProcessFacts, users: UserNames): ProcessTags {
  const values = Object.entries(TAGGERS).map(([tag, tagger]) => [tag, tagger(facts, users)]);
  return Object.freeze(Object.fromEntries(values)) as ProcessTags;
}
