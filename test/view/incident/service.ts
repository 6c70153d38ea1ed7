/**
 * One service of the recorded incident, `service.ts NAME JSON`: answers on a port, calls others, forever. Its traffic is
 * real; the process is called by its name, as a service written in any language would be.
 */
import { createConnection, createServer, type Socket } from "node:net";
import type { Call, Service } from "./services.ts";

const [, , name = "service", json = "{}"] = process.argv;
process.title = name;
const { port, calls }: Service = JSON.parse(json);

/** What is asked for: a line with the number of bytes wanted, then as many as the caller sends besides. */
const LINE_END = 10;

if (port !== null) {
  createServer((socket) => {
    let line = "";
    socket.on("error", () => {});
    socket.on("data", (chunk) => {
      for (let end = chunk.indexOf(LINE_END); end >= 0; end = chunk.indexOf(LINE_END)) {
        const wanted = Number((line + chunk.subarray(0, end).toString()).replace(/\D/g, ""));
        line = "";
        socket.write(Buffer.alloc(wanted, "x"));
        chunk = chunk.subarray(end + 1);
      }
      line = chunk.length < 20 ? line + chunk.toString() : "";
    });
  }).listen(port, "0.0.0.0");
}

/** Callers that keep their connection, by what they call. */
const kept = new Map<Call, Socket>();

function connect(call: Call): Socket {
  const socket = createConnection(call.port, call.host);
  socket.on("error", () => {});
  socket.on("data", () => {});
  return socket;
}

function ask(socket: Socket, call: Call): void {
  socket.write(`${"?".repeat(call.send)}${call.receive}\n`);
}

for (const call of calls) {
  setInterval(() => {
    if (!call.keeps) {
      const socket = connect(call);
      let received = 0;
      socket.on("data", (chunk) => {
        received += chunk.length;
        if (received >= call.receive) socket.end();
      });
      ask(socket, call);
      return;
    }
    const known = kept.get(call);
    const socket = known === undefined || known.destroyed ? connect(call) : known;
    kept.set(call, socket);
    // Whoever is slow to answer is not asked more and more.
    if (socket.writableLength === 0) ask(socket, call);
  }, call.everyMs);
}
