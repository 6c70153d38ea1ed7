// Gives up its privileges and asks the sockets named on the command line; prints the answers.
import { askEngines } from "../../../src/tag/engine/ask-engines.ts";

process.setgroups?.([]);
process.setgid?.(65_534);
process.setuid?.(65_534);
process.stdout.write(JSON.stringify(await askEngines({ sockets: process.argv.slice(2) })));
