import { formatBandwidth } from "../format.ts";
import { barRows, highest, mean } from "../graph.ts";
import type { Paint } from "../paint.ts";
import { KEPT_TICKS } from "../samples.ts";
import { fitText } from "../text.ts";
import type { TuiState } from "./state.ts";

/** Cells between the two halves. */
const GAP = 2;
/** A bandwidth is no wider. */
const VALUE_WIDTH = 10;
/** Left of tall bars: a word and a bandwidth. */
const LEGEND_WIDTH = 9 + VALUE_WIDTH + 2;

/** The recent past of all rows together, what is sent on the left and what is received on the right, in `height` lines. */
export function overallLines(state: TuiState, height: number, paint: Paint): readonly string[] {
  if (height === 0) return [];
  const width = Math.floor((state.size.columns - GAP - 2) / 2);
  if (width < 20) return Array.from({ length: height }, () => "");
  const sent = halfLines(state, "sent", width, height, paint.sent);
  const received = halfLines(state, "received", width, height, paint.received);
  return sent.map((line, index) => ` ${line}${" ".repeat(GAP)}${received[index] ?? ""}`);
}

function halfLines(
  { shownLedger, units, shown }: TuiState,
  field: "sent" | "received",
  width: number,
  height: number,
  paint: (text: string) => string,
): readonly string[] {
  const values = shown === null ? [] : shownLedger.overall(field, KEPT_TICKS);
  const bandwidth = (value: number | undefined): string =>
    value === undefined || Number.isNaN(value) ? "" : formatBandwidth(value, units);
  if (height === 1) {
    const room = width - field.length - VALUE_WIDTH - 2;
    const bars = barRows(values, room, 1)[0] ?? "";
    return [`${field} ${paint(bars)} ${fitText(bandwidth(values.at(-1)), VALUE_WIDTH, "right")}`];
  }
  const shownValues = values.slice(-(width - LEGEND_WIDTH));
  const legend = [
    [field, values.at(-1)],
    ["peak", highest(shownValues)],
    ["mean", mean(shownValues)],
  ] as const;
  return barRows(shownValues, width - LEGEND_WIDTH, height).map((bars, index) => {
    const [word, value] = legend[index] ?? ["", undefined];
    const text = values.length === 0 ? "" : bandwidth(value);
    return `${fitText(word, 9, "left")}${fitText(text, VALUE_WIDTH, "right")}  ${paint(bars)}`;
  });
}
