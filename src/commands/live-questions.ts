import { LABEL_PREFIX } from "../flow/tags.ts";
import type { Monitor } from "../monitor/open.ts";
import type { Change } from "../monitor/ticks.ts";
import type { TagNames } from "../query/tag-names.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import type { Question, QuestionPort, Verdict } from "../view/tui/question.ts";
import type { QuestionFlags } from "./question.ts";
import { createLanguage, judge, resolveQuestion } from "./screen-question.ts";
import type { MonitorWishes } from "./snapshots.ts";

/** Labels offered at most; a container can have hundreds. */
const MAX_LABELS = 100;

/** Takes what the screen asks to the running monitor. */
export class LiveQuestions implements QuestionPort, MonitorWishes {
  readonly checkFilter: QuestionPort["checkFilter"];
  readonly completeFilter: QuestionPort["completeFilter"];
  readonly #flags: QuestionFlags;
  readonly #names: TagNames;
  #asked: Question;
  #change: Change | null = null;
  #monitor: Monitor | null = null;
  readonly #cuts: Snapshot[] = [];

  /**
   * @param names what can be asked
   * @param asked what the monitor is started with
   */
  constructor(flags: QuestionFlags, names: TagNames, asked: Question) {
    this.#flags = flags;
    this.#names = names;
    this.#asked = asked;
    const language = createLanguage(() => names);
    this.checkFilter = language.checkFilter;
    this.completeFilter = language.completeFilter;
  }

  tags(): readonly string[] {
    const labels = this.#monitor?.labels() ?? [];
    return [
      ...this.#names.endpointTags,
      ...labels.slice(0, MAX_LABELS).map(({ name }) => `${LABEL_PREFIX}${name}`),
    ];
  }

  ask(question: Question): Verdict {
    const { groupBy, filter, pins } = this.#asked;
    const isSame = groupBy === question.groupBy && filter === question.filter && pins === question.pins;
    return judge(() => {
      const asked = isSame ? null : resolveQuestion(this.#flags, question, this.#names);
      this.#change = {
        question: asked ?? this.#change?.question ?? null,
        intervalMs: question.intervalMs,
      };
      this.#asked = question;
    });
  }

  watch(monitor: Monitor): void {
    this.#monitor = monitor;
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
