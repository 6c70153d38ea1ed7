import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { after, afterEach, beforeEach, describe, it } from "node:test";
import { openPodDirectory, type PodDirectory } from "../../../src/tag/kubernetes/directory.ts";
import type { ApiEndpoint } from "../../../src/tag/kubernetes/endpoint.ts";
import { makeClusterFiles } from "./certificate.ts";
import { type Asked, FakeApi, refuse, reply, status } from "./fake-api.ts";
import { FAST } from "./fast.ts";
import { type PodWish, podJson } from "./pod-json.ts";
import { until } from "./until.ts";

const files = makeClusterFiles();
const strangers = makeClusterFiles();
after(() => {
  files.remove();
  strangers.remove();
});

const IP = "10.244.1.7";
const pod = (wish: Partial<PodWish> = {}) => podJson({ name: "a", ips: [IP], ...wish });
const list = (items: unknown, metadata: unknown = { resourceVersion: "1000" }) => ({
  kind: "PodList",
  apiVersion: "v1",
  metadata,
  items,
});

function raw(response: ServerResponse, ...texts: string[]): void {
  response.writeHead(200, { "content-type": "application/json" });
  for (const text of texts) response.write(text);
}

/** Writes without end, as fast as it is read. */
function pour(response: ServerResponse, head: string, text: string): void {
  raw(response, head);
  const more = () => {
    while (!response.destroyed && response.write(text));
  };
  response.on("drain", more);
  more();
}

type Answer = (response: ServerResponse, asked: Asked) => void;

const LISTS: readonly [what: string, answer: Answer, line: RegExp, pageMs?: number][] = [
  [
    "an error",
    (r) => refuse(r, 500, status(500, "InternalError", "etcd is away")),
    /busy: 500: etcd is away/,
  ],
  ["a page of HTML", (r) => raw(r, "<html>", "</html>"), /not understood: the answer has no JSON object/],
  [
    "a page of HTML with an error",
    (r) => refuse(r, 502, "<h1>Bad Gateway</h1>"),
    /busy: 502: <h1>Bad Gateway/,
  ],
  ["a redirect", (r) => void r.writeHead(302, { location: "http://127.0.0.1:1/" }).end(), /HTTP status 302/],
  [
    "another path's answer",
    (r) => refuse(r, 404, "404 page not found"),
    /not understood: 404: 404 page not found/,
  ],
  ["a cut connection", (r) => r.destroy(), /unreachable: the connection was cut/],
  [
    "half a list, cut",
    (r) => r.write('{"kind":"PodList","items":[{"meta', () => r.destroy()),
    /unreachable: the conn/,
  ],
  [
    "half a list, ended in order",
    (r) => void r.end('{"kind":"PodList","items":[{"meta'),
    /the answer was cut off/,
  ],
  [
    "half a list, then silence",
    (r) => raw(r, '{"kind":"PodList","items":[{"meta'),
    /fell silent: nothing came/,
  ],
  ["no answer", () => {}, /unreachable: no answer within/],
  ["no list", (r) => reply(r, { kind: "Pod", metadata: {} }), /the answer is no PodList/],
  ["a list without a version", (r) => reply(r, list([], {})), /the list has no resourceVersion/],
  ["a version that is a number", (r) => reply(r, list([], { resourceVersion: 5 })), /no resourceVersion/],
  [
    "a version with a line break",
    (r) => reply(r, list([], { resourceVersion: "5\r\n" })),
    /no resourceVersion/,
  ],
  ["items that are texts", (r) => reply(r, list(["a", "b"])), /something that is no object/],
  ["the same page for ever", (r) => reply(r, list([], { continue: "again" })), /does not say how to go on/],
  ["no way to go on", (r) => reply(r, list([], { continue: { a: 1 } })), /does not say how to go on/],
  [
    "a pod without end",
    (r) => pour(r, '{"items":[{"a":"', "x".repeat(65_536)),
    /an object without end/,
    10_000,
  ],
  [
    "white space without end",
    (r) => pour(r, '{"items":[', " ".repeat(65_536)),
    /nothing but white space/,
    10_000,
  ],
  ["a list without end", (r) => pour(r, '{"items":[{}', ",{}".repeat(20_000)), /the answer took too long/],
  [
    "an error without end",
    (r) => {
      r.writeHead(503);
      const more = () => {
        while (!r.destroyed && r.write("no ".repeat(20_000)));
      };
      r.on("drain", more);
      more();
    },
    /busy: 503: no no no/,
  ],
  [
    "headers without end",
    (r) => void r.writeHead(200, { "x-a": "b".repeat(100_000) }).end("{}"),
    /not understood/,
  ],
  [
    "an error with control characters",
    (r) => refuse(r, 500, status(500, "x", "\u001b[2J\u001b]0;owned\u0007\r\n\u202edrow\u0000")),
    /busy: 500: \?\[2J\?\]0;owned\? \?drow\?$/,
  ],
  ["a status of another type", (r) => refuse(r, 500, { message: { a: 1 }, code: [] }), /busy: 500/],
];

const WATCHES: readonly [what: string, answer: Answer][] = [
  ["half an event, cut", (r) => r.write('{"type":"ADDED","obj', () => r.destroy())],
  ["half an event, ended in order", (r) => void r.end('{"type":"ADDED","obj')],
  ["nothing, ended in order", (r) => void r.writeHead(200).end()],
  ["an event of no known type", (r) => raw(r, '{"type":"EXPLODED","object":{}}\n')],
  ["an event without type", (r) => raw(r, '{"object":{}}\n')],
  ["an event that is no JSON", (r) => raw(r, '{"type":"ADDED",,}\n')],
  ["a page of HTML", (r) => raw(r, "<html></html>")],
  ["an error of an odd form", (r) => raw(r, '{"type":"ERROR","object":{"code":"410"}}\n')],
  ["an error without object", (r) => raw(r, '{"type":"ERROR"}\n')],
  ["an error within", (r) => raw(r, `${JSON.stringify({ type: "ERROR", object: status(500, "x", "y") })}\n`)],
  ["a line without end", (r) => pour(r, '{"type":"ADDED","object":{"a":"', "x".repeat(65_536))],
  ["white space without end", (r) => pour(r, "", "\n".repeat(65_536))],
  ["brackets without end", (r) => pour(r, "", "[".repeat(65_536))],
  ["depth without end", (r) => pour(r, "", '{"a":'.repeat(13_000))],
];

describe("a directory of pods at a server that misbehaves", () => {
  let api: FakeApi;
  let directory: PodDirectory;
  const servers: Server[] = [];
  const sockets: Socket[] = [];

  beforeEach(async () => {
    api = await FakeApi.open(files);
    api.put(pod());
    files.writeToken("first");
  });

  afterEach(async () => {
    directory.close();
    await api.close();
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const server of servers.splice(0)) server.close();
  });

  function open(change: Partial<ApiEndpoint> = {}, timings = {}): void {
    const endpoint = { url: api.url, tokenFile: files.tokenFile, caFile: files.caFile, insecure: false };
    directory = openPodDirectory({
      settings: {
        api: { ...endpoint, ...change },
        kubelet: null,
        nodeName: "web-1",
        scope: "node",
        problem: null,
      },
      timings: { ...FAST, answerMs: 200, idleMs: 200, pageMs: 400, ...timings },
    });
  }

  const isKnown = () => directory.byIp(IP)?.pod === "a";
  const line = () => directory.status().line;

  async function listenRaw(onConnection: (socket: Socket) => void): Promise<string> {
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => {});
      onConnection(socket);
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  for (const [what, answer, expected, pageMs = 400] of LISTS) {
    it(`says so and recovers when a list is ${what}`, async () => {
      api.intercept = (asked, response) => {
        answer(response, asked);
        return true;
      };
      open({}, { pageMs });
      await until(`the word about ${what}`, () => expected.test(line()));
      assert.match(line(), /^[\x20-\x7e]*$/);
      assert.equal(directory.status().state, "failing");
      api.intercept = () => false;
      await until("the recovery", () => isKnown() && directory.status().state === "ok");
    });
  }

  for (const [what, answer] of WATCHES) {
    it(`goes on when a watch is ${what}`, async () => {
      let spoilt = 0;
      api.intercept = (asked, response) => {
        if (asked.verb === "list") return false;
        spoilt++;
        answer(response, asked);
        return true;
      };
      open();
      await until("the third try", () => spoilt >= 3);
      assert.ok(isKnown());
      api.intercept = () => false;
      await until("a good watch", () => api.watching === 1);
      api.put(pod({ name: "b", ips: ["10.244.1.8"] }));
      await until("news", () => directory.byIp("10.244.1.8")?.pod === "b");
      await until("the good word", () => directory.status().state === "ok");
    });
  }

  it("passes over what is no pod and what is too large, and takes the rest", async () => {
    const large = pod({ name: "large", ips: ["10.244.1.9"], labels: { a: "x".repeat(5_000_000) } });
    const odd = [{}, { metadata: 3 }, { metadata: { name: "\u001b", namespace: "a", uid: "1" } }];
    api.intercept = ({ verb }, response) => {
      if (verb === "list") reply(response, list([...odd, large, pod()]));
      return verb === "list";
    };
    open({}, { pageMs: 10_000 });
    await until("the pod", isKnown);
    assert.match(line(), /; 4 objects passed over: no pods, or too large$/);
    await until("the watch", () => api.watching === 1);
    api.writeToWatchers(
      `{"type":"ADDED","object":{"metadata":{"uid":[]}}}\n{"type":"DELETED"}\n{"type":"BOOKMARK"}\n`,
    );
    api.put(pod({ name: "b", ips: ["10.244.1.8"] }));
    await until("news", () => directory.byIp("10.244.1.8")?.pod === "b");
  });

  it("waits as long as a busy server asks", async () => {
    api.intercept = (_, response) => {
      response.writeHead(429, { "retry-after": "1" }).end("Too many requests, please try again later.");
      return true;
    };
    open();
    await until("the word of it", () => line().includes("busy: 429: Too many requests"));
    const asked = api.asked.length;
    assert.equal(asked, 1);
    api.intercept = () => false;
    await until("the recovery", isKnown);
    assert.equal(api.asked.filter(({ verb }) => verb === "list").length, 2);
  });

  it("says that nobody listens, and comes back when somebody does", async () => {
    const url = await listenRaw(() => {});
    servers.pop()?.close();
    open({ url });
    await until("the word of it", () => line().includes("unreachable: connect ECONNREFUSED"));
    assert.match(directory.status().remedy, /NetworkPolicy/);
  });

  it("says that whoever listens never answers", async () => {
    open({ url: await listenRaw(() => {}) });
    await until("the word of it", () => line().includes("unreachable: no answer within 0.2 s"));
  });

  it("says that whoever listens speaks no TLS", async () => {
    open({ url: await listenRaw((socket) => socket.end("SSH-2.0-OpenSSH_9.2\r\n")) });
    await until("the word of it", () => line().includes("not understood: no TLS: "));
  });

  it("does not give its token to a server with a certificate of another CA", async () => {
    open({ caFile: strangers.caFile });
    await until("the word of it", () => line().includes("not trusted: "));
    assert.equal(api.asked.length, 0);
    assert.match(directory.status().remedy, /CA certificate/);
  });

  it("does not give its token to a server of another name", async () => {
    open({ url: api.url.replace("127.0.0.1", "localhost") });
    await until("the word of it", () => line().includes("not trusted: Hostname/IP does not match"));
    assert.equal(api.asked.length, 0);
  });

  it("does not give its token to whoever speaks plain HTTP", async () => {
    let heard = "";
    const url = await listenRaw((socket) => {
      socket.on("data", (bytes) => {
        heard += bytes;
        socket.end("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}");
      });
    });
    open({ url: url.replace("https", "http"), caFile: null });
    await until("the request", () => heard.includes("GET /api/v1/pods"));
    assert.doesNotMatch(heard, /authorization/i);
  });

  it("says which file it needs", async () => {
    open({ tokenFile: "/nonexistent/token" });
    await until("the word of it", () => line().includes("not asked: cannot read /nonexistent/token: ENOENT"));
    assert.match(directory.status().remedy, /automountServiceAccountToken/);
    directory.close();
    open({ caFile: "/nonexistent/ca.crt" });
    await until("the word of it", () =>
      line().includes("not asked: cannot read /nonexistent/ca.crt: ENOENT"),
    );
    assert.equal(api.asked.length, 0);
  });

  it("does not send a token that is none", async () => {
    files.writeToken("first\r\nx-evil: 1");
    open();
    await until("the word of it", () => line().includes("holds no token"));
    writeFileSync(files.tokenFile, "");
    await until("the word of it again", () => line().includes("holds no token"));
    assert.equal(api.asked.length, 0);
    files.writeToken("first");
    await until("the recovery", isKnown);
  });
});
