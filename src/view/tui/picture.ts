import { encodeFrame } from "./frame.ts";
import type { Screen } from "./screen.ts";
import type { TuiState } from "./state.ts";
import type { Terminal } from "./terminal.ts";

/** Least time between two frames, ms: a key held down must not cost a core. */
const FRAME_MS = 40;

/** What the terminal shows, kept up with the state at a bounded number of frames a second. */
export interface Picture {
  /** Draws `state` now, or with what comes meanwhile when the last frame was drawn a moment ago or is not taken yet. */
  readonly show: (state: TuiState) => void;
  /** The terminal may show anything: the next frame is drawn whole. */
  readonly forget: () => void;
  readonly stop: () => void;
}

/** Nothing is drawn before the first `show`; errors of `render` go to `onError`. */
export function createPicture(
  terminal: Terminal,
  render: (state: TuiState) => Screen,
  onError: (error: unknown) => void,
): Picture {
  let drawn: Screen | null = null;
  let drawnAt = Number.NEGATIVE_INFINITY;
  let wanted: TuiState | null = null;
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;

  const draw = async (): Promise<void> => {
    // A terminal that does not take its frame gets no other one meanwhile, and the state goes on without it.
    await terminal.whenIdle();
    timer = null;
    if (wanted === null || isStopped) return;
    try {
      const screen = render(wanted);
      terminal.write(encodeFrame(drawn, screen, wanted.size));
      drawn = screen;
    } catch (error) {
      onError(error);
    }
    wanted = null;
    drawnAt = performance.now();
  };

  return {
    show: (state) => {
      wanted = state;
      timer ??= setTimeout(draw, Math.max(0, drawnAt + FRAME_MS - performance.now()));
    },
    forget: () => {
      drawn = null;
    },
    stop: () => {
      isStopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
