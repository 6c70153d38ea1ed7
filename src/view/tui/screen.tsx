import { Box, renderToString } from "ink";
import type { ReactElement } from "react";
import { createPaint, type Paint } from "../paint.ts";
import { truncateEnd } from "../text.ts";
import { FlowTable } from "./flow-table.tsx";
import { headerHeight, type Size } from "./geometry.ts";
import { Header } from "./header.tsx";
import { Help } from "./help.tsx";
import { KeyLine } from "./key-line.tsx";
import { Line } from "./line.tsx";
import type { TuiState } from "./state.ts";

/** Below this a table tells nothing. */
const SMALLEST: Size = { columns: 12, rows: 5 };

interface ScreenProps {
  readonly state: TuiState;
  readonly paint: Paint;
}

/** The whole screen, as tall and as wide as the terminal. */
export function Screen({ state, paint }: ScreenProps): ReactElement {
  const { columns, rows } = state.size;
  if (columns < SMALLEST.columns || rows < SMALLEST.rows) {
    return <Line text={truncateEnd("too small (q quits)", columns)} width={columns} />;
  }
  return (
    <Box flexDirection="column" width={columns} height={rows}>
      <Header state={state} paint={paint} />
      {state.isHelpOpen ? (
        <Help state={state} paint={paint} height={rows - headerHeight(state) - 1} />
      ) : (
        <FlowTable state={state} paint={paint} />
      )}
      <KeyLine state={state} paint={paint} />
    </Box>
  );
}

/**
 * The lines of the screen, none wider than the terminal, no more than it has.
 *
 * Ink lays out; it does not run. Its own `render` erases and rewrites every line, clears the scrollback of a full
 * screen, prints nothing when `CI` is set, and holds the terminal by itself; all state is in {@link TuiState} anyway.
 * @throws what a component threw
 */
export function renderScreen(state: TuiState, color: boolean): readonly string[] {
  const text = renderToString(<Screen state={state} paint={createPaint(color)} />, {
    columns: state.size.columns,
  });
  return text.split("\n").slice(0, state.size.rows);
}
