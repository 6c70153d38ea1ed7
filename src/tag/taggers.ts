import type { ProcessTags } from "../flow/endpoint.ts";
import { tagCgroup } from "./cgroup.ts";
import { tagContainer, tagContainerId } from "./container.ts";
import { tagExe } from "./exe.ts";
import type { ProcessFacts } from "./facts.ts";
import { tagProcessName } from "./process.ts";
import { tagService } from "./service.ts";
import { tagUnit } from "./unit.ts";
import { tagUser, type UserNames } from "./user.ts";

type Tagger<Tag extends keyof ProcessTags> = (facts: ProcessFacts, users: UserNames) => ProcessTags[Tag];

const TAGGERS: { readonly [Tag in keyof ProcessTags]: Tagger<Tag> } = {
  pid: (facts) => facts.pid,
  process: tagProcessName,
  exe: tagExe,
  user: tagUser,
  container: tagContainer,
  container_id: tagContainerId,
  cgroup: tagCgroup,
  unit: tagUnit,
  service: tagService,
};

/** Asks every tagger once. */
export function tagFacts(facts: ProcessFacts, users: UserNames): ProcessTags {
  return Object.freeze({
    pid: TAGGERS.pid(facts, users),
    process: TAGGERS.process(facts, users),
    exe: TAGGERS.exe(facts, users),
    user: TAGGERS.user(facts, users),
    container: TAGGERS.container(facts, users),
    container_id: TAGGERS.container_id(facts, users),
    cgroup: TAGGERS.cgroup(facts, users),
    unit: TAGGERS.unit(facts, users),
    service: TAGGERS.service(facts, users),
  });
}
