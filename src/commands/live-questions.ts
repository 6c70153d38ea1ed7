import type { Change, Wishes } from "../monitor/ticks.ts";
import type { TagNames } from "../query/tag-names.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { Question, QuestionPort, Verdict } from "../view/tui/question.ts";
import type { QuestionFlags } from "./question.ts";
import { checkFilter, judge, parseScreenQuestion } from "./screen-question.ts";

/** Takes what the screen asks to the running monitor. */
export class LiveQuestions implements QuestionPort, Wishes {
  readonly #flags: QuestionFlags;
  readonly #names: TagNames;
  #asked: Question;
  #change: Change | null = null;
  readonly #cuts: Snapshot[] = [];

  /**
   * @param flags what the flags say, of which the screen changes only a part
   * @param names what can be asked
   * @param asked what the monitor is started with
   */
  constructor(flags: QuestionFlags, names: TagNames, asked: Question) {
    this.#flags = flags;
    this.#names = names;
    this.#asked = asked;
  }

  tags(): readonly string[] {
    return this.#names.endpointTags;
  }

  checkFilter(text: string): Verdict {
    return checkFilter(text, this.#names);
  }

  ask(question: Question): Verdict {
    const { groupBy, filter, pins } = this.#asked;
    const isSame = groupBy === question.groupBy && filter === question.filter && pins === question.pins;
    return judge(() => {
      const asked = isSame ? null : parseScreenQuestion(question, this.#flags, this.#names);
      this.#change = {
        question: asked ?? this.#change?.question ?? null,
        intervalMs: question.intervalMs,
      };
      this.#asked = question;
    });
  }

  take(): Change | null {
    const change = this.#change;
    this.#change = null;
    return change;
  }

  cut(snapshot: Snapshot): void {
    this.#cuts.push(snapshot);
  }

  /** The last snapshots for questions that were given up since the last call; they are not shown, but recorded. */
  takeCuts(): readonly Snapshot[] {
    return this.#cuts.splice(0);
  }
}
