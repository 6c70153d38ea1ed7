/**
 * Stage `commands`: flags in, data out. Every command has its row here.
 */
import Completion from "./completion.ts";
import Export from "./export.ts";
import Tags from "./tags.ts";
import Top from "./top.ts";

export const COMMANDS = { completion: Completion, export: Export, tags: Tags, top: Top };
