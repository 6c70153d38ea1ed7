import type { Snapshot } from "../../snapshot/snapshot.ts";
import type { Input } from "./input.ts";
import type { Question, Verdict } from "./question.ts";
import type { Played } from "./replay.ts";
import type { Notice, Size } from "./state.ts";

/** Something happened. */
export type TuiAction =
  | { readonly type: "snapshot"; readonly snapshot: Snapshot }
  | { readonly type: "played"; readonly played: Played }
  | Input
  | { readonly type: "resize"; readonly size: Size }
  /** What became of the question that was asked last. */
  | { readonly type: "verdict"; readonly verdict: Verdict }
  | { readonly type: "notice"; readonly notice: Notice }
  | { readonly type: "end" };

/** Something is to be done outside of the state. */
export type Effect =
  | { readonly type: "ask"; readonly question: Question }
  | { readonly type: "play"; readonly command: "pause" | "resume" }
  | { readonly type: "step"; readonly by: 1 | -1 }
  | { readonly type: "speed"; readonly speed: number }
  | { readonly type: "save"; readonly path: string; readonly snapshot: Snapshot }
  | { readonly type: "mouse"; readonly isOn: boolean };
