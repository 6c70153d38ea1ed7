/**
 * Stage `commands`: flags in, data out. Every command has its row here.
 */
import ShowConfig from "./config.ts";
import Disable from "./disable.ts";
import Enable from "./enable.ts";
import Export from "./export.ts";
import Top from "./top.ts";

export const COMMANDS = { config: ShowConfig, disable: Disable, enable: Enable, export: Export, top: Top };
