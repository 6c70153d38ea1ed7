import { createServer, type Server } from "node:http";
import { NpmonError } from "../error/error.ts";

export interface Health {
  readonly status: "ok" | "degraded" | "failing";
  /** A line each. */
  readonly reasons: readonly string[];
}

/**
 * Answers `GET /health`: 200 while npmon works, also when it cannot deliver, for a restart would not help then; 503
 * when it counts no more. The caller closes it.
 * @param address - `127.0.0.1:5555`, `[::1]:5555`, `:5555`
 * @throws NpmonError `usage` for what is no address; `output_file` when it cannot listen
 */
export async function openHealth(address: string, look: () => Health): Promise<Server> {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-f:]+)\]|([^:]*)):(\d{1,5})$/i.exec(address) ?? [];
  if (port === undefined || Number(port) > 65535) {
    throw new NpmonError(
      "usage",
      `--health: found ${JSON.stringify(address)}, expected an address and port such as 127.0.0.1:5555`,
    );
  }
  const server = createServer(
    { requestTimeout: 5000, headersTimeout: 5000, maxHeaderSize: 4096 },
    (request, response) => {
      const path = request.url?.split("?")[0];
      const isAsked = path === "/health" && (request.method === "GET" || request.method === "HEAD");
      const health = isAsked ? look() : null;
      const body = health === null ? { error: "there is only GET /health" } : health;
      response.writeHead(health === null ? 404 : health.status === "failing" ? 503 : 200, {
        "content-type": "application/json",
        connection: "close",
      });
      response.end(request.method === "HEAD" ? undefined : `${JSON.stringify(body)}\n`);
    },
  );
  server.maxConnections = 32;
  const host = bracketed ?? (plain === "" ? undefined : plain);
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new NpmonError(
          "output_file",
          `cannot listen on ${address}: ${cause.message}`,
          "Give --health, or npmon.forward.health, an address of this host and a port that is free.",
          cause,
        ),
      ),
    );
    server.listen({ port: Number(port), ...(host !== undefined && { host }) }, resolve);
  });
  server.on("error", () => {});
  return server.unref();
}
