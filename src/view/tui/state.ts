import type { Snapshot } from "../../snapshot/snapshot.ts";
import type { Units } from "../format.ts";
import { Ledger } from "../ledger.ts";
import type { Row } from "../row.ts";
import { DEFAULT_SORT } from "../rows.ts";
import type { Effect } from "./action.ts";
import type { Editor } from "./editor.ts";
import type { Measure } from "./measure.ts";
import type { Picker } from "./picker.ts";
import type { Question, QuestionPort } from "./question.ts";
import type { ReplayState } from "./replay.ts";

/** Of the terminal, in cells. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** What has the keyboard. */
export type Mode =
  | { readonly kind: "table" }
  /** `scroll`: first line of it that is shown. */
  | { readonly kind: "help"; readonly scroll: number }
  | { readonly kind: "picker"; readonly picker: Picker }
  | { readonly kind: "prompt"; readonly purpose: "filter" | "save"; readonly editor: Editor };

/** A question that Esc goes back to, and where the reader was in its rows. */
export interface Visited {
  readonly question: Question;
  readonly sort: string;
  readonly followedKey: string | null;
}

/** Something said once, until the next key. */
export interface Notice {
  readonly text: string;
  readonly isTrouble: boolean;
}

/** Everything that the screen depends on. */
export interface TuiState {
  readonly title: string;
  readonly size: Size;
  readonly units: Units;
  readonly measure: Measure;
  /** Column name, `-` before it for descending. */
  readonly sort: string;
  /** At most this many rows; `null` for all. */
  readonly maxRows: number | null;

  /** What was asked last; `null` when nothing can be asked. */
  readonly question: Question | null;
  /** Asked and not answered yet. */
  readonly isWaiting: boolean;
  /** The questions before, the oldest first. */
  readonly visited: readonly Visited[];
  /** Both as they were when a question was last found fit. */
  readonly accepted: Pick<TuiState, "question" | "visited">;
  /** Who can be asked; only its pure parts are used by the state. */
  readonly port: QuestionPort | null;

  /** The newest snapshot; `null` while the first window is being collected. */
  readonly latest: Snapshot | null;
  /** The one on the screen: behind the newest while paused. */
  readonly shown: Snapshot | null;
  /** Totals and past of the newest and, for the screen, those that go with `shown`. */
  readonly ledger: Ledger;
  readonly shownLedger: Ledger;
  /** What is on the screen, in order: `shown`, and for a moment the rows that it has no more. */
  readonly rows: readonly Row[];
  /** Time by the snapshots at which `rows` were last sorted, ms since 1970. */
  readonly sortedAtMs: number;
  /** Rows stay where they are; new ones come at the end. */
  readonly isFrozen: boolean;
  /** Index into `rows`. */
  readonly selected: number;
  /** The row that the reader chose to follow; `null` while the selection stays at the top. */
  readonly followedKey: string | null;
  /** Index of the first row on the screen. */
  readonly scroll: number;
  /** Widest name seen in each column, by column name: columns grow with it and never shrink, so they keep still. */
  readonly nameWidths: ReadonlyMap<string, number>;

  readonly mode: Mode;
  readonly isDetailOpen: boolean;
  readonly isMouseOn: boolean;
  /** Filters typed before, the newest last. */
  readonly filterHistory: readonly string[];
  readonly notice: Notice | null;

  readonly isPaused: boolean;
  /** `null` when the snapshots are live. */
  readonly replay: ReplayState | null;
  /** No more snapshots will come. */
  readonly isEnded: boolean;
  /** The reader asked to leave. */
  readonly isQuitting: boolean;
  /** What is to be done outside after the last action. */
  readonly effects: readonly Effect[];
}

export interface TuiSettings {
  readonly title?: string | undefined;
  readonly size: Size;
  readonly units?: Units | undefined;
  readonly sort?: string | undefined;
  readonly rows?: number | undefined;
  /** What the first snapshots answer; with `port`, without which nothing else can be asked. */
  readonly question?: Question | undefined;
  readonly port?: QuestionPort | undefined;
  readonly isReplay?: boolean | undefined;
}

export function createState(settings: TuiSettings): TuiState {
  const ledger = new Ledger();
  return {
    title: settings.title ?? "npmon",
    size: settings.size,
    units: settings.units ?? "auto",
    measure: "bandwidth",
    sort: settings.sort ?? DEFAULT_SORT,
    maxRows: settings.rows ?? null,
    question: settings.question ?? null,
    isWaiting: false,
    visited: [],
    accepted: { question: settings.question ?? null, visited: [] },
    port: settings.port ?? null,
    latest: null,
    shown: null,
    ledger,
    shownLedger: ledger,
    rows: [],
    sortedAtMs: Number.NEGATIVE_INFINITY,
    isFrozen: false,
    selected: 0,
    followedKey: null,
    scroll: 0,
    nameWidths: new Map(),
    mode: { kind: "table" },
    isDetailOpen: false,
    isMouseOn: true,
    filterHistory: [],
    notice: null,
    isPaused: false,
    replay: settings.isReplay === true ? { isPlaying: true, speed: 1, position: 0, count: null } : null,
    isEnded: false,
    isQuitting: false,
    effects: [],
  };
}
