import { request } from "node:http";

export interface DockerReply {
  readonly status: number;
  readonly body: string;
}

/** The fixture's own way to talk to its engine, apart from the code under test. */
export class DockerClient {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** Sends a request and gives the whole reply. Rejects when the engine does not answer at all. */
  send(method: string, path: string, body?: object | Buffer): Promise<DockerReply> {
    const [type, bytes] =
      body instanceof Buffer
        ? ["application/x-tar", body]
        : ["application/json", body === undefined ? undefined : Buffer.from(JSON.stringify(body))];
    const headers = bytes === undefined ? {} : { "content-type": type, "content-length": bytes.length };
    return new Promise((resolve, reject) => {
      const sent = request({ socketPath: this.#socketPath, method, path, headers, agent: false });
      sent.on("error", reject);
      sent.on("response", (reply) => {
        let text = "";
        reply.setEncoding("utf8").on("data", (chunk: string) => {
          text += chunk;
        });
        reply.on("error", reject);
        reply.on("end", () => resolve({ status: reply.statusCode ?? 0, body: text }));
      });
      sent.end(bytes);
    });
  }

  /** As {@link send}, and rejects with the engine's words when it refuses. */
  async ask(method: string, path: string, body?: object | Buffer): Promise<string> {
    const reply = await this.send(method, path, body);
    if (reply.status >= 300) throw new Error(`${method} ${path}: ${reply.status} ${reply.body}`);
    return reply.body;
  }

  /** True once the engine answers. */
  async answers(): Promise<boolean> {
    try {
      return (await this.send("GET", "/_ping")).status === 200;
    } catch {
      return false;
    }
  }
}
