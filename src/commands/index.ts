/**
 * Stage `commands`: flags in, data out. Every command has its row here.
 */
import Completion from "./completion.ts";
import ShowConfig from "./config.ts";
import Disable from "./disable.ts";
import Enable from "./enable.ts";
import Export from "./export.ts";
import Forward from "./forward.ts";
import Intake from "./intake.ts";
import Query from "./query.ts";
import Status from "./status.ts";
import Tags from "./tags.ts";
import Top from "./top.ts";

export const COMMANDS = {
  completion: Completion,
  config: ShowConfig,
  disable: Disable,
  enable: Enable,
  export: Export,
  forward: Forward,
  status: Status,
  intake: Intake,
  query: Query,
  tags: Tags,
  top: Top,
};
