import { connect, createServer, type Socket } from "node:net";
import { setTimeout } from "node:timers/promises";

/** What the proxy does to one request. */
export const DEEDS = [
  "pass",
  "delay",
  "repeat",
  "cut-request",
  "cut-response",
  "drop-response",
  "silence",
] as const;
export type Deed = (typeof DEEDS)[number];

export interface Proxy {
  readonly port: number;
  /** How often it did each. */
  readonly done: Readonly<Record<Deed, number>>;
  close(): Promise<void>;
}

const HEAD_END = "\r\n\r\n";
/** How long it keeps a client that it gives no answer, ms. */
const SILENCE_MS = 150;

/**
 * A TCP proxy on loopback that understands just enough of HTTP/1.1 to know where a request and an answer end, and does
 * to each request what `choose` says.
 * @param upstream - port to connect to, asked anew for every request; 0 while nobody listens
 */
export async function openProxy(upstream: () => number, choose: () => Deed): Promise<Proxy> {
  const done = Object.fromEntries(DEEDS.map((deed) => [deed, 0])) as Record<Deed, number>;
  const sockets = new Set<Socket>();
  const track = (socket: Socket): Socket => {
    sockets.add(socket);
    return socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  };
  /** Sends the bytes and gives the whole answer; null when the connection ends before. */
  const exchange = (bytes: Buffer): Promise<Buffer | null> =>
    new Promise((resolve) => {
      let answer: Buffer = Buffer.alloc(0);
      const socket = track(connect(upstream(), "127.0.0.1", () => socket.write(bytes)));
      socket.on("data", (chunk) => {
        answer = Buffer.concat([answer, chunk]);
        const message = firstMessage(answer);
        if (message === null) return;
        resolve(message);
        socket.destroy();
      });
      socket.on("close", () => resolve(null));
    });
  const doTo = async (request: Buffer, client: Socket): Promise<void> => {
    const deed = choose();
    done[deed]++;
    if (deed === "cut-request") {
      const socket = track(
        connect(upstream(), "127.0.0.1", () => {
          socket.write(request.subarray(0, Math.ceil(request.length / 2)), () => socket.destroy());
        }),
      );
      client.destroy();
      return;
    }
    if (deed === "silence") {
      await setTimeout(SILENCE_MS);
      client.destroy();
      return;
    }
    if (deed === "delay") await setTimeout(20 + Math.random() * 80);
    const answers = await Promise.all(
      deed === "repeat" ? [exchange(request), exchange(request), exchange(request)] : [exchange(request)],
    );
    const answer = answers.at(-1) ?? null;
    if (answer === null || deed === "drop-response") client.destroy();
    else if (deed === "cut-response") client.end(answer.subarray(0, Math.floor(answer.length / 2)));
    else client.write(answer);
  };
  const server = createServer((client) => {
    let received: Buffer = Buffer.alloc(0);
    let turn: Promise<void> = Promise.resolve();
    track(client).on("data", (chunk) => {
      received = Buffer.concat([received, chunk]);
      for (let request = firstMessage(received); request !== null; request = firstMessage(received)) {
        received = received.subarray(request.length);
        const whole = request;
        turn = turn.then(() => (client.destroyed ? undefined : doTo(whole, client)));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    done,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** The first request or answer, when all of it is there. */
function firstMessage(bytes: Buffer): Buffer | null {
  const head = bytes.indexOf(HEAD_END);
  if (head < 0) return null;
  const length = /^content-length: *(\d+)/im.exec(bytes.toString("latin1", 0, head))?.[1] ?? "0";
  const end = head + HEAD_END.length + Number(length);
  return bytes.length < end ? null : bytes.subarray(0, end);
}
