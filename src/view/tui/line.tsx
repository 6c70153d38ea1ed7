import { Text, Transform } from "ink";
import type { ReactElement } from "react";

interface LineProps {
  /** Safe text of at most `width` cells, escapes for colour allowed. */
  readonly text: string;
  /** Of the screen, in cells. */
  readonly width: number;
}

/**
 * One line of the screen. Ink keeps every text that it ever measured (vadimdemedes/ink#986), which in a view that
 * changes every second for days is all of memory: so it measures blanks, and the text comes in after the layout.
 */
export function Line({ text, width }: LineProps): ReactElement {
  return (
    <Transform transform={() => text}>
      <Text wrap="truncate">{" ".repeat(width)}</Text>
    </Transform>
  );
}
