// A fake engine in a process of its own, until its stdin ends; prints its socket.
import { openFakeEngine } from "./fake-engine.ts";

const engine = await openFakeEngine();
process.stdout.write(engine.socket);
process.stdin.resume().on("end", () => engine.close());
