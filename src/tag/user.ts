import type { ProcessFacts } from "./facts.ts";

/** Where user names come from; `null` for a number without a name. */
export interface UserNames {
  nameOf(uid: number): string | null;
}

export function tagUser({ uid }: ProcessFacts, users: UserNames): string | null {
  return uid === null ? null : (users.nameOf(uid) ?? String(uid));
}
