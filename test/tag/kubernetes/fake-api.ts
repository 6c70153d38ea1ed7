import type { IncomingMessage, ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import type { ClusterFiles } from "./certificate.ts";
import type { PodJson } from "./pod-json.ts";

/** One request as the server saw it. */
export interface Asked {
  readonly path: string;
  readonly verb: "list" | "watch";
  readonly query: URLSearchParams;
  readonly token: string;
}

interface Change {
  readonly version: number;
  readonly before: PodJson | null;
  readonly after: PodJson | null;
}

interface Watcher {
  readonly selector: string;
  readonly response: ServerResponse;
}

/**
 * The part of an API server, and of a kubelet, that is about reading pods: real HTTPS, tokens, permissions, field
 * selectors, pages with continue tokens, watches with history, bookmarks and compaction.
 */
export class FakeApi {
  readonly asked: Asked[] = [];
  readonly tokens = new Set(["first"]);
  /** What the ServiceAccount may do. */
  may: (asked: Asked) => boolean = () => true;
  /** Answers instead of the API when it returns true. */
  intercept: (asked: Asked, response: ServerResponse) => boolean = () => false;
  /** Pages are never longer, whatever the client wants. */
  maxPage = 500;
  readonly #server: https.Server;
  readonly #pods = new Map<string, PodJson>();
  readonly #watchers = new Set<Watcher>();
  readonly #history: Change[] = [];
  #version = 1_000;
  #compacted = 1_000;

  private constructor({ key, cert }: ClusterFiles) {
    this.#server = https.createServer({ key, cert }, (request, response) => this.#answer(request, response));
  }

  static async open(files: ClusterFiles): Promise<FakeApi> {
    const api = new FakeApi(files);
    await new Promise<void>((resolve) => api.#server.listen(0, "127.0.0.1", resolve));
    return api;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get watching(): number {
    return this.#watchers.size;
  }

  /** Creates a pod, or replaces it. */
  put(pod: PodJson): void {
    this.#change(pod.metadata.uid, pod);
  }

  delete(uid: string): void {
    this.#change(uid, null);
  }

  bookmark(): void {
    this.#version++;
    const metadata = { resourceVersion: String(this.#version), creationTimestamp: null };
    const object = { kind: "Pod", apiVersion: "v1", metadata, spec: { containers: null }, status: {} };
    for (const { response } of this.#watchers) send(response, { type: "BOOKMARK", object });
  }

  /** Forgets what happened, as etcd does after five minutes. */
  compact(): void {
    this.#history.length = 0;
    this.#compacted = ++this.#version;
  }

  /** Tells all watchers that they are too late. */
  expireWatches(): void {
    const object = status(410, "Expired", `too old resource version: 1 (${this.#version})`);
    for (const { response } of this.#watchers) {
      send(response, { type: "ERROR", object });
      response.end();
    }
  }

  /** Writes raw text to all watchers. */
  writeToWatchers(text: string): void {
    for (const { response } of this.#watchers) response.write(text);
  }

  /** Ends all watches: in order, as at their time-out, or by cutting the connection. */
  endWatches(how: "in order" | "cut"): void {
    for (const { response } of this.#watchers) {
      if (how === "in order") response.end();
      else response.destroy();
    }
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #change(uid: string, pod: PodJson | null): void {
    const before = this.#pods.get(uid) ?? null;
    const version = ++this.#version;
    const after = pod === null ? null : withVersion(pod, version);
    if (after === null) this.#pods.delete(uid);
    else this.#pods.set(uid, after);
    const change = { version, before, after };
    this.#history.push(change);
    for (const watcher of this.#watchers) tell(watcher, change);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? "", "https://localhost");
    const asked: Asked = {
      path: url.pathname,
      verb: url.searchParams.has("watch") ? "watch" : "list",
      query: url.searchParams,
      token: (request.headers.authorization ?? "").replace("Bearer ", ""),
    };
    this.asked.push(asked);
    if (this.intercept(asked, response)) return;
    const isKubelet = asked.path === "/pods";
    if (!this.tokens.has(asked.token)) {
      if (isKubelet) refuse(response, 401, "Unauthorized");
      else refuse(response, 401, status(401, "Unauthorized", "Unauthorized"));
    } else if (!this.may(asked)) {
      const user = "system:serviceaccount:monitoring:npmon";
      if (isKubelet)
        refuse(response, 403, `Forbidden (user=${user}, verb=get, resource=nodes, subresource=proxy)`);
      else {
        const what = `pods is forbidden: User "${user}" cannot ${asked.verb} resource "pods" in API group ""`;
        refuse(response, 403, status(403, "Forbidden", `${what} at the cluster scope`));
      }
    } else if (isKubelet) this.#kubelet(response);
    else if (asked.verb === "list") this.#list(asked.query, response);
    else this.#watch(asked.query, response);
  }

  #list(query: URLSearchParams, response: ServerResponse): void {
    const selector = query.get("fieldSelector") ?? "";
    const limit = Math.min(Number(query.get("limit") ?? Number.POSITIVE_INFINITY), this.maxPage);
    const token = query.get("continue");
    const from = token === null ? { version: this.#version, start: "" } : decodeContinue(token);
    if (from === null) {
      refuse(response, 400, status(400, "BadRequest", "invalid continue token"));
      return;
    }
    if (from.version < this.#compacted) {
      refuse(response, 410, status(410, "Expired", "The provided continue parameter is too old"));
      return;
    }
    const matching = [...this.#pods.values()]
      .filter((pod) => matches(pod, selector) && keyOf(pod) > from.start)
      .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
    const items = matching.slice(0, limit);
    const last = items.at(-1);
    const rest = matching.length - items.length;
    const more =
      rest > 0 && last !== undefined
        ? { continue: encodeContinue(from.version, keyOf(last)), remainingItemCount: rest }
        : {};
    const metadata = { resourceVersion: String(from.version), ...more };
    reply(response, { kind: "PodList", apiVersion: "v1", metadata, items });
  }

  #watch(query: URLSearchParams, response: ServerResponse): void {
    const since = Number(query.get("resourceVersion"));
    if (since < this.#compacted) {
      refuse(response, 410, status(410, "Expired", `too old resource version: ${since} (${this.#version})`));
      return;
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    const watcher = { selector: query.get("fieldSelector") ?? "", response };
    for (const change of this.#history) if (change.version > since) tell(watcher, change);
    this.#watchers.add(watcher);
    response.on("close", () => this.#watchers.delete(watcher));
  }

  #kubelet(response: ServerResponse): void {
    const items = [...this.#pods.values()].filter((pod) => matches(pod, "spec.nodeName=web-1"));
    reply(response, { kind: "PodList", apiVersion: "v1", metadata: {}, items });
  }
}

/** A change as a watch with a selector sees it: what comes into it is added, what leaves it deleted. */
function tell({ selector, response }: Watcher, { before, after, version }: Change): void {
  const was = before !== null && matches(before, selector);
  const is = after !== null && matches(after, selector);
  const kind = { kind: "Pod", apiVersion: "v1" };
  if (is) send(response, { type: was ? "MODIFIED" : "ADDED", object: { ...kind, ...after } });
  else if (was) send(response, { type: "DELETED", object: { ...kind, ...withVersion(before, version) } });
}

function matches({ spec, status }: PodJson, selector: string): boolean {
  const fields: Readonly<Record<string, string>> = {
    "spec.nodeName": spec.nodeName ?? "",
    "status.phase": status.phase,
  };
  return selector
    .split(",")
    .filter((term) => term !== "")
    .every((term) => {
      const [, field = "", operator, value = ""] = /^([^!=]+)(!?=)(.*)$/.exec(term) ?? [];
      return (fields[field] === value) === (operator === "=");
    });
}

function keyOf({ metadata }: PodJson): string {
  return `${metadata.namespace}/${metadata.name}`;
}

function withVersion(pod: PodJson, version: number): PodJson {
  return { ...pod, metadata: { ...pod.metadata, resourceVersion: String(version) } };
}

function encodeContinue(version: number, start: string): string {
  return Buffer.from(JSON.stringify({ v: "meta.k8s.io/v1", rv: version, start })).toString("base64url");
}

/** `null` for one that this server never gave. */
function decodeContinue(token: string): { version: number; start: string } | null {
  try {
    const { rv, start } = JSON.parse(Buffer.from(token, "base64url").toString("utf8"));
    return { version: rv, start };
  } catch {
    return null;
  }
}

export function status(code: number, reason: string, message: string): object {
  return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, code };
}

function send(response: ServerResponse, event: object): void {
  response.write(`${JSON.stringify(event)}\n`);
}

export function reply(response: ServerResponse, body: object): void {
  response.writeHead(200, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

export function refuse(response: ServerResponse, code: number, body: object | string): void {
  response.writeHead(code, { "content-type": typeof body === "string" ? "text/plain" : "application/json" });
  response.end(typeof body === "string" ? body : `${JSON.stringify(body)}\n`);
}
