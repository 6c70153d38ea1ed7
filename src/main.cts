/**
 * What `bin/npmon.js` calls, and with all that it takes the one file that is built. A `require` is evaluated when it is
 * reached, so nothing is loaded here before it is asked for.
 */
module.exports = {
  get run(): typeof import("@oclif/core").run {
    return require("@oclif/core").run;
  },
  get exitWith(): typeof import("./commands/base.ts").exitWith {
    return require("./commands/base.ts").exitWith;
  },
  /** By name, as oclif wants them. */
  COMMANDS: {
    get completion() {
      return require("./commands/completion.ts").default;
    },
    get config() {
      return require("./commands/config.ts").default;
    },
    get disable() {
      return require("./commands/disable.ts").default;
    },
    get enable() {
      return require("./commands/enable.ts").default;
    },
    get export() {
      return require("./commands/export.ts").default;
    },
    get forward() {
      return require("./commands/forward.ts").default;
    },
    get intake() {
      return require("./commands/intake.ts").default;
    },
    get query() {
      return require("./commands/query.ts").default;
    },
    get status() {
      return require("./commands/status.ts").default;
    },
    get tags() {
      return require("./commands/tags.ts").default;
    },
    get top() {
      return require("./commands/top.ts").default;
    },
  },
};
