// Opens a directory over the sockets named on the command line and comes to its end without closing it.
import { openContainerDirectory } from "../../../src/tag/engine/directory.ts";
import { containerId } from "./fake-engine.ts";

const limits = { timeoutMs: 1_000_000, maxRetryMs: 1_000_000 };
const directory = openContainerDirectory({ sockets: process.argv.slice(2), onChange: () => {}, limits });
directory.get(containerId(1));
// long enough to get into the state that the test is about; if it is not, the test passes for less
setTimeout(() => directory.status(), 200);
