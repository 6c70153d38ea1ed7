import { lstatSync } from "node:fs";

/** Where the configuration is looked for, in this order, when nobody says where it is. */
export const CONFIG_FILES = ["/etc/npmon/system-probe.yaml", "/etc/datadog-agent/system-probe.yaml"] as const;

/** The first that exists, be it a link to nowhere; null when none does. */
export function findConfigFile(places: readonly string[] = CONFIG_FILES): string | null {
  return places.find(isThere) ?? null;
}

/** What this user may not look at may well be there. */
function isThere(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EACCES";
  }
}
