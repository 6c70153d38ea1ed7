import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

/** What an intake does with one request instead of its work; null to do its work. */
export type Mischief = (
  request: IncomingMessage,
  response: ServerResponse,
  lines: readonly string[],
  number: number,
) => "done" | "work-and-cut" | null;

export interface Intake {
  readonly url: string;
  /** Lines by id, as they came first. */
  readonly kept: ReadonlyMap<string, string>;
  readonly requests: readonly { readonly headers: IncomingMessage["headers"]; readonly count: number }[];
  duplicates(): number;
  close(): Promise<void>;
}

/** A real server on loopback that keeps what it is sent, by id, and does mischief when told so. */
export async function openIntake(
  mischief: Mischief = () => null,
  tls: { readonly key: string; readonly cert: string } | null = null,
  port = 0,
): Promise<Intake> {
  const kept = new Map<string, string>();
  const requests: { headers: IncomingMessage["headers"]; count: number }[] = [];
  let duplicates = 0;
  const listener: RequestListener = async (request, response) => {
    const parts: Buffer[] = [];
    try {
      for await (const part of request) parts.push(part as Buffer);
    } catch {
      return;
    }
    const lines = gunzipSync(Buffer.concat(parts))
      .toString()
      .split("\n")
      .filter((line) => line !== "");
    requests.push({ headers: request.headers, count: lines.length });
    const done = mischief(request, response, lines, requests.length);
    if (done === "done") return;
    const answer = { accepted: [] as string[], duplicate: [] as string[], rejected: [] as object[] };
    for (const [index, line] of lines.entries()) {
      const { id, bad } = JSON.parse(line) as { id: string; bad?: boolean };
      if (bad) answer.rejected.push({ line: index + 1, id, message: "it is bad" });
      else if (kept.has(id)) {
        duplicates++;
        answer.duplicate.push(id);
      } else {
        kept.set(id, line);
        answer.accepted.push(id);
      }
    }
    const body = JSON.stringify(answer);
    if (done !== "work-and-cut") {
      response.writeHead(200, { "content-type": "application/json" }).end(body);
      return;
    }
    response.writeHead(200, { "content-length": body.length });
    response.write(body.slice(0, body.length / 2), () => request.socket.destroy());
  };
  const server = tls === null ? createServer(listener) : createSecureServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  // a test that failed is not to wait for it
  server.unref();
  const address = server.address() as AddressInfo;
  return {
    url: `${tls === null ? "http" : "https"}://127.0.0.1:${address.port}`,
    kept,
    requests,
    duplicates: () => duplicates,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
