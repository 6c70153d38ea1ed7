import { regroup, selectPinned } from "../aggregate/regroup.ts";
import { ENDPOINT_TAGS } from "../flow/tags.ts";
import type { Player } from "../monitor/player.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { Question, QuestionPort, Verdict } from "../view/tui/question.ts";
import { judge, parseQuestion } from "./live-questions.ts";

/** Asks a recording what the screen asks: as far as it has the tags. */
export class RecordedQuestions implements QuestionPort {
  readonly checkFilter = null;
  readonly #player: Player;

  constructor(player: Player) {
    this.#player = player;
  }

  /** Those that it was saved with; an ungrouped recording has all of them. */
  tags(): readonly string[] {
    const groupBy = this.#player.recorded?.group_by ?? [];
    if (groupBy[0] === "flow") return ENDPOINT_TAGS;
    return [
      ...new Set(groupBy.flatMap((ref) => (ref.includes(".") ? [ref.slice(ref.indexOf(".") + 1)] : []))),
    ];
  }

  ask(question: Question): Verdict {
    return judge(() => this.#player.ask(createAnswer(question)));
  }
}

/** Turns a recorded snapshot into one that answers the question. @throws NpmonError `usage` when it lacks a tag */
export function createAnswer(question: Question): (snapshot: Snapshot) => Snapshot {
  const { groupBy, pins = [] } = parseQuestion(question);
  return (snapshot) => regroup(selectPinned(snapshot, pins), groupBy);
}
