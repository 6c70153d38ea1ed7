import type { Snapshot } from "../../snapshot/snapshot.ts";

/** How much faster than it happened a recording can be played. */
export const SPEEDS: readonly number[] = [0.25, 0.5, 1, 2, 4, 8, 16, 60];

/** What a recording gives. */
export interface Played {
  /** The next one; or, when the question or the place is another, all up to that place. */
  readonly snapshots: readonly Snapshot[];
  /** They replace what was shown. */
  readonly isAnew: boolean;
  /** Place of the last of them in the recording, from 1. */
  readonly position: number;
  /** Snapshots in the recording; `null` while nobody knows. */
  readonly count: number | null;
}

/** Plays a recording at the reader's will. */
export interface ReplayPort {
  readonly pause: () => void;
  readonly resume: () => void;
  /** One snapshot forward or back; pauses. */
  readonly step: (by: 1 | -1) => void;
  /** One of {@link SPEEDS}. */
  readonly setSpeed: (speed: number) => void;
}

/** What the screen knows of the recording that it plays. */
export interface ReplayState {
  readonly isPlaying: boolean;
  readonly speed: number;
  readonly position: number;
  readonly count: number | null;
}
