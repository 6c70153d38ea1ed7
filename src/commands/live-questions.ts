import type { Pin } from "../aggregate/pins.ts";
import { NpmonError } from "../error/error.ts";
import { ENDPOINT_TAGS } from "../flow/tags.ts";
import { createQuestion, type QuestionOptions } from "../monitor/open.ts";
import type { Change, Wishes } from "../monitor/ticks.ts";
import { parseGroupBy } from "../query/group-by.ts";
import type { Snapshot } from "../snapshot/snapshot.ts";
import {
  FIT,
  type Question,
  type QuestionPort,
  type Pin as ScreenPin,
  type Verdict,
} from "../view/tui/question.ts";

/** Takes what the screen asks to the running monitor. */
export class LiveQuestions implements QuestionPort, Wishes {
  readonly checkFilter = null;
  readonly #options: QuestionOptions;
  #asked: Question;
  #change: Change | null = null;
  readonly #cuts: Snapshot[] = [];

  /**
   * @param options what the flags say, of which the screen changes only a part
   * @param asked what the monitor is started with
   */
  constructor(options: QuestionOptions, asked: Question) {
    this.#options = options;
    this.#asked = asked;
  }

  tags(): readonly string[] {
    return ENDPOINT_TAGS;
  }

  ask(question: Question): Verdict {
    const isSame = this.#asked.groupBy === question.groupBy && this.#asked.pins === question.pins;
    return judge(() => {
      const asked = isSame ? null : createQuestion({ ...this.#options, ...parseQuestion(question) });
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

/** What the screen asks, as the monitor and recordings understand it. @throws NpmonError `usage` */
export function parseQuestion({ groupBy, pins }: Question): Pick<QuestionOptions, "groupBy" | "pins"> {
  return { groupBy: parseGroupBy(groupBy.join(",")), pins: pins.map(parsePin) };
}

function parsePin({ values, isExcluded }: ScreenPin): Pin {
  return {
    isExcluded,
    values: values.flatMap(({ tag, value }) => {
      const refs = parseGroupBy(tag);
      return refs === "flow" ? [] : refs.map((ref) => ({ ref, value }));
    }),
  };
}

/** Does it, and says whether it could be done. Faults of npmon itself are thrown on. */
export function judge(action: () => void): Verdict {
  try {
    action();
    return FIT;
  } catch (error) {
    if (!(error instanceof NpmonError)) throw error;
    return { isFit: false, message: error.message, column: null };
  }
}
