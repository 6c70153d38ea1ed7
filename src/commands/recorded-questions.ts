import { isWholeView } from "../flow/tags.ts";
import type { Player } from "../monitor/player.ts";
import { answerFrom } from "../monitor/replay.ts";
import { namesOfSnapshot } from "../query/filter-snapshot.ts";
import { BUILT_IN_NAMES, type TagNames } from "../query/tag-names.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { Question, QuestionPort, Verdict } from "../view/tui/question.ts";
import type { QuestionFlags } from "./question.ts";
import { createLanguage, judge, resolveQuestion } from "./screen-question.ts";

/** Asks a recording what the screen asks: as far as it has the tags. */
export class RecordedQuestions implements QuestionPort {
  readonly checkFilter: QuestionPort["checkFilter"];
  readonly completeFilter: QuestionPort["completeFilter"];
  readonly #player: Player;
  readonly #flags: QuestionFlags;

  constructor(player: Player, flags: QuestionFlags) {
    this.#player = player;
    this.#flags = flags;
    const language = createLanguage(() => this.#names());
    this.checkFilter = language.checkFilter;
    this.completeFilter = language.completeFilter;
  }

  /** Those that it was saved with; an ungrouped recording has all of them. */
  tags(): readonly string[] {
    const groupBy = this.#player.recorded?.group_by ?? [];
    if (isWholeView(groupBy)) return this.#names().endpointTags;
    return [
      ...new Set(groupBy.flatMap((ref) => (ref.includes(".") ? [ref.slice(ref.indexOf(".") + 1)] : []))),
    ];
  }

  ask(question: Question): Verdict {
    return judge(() => this.#player.ask(createAnswer(this.#flags, question)));
  }

  #names(): TagNames {
    const { recorded } = this.#player;
    return recorded === null ? BUILT_IN_NAMES : namesOfSnapshot(recorded);
  }
}

/** Turns a recorded snapshot into one that answers the question. @throws NpmonError `usage` when it lacks a tag */
export function createAnswer(flags: QuestionFlags, question: Question): (snapshot: Snapshot) => Snapshot {
  return (saved) => answerFrom(saved, resolveQuestion(flags, question, namesOfSnapshot(saved)));
}
