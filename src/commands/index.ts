/**
 * Stage `commands`: flags in, data out. Every command has its row here.
 */
import ShowConfig from "./config.ts";
import Export from "./export.ts";
import Top from "./top.ts";

export const COMMANDS = { config: ShowConfig, export: Export, top: Top };
