import { parseYaml } from "./document.ts";
import type { Change } from "./edit-text.ts";
import { valueAt } from "./validate.ts";

const SWITCH = ["system_probe_config", "enabled"];
const LATER_SWITCH = ["network_config", "enabled"];

/** What turns the switch on in this text: under its later name too, where the text has it, for that one wins. */
export function changesToEnable(text: string): readonly Change[] {
  const later = switchIn(text, LATER_SWITCH);
  return [
    { path: SWITCH, value: true },
    ...(later === undefined || later === true ? [] : [{ path: LATER_SWITCH, value: true }]),
  ];
}

/** What turns it off: what says nothing is off already. */
export function changesToDisable(text: string): readonly Change[] {
  return [SWITCH, LATER_SWITCH].flatMap((path) =>
    switchIn(text, path) === true ? [{ path, value: false }] : [],
  );
}

function switchIn(text: string, path: readonly string[]): unknown {
  const file = parseYaml(text, "");
  return "value" in file ? valueAt(file.value, path) : undefined;
}
