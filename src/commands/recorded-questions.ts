import { isWholeView } from "../flow/tags.ts";
import type { Player } from "../monitor/player.ts";
import { answerFrom } from "../monitor/replay.ts";
import { namesOfSnapshot } from "../query/filter-snapshot.ts";
import { BUILT_IN_NAMES } from "../query/tag-names.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { Question, QuestionPort, Verdict } from "../view/tui/question.ts";
import type { QuestionFlags } from "./question.ts";
import { checkFilter, judge, parseScreenQuestion } from "./screen-question.ts";

/** Asks a recording what the screen asks: as far as it has the tags. */
export class RecordedQuestions implements QuestionPort {
  readonly #player: Player;
  readonly #flags: QuestionFlags;

  constructor(player: Player, flags: QuestionFlags) {
    this.#player = player;
    this.#flags = flags;
  }

  /** Those that it was saved with; an ungrouped recording has all of them. */
  tags(): readonly string[] {
    const { recorded } = this.#player;
    if (recorded === null) return [];
    if (isWholeView(recorded.group_by)) return namesOfSnapshot(recorded).endpointTags;
    return [
      ...new Set(
        recorded.group_by.flatMap((ref) => (ref.includes(".") ? [ref.slice(ref.indexOf(".") + 1)] : [])),
      ),
    ];
  }

  checkFilter(text: string): Verdict {
    const { recorded } = this.#player;
    return checkFilter(text, recorded === null ? BUILT_IN_NAMES : namesOfSnapshot(recorded));
  }

  ask(question: Question): Verdict {
    return judge(() => this.#player.ask(createAnswer(question, this.#flags)));
  }
}

/** Turns a recorded snapshot into one that answers the question. @throws NpmonError `usage` when it lacks a tag */
export function createAnswer(question: Question, flags: QuestionFlags): (snapshot: Snapshot) => Snapshot {
  return (snapshot) => answerFrom(snapshot, parseScreenQuestion(question, flags, namesOfSnapshot(snapshot)));
}
