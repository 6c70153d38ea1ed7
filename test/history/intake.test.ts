import assert from "node:assert/strict";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { after, before, test } from "node:test";
import { NpmonError } from "../../src/error/error.ts";
import type { HistoryQuestion } from "../../src/history/history.ts";
import { createIntakeHistory } from "../../src/history/intake.ts";
import { type ClusterFiles, makeClusterFiles } from "../tag/kubernetes/certificate.ts";
import { createSnapshot } from "../view/fixtures/snapshots.ts";

const SINCE = Date.parse("2026-01-01T00:00:00.000Z");
const QUESTION: HistoryQuestion = {
  sinceMs: SINCE,
  untilMs: SINCE + 3_600_000,
  groupBy: "service",
  filter: "",
};

const WINDOW = createSnapshot({ start: "2026-01-01T00:00:00.000Z", end: "2026-01-01T01:00:00.000Z" });
const ANSWER = {
  windows: [WINDOW],
  hasMore: false,
  hosts: [{ host: "web-1", first: WINDOW.start, last: WINDOW.start, interval_ms: 300_000 }],
};

let reply: RequestListener = () => {};
let files: ClusterFiles;
let plain: Server;
let secure: Server;

before(async () => {
  files = makeClusterFiles();
  plain = createServer((request, response) => reply(request, response));
  secure = createSecureServer(files, (request, response) => reply(request, response)) as unknown as Server;
  for (const server of [plain, secure]) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  }
});
after(() => {
  for (const server of [plain, secure]) {
    server.closeAllConnections();
    server.close();
  }
  files.remove();
});

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

function historyAt(url: string, more: { token?: string; tokenFile?: string; caFile?: string } = {}) {
  const { token = null, tokenFile = null, caFile = null } = more;
  return createIntakeHistory({ url, token, tokenFile, caFile, headers: {} });
}

const send =
  (status: number, type: string, body: string, headers: Record<string, string> = {}): RequestListener =>
  (_, response) => {
    response.writeHead(status, { "content-type": type, ...headers }).end(body);
  };

const signal = new AbortController().signal;
const http = () => `http://127.0.0.1:${portOf(plain)}`;

test("the question, the token and the private authority arrive, and the answer comes back", async () => {
  let seen: { url: string | undefined; token: string | undefined } | null = null;
  reply = (request, response) => {
    seen = { url: request.url, token: request.headers.authorization };
    response.end(JSON.stringify(ANSWER));
  };
  const history = historyAt(`https://127.0.0.1:${portOf(secure)}/behind/`, {
    tokenFile: files.tokenFile,
    caFile: files.caFile,
  });
  const { windows, hosts } = await history.ask({ ...QUESTION, filter: "a:b & c", stepMs: 3_600_000 }, signal);
  assert.deepEqual(windows, [WINDOW]);
  assert.equal(hosts[0]?.host, "web-1");
  assert.deepEqual(seen, {
    url: `/behind/v1/query?since_ms=${SINCE}&until_ms=${SINCE + 3_600_000}&group_by=service&filter=a%3Ab+%26+c&step_ms=3600000`,
    token: "Bearer first",
  });
  assert.equal(history.clockAheadMs, 0);
});

const refusal = (code: string, message: string, remedy = "") =>
  JSON.stringify({ error: { code, message, remedy } });

for (const [what, answer, code, message, remedy] of [
  [
    "no token",
    send(401, "application/json", refusal("unauthorized", "no bearer token was shown")),
    "intake",
    /wants a token: no bearer token/,
    /--token-file/,
  ],
  [
    "a wrong token",
    send(403, "application/json", refusal("forbidden", "the token is none of this intake's")),
    "intake",
    /does not take this token/,
    /the intake's own/,
  ],
  [
    "a web page",
    send(200, "text/html", "<!doctype html><title>Login</title>"),
    "intake",
    /no npmon intake: status 200 with an HTML page/,
    /npmon forward --to/,
  ],
  [
    "a proxy's page",
    send(404, "text/html", "<html>not found"),
    "intake",
    /status 404 with an HTML page/,
    /path only where a proxy/,
  ],
  [
    "a path that is another's",
    send(404, "application/json", refusal("not_found", "x")),
    "intake",
    /no npmon intake: status 404 with other JSON/,
    /URL/,
  ],
  [
    "somewhere else",
    send(302, "text/plain", "", { location: "https://else.example/" }),
    "intake",
    /points to https:\/\/else\.example/,
    /URL/,
  ],
  ["other JSON", send(200, "application/json", "{}"), "intake", /with other JSON/, /URL/],
  [
    "a busy intake",
    send(503, "application/json", refusal("busy", "too much at once"), { "retry-after": "7" }),
    "intake",
    /is busy: too much/,
    /in 7 s/,
  ],
  [
    "a broken intake",
    send(500, "application/json", refusal("internal", "the disk is gone", "Look.")),
    "intake",
    /answered 500: the disk is gone/,
    /Look/,
  ],
  [
    "an unknown tag",
    send(422, "application/json", refusal("usage", "--group-by, column 1: there is no tag", "Tags are …")),
    "usage",
    /^--group-by, column 1/,
    /Tags are/,
  ],
  [
    "windows of another time",
    send(200, "application/json", JSON.stringify({ ...ANSWER, windows: [{ ...WINDOW, start: WINDOW.end }] })),
    "intake",
    /windows are of other times/,
    /same version/,
  ],
  [
    "more windows than asked",
    send(200, "application/json", JSON.stringify({ ...ANSWER, windows: [WINDOW, WINDOW] })),
    "intake",
    /windows that were asked for/,
    /version/,
  ],
  [
    "rows that are none",
    send(
      200,
      "application/json",
      JSON.stringify({ ...ANSWER, windows: [{ ...WINDOW, flows: [{ bytes_sent: -1 }] }] }),
    ),
    "intake",
    /window 1: flows\.0 must have/,
    /version/,
  ],
  [
    "a number too large to be exact",
    send(
      200,
      "application/json",
      JSON.stringify({
        ...ANSWER,
        windows: [{ ...WINDOW, flows: [{ ...WINDOW.flows[0], bytes_sent: 1e300 }] }],
      }),
    ),
    "intake",
    /window 1: flows\.0\.bytes_sent/,
    /version/,
  ],
  [
    "half an answer",
    ((_, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write('{"windows":[', () => response.destroy());
    }) satisfies RequestListener,
    "intake",
    /is not whole/,
    /Ask again/,
  ],
] as const) {
  test(`${what} is told as it is, with what would help`, async () => {
    reply = answer;
    await assert.rejects(
      () => historyAt(http()).ask(QUESTION, signal),
      (error) => {
        assert.ok(error instanceof NpmonError);
        assert.deepEqual(
          [error.code, message.test(error.message), remedy.test(error.remedy)],
          [code, true, true],
          `${error.message} | ${error.remedy}`,
        );
        return true;
      },
    );
  });
}

for (const [what, url, more, message, remedy] of [
  [
    "nobody there",
    () => "http://127.0.0.1:1",
    {},
    /cannot reach the intake http:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/,
    /npmon intake/,
  ],
  ["no such host", () => "http://intake.invalid:8474", {}, /cannot reach .*intake\.invalid/, /--intake URL/],
  [
    "HTTPS where HTTP is spoken",
    () => `https://127.0.0.1:${portOf(plain)}`,
    {},
    /does not speak HTTPS/,
    /--intake http:/,
  ],
  ["HTTP where HTTPS is spoken", () => `http://127.0.0.1:${portOf(secure)}`, {}, /./, /--intake https:/],
  [
    "an authority that nobody knows",
    () => `https://127.0.0.1:${portOf(secure)}`,
    {},
    /certificate of the intake .* is not trusted/,
    /--ca FILE/,
  ],
  [
    "a token file that is not there",
    http,
    { tokenFile: "/nonexistent/token" },
    /cannot ask .*ENOENT/,
    /--token-file/,
  ],
  ["a token of two words", http, { token: "two words" }, /not one word/, /--token-file/],
] as const) {
  test(`${what} is said with what would help`, async () => {
    reply = send(200, "application/json", JSON.stringify(ANSWER));
    await assert.rejects(
      () => historyAt(url(), more).ask(QUESTION, signal),
      (error) => {
        assert.ok(error instanceof NpmonError);
        assert.deepEqual(
          [error.code, message.test(error.message), remedy.test(error.remedy)],
          ["intake", true, true],
          `${error.message} | ${error.remedy}`,
        );
        return true;
      },
    );
  });
}

test("an intake that says nothing is given up, and an answer without end is cut off", async () => {
  const site = { url: http(), token: null, tokenFile: null, caFile: null, headers: {} };
  const ask = (idleMs: number) =>
    createIntakeHistory(site, { idleMs, totalMs: 60_000, maxBytes: 1024 ** 2 }).ask(QUESTION, signal);
  reply = () => {};
  await assert.rejects(() => ask(200), /takes too long: nothing moved for 0\.2 s/);
  reply = (_, response) => {
    const more = () => {
      while (!response.destroyed && response.write("[".repeat(65_536)));
    };
    response.on("drain", more);
    more();
  };
  await assert.rejects(() => ask(60_000), /is not whole: an answer longer than 1 MiB/);
});

test("a clock that is not this one's is noticed", async () => {
  reply = send(200, "application/json", JSON.stringify(ANSWER), {
    date: new Date(Date.now() + 7_200_000).toUTCString(),
  });
  const history = historyAt(http());
  await history.ask(QUESTION, signal);
  assert.equal(Math.round((history.clockAheadMs ?? 0) / 60_000), 120);
});

test("a filter that no address holds is refused before it is sent", async () => {
  await assert.rejects(
    () => historyAt(http()).ask({ ...QUESTION, filter: "x".repeat(20_000) }, signal),
    /--filter is too long/,
  );
});
