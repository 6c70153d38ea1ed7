import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { NpmonError } from "../../src/error/error.ts";
import { isLoopback, parseListen } from "../../src/intake/listen.ts";
import { readTls } from "../../src/intake/tls.ts";
import { readTokens } from "../../src/intake/tokens.ts";
import { until } from "../commands/deadline.ts";
import { npmon } from "../commands/npmon.ts";
import { createSnapshot } from "../view/fixtures/snapshots.ts";
import { makeCertificate } from "./certificates.ts";
import { endIntake, startIntake } from "./start-intake.ts";

const root = mkdtempSync(join(tmpdir(), "npmon-intake-start-"));
after(() => rmSync(root, { recursive: true, force: true }));

const write = (name: string, text: string): string => {
  writeFileSync(join(root, name), text);
  return join(root, name);
};

const good = makeCertificate(root, "good");
const other = makeCertificate(root, "other");
const expired = makeCertificate(root, "expired", "20200101000000Z", "20200102000000Z");
const early = makeCertificate(root, "early", "20900101000000Z", "20910102000000Z");
const garbage = write("garbage.pem", "this is no certificate\n");
const hollow = write("hollow.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
const tokens = write("tokens", "secret\nweb-2 of-web-2\n");
const locked = join(root, "locked.pem");
execFileSync("openssl", ["pkey", "-in", good.key, "-aes256", "-passout", "pass:x", "-out", locked]);
const noToken = write("empty", "# nobody\n\n");

const tls = (cert: string, key: string) => (): unknown => readTls(cert, key, Date.now());
const tokensOf = (file: string) => (): unknown => readTokens(null, file);

for (const [what, open, message, remedy] of [
  [
    "a certificate that is not there",
    tls(join(root, "none"), good.key),
    /cannot read .*none: ENOENT/,
    /user/,
  ],
  [
    "a certificate that is none",
    tls(garbage, good.key),
    /garbage\.pem is no certificate in PEM/,
    /It begins/,
  ],
  [
    "a certificate that is hollow",
    tls(hollow, good.key),
    /hollow\.pem is no certificate in PEM/,
    /It begins/,
  ],
  ["a key that is none", tls(good.cert, garbage), /garbage\.pem is no key in PEM/, /no passphrase/],
  ["a key with a passphrase", tls(good.cert, locked), /locked\.pem is no key in PEM/, /no passphrase/],
  ["a key of another", tls(good.cert, other.key), /other\.key\.pem is not the key of .*good\.cert/, /Give/],
  ["a certificate that has expired", tls(expired.cert, expired.key), /expired on Jan {2}2 .*2020/, /renewed/],
  ["a certificate of the future", tls(early.cert, early.key), /only from Jan {2}1 .*2090/, /clock/],
  ["a file without tokens", tokensOf(noToken), /empty has no token/, /A line is TOKEN, or HOST TOKEN/],
  ["a file of other things", tokensOf(write("three", "a b c\n")), /three line 1: more than two/, /A line/],
  ["a token file that is not there", tokensOf(join(root, "none")), /cannot read .*none: ENOENT/, /user/],
  ["an address that is none", () => parseListen("[::g]:0"), /expected an address and port/, /^/],
  ["an address without a port", () => parseListen("127.0.0.1"), /expected an address and port/, /^/],
  ["a port that is none", () => parseListen("127.0.0.1:70000"), /expected an address and port/, /^/],
] as const) {
  test(`${what} is an error that names it and says what would help`, () => {
    assert.throws(open, (error) => {
      assert.ok(error instanceof NpmonError);
      assert.match(error.message, message);
      assert.match(error.remedy, remedy);
      return true;
    });
  });
}

for (const [args, says] of [
  [["--cert-file", good.cert], /--cert-file and --key-file belong together/],
  [
    ["--cert-file", expired.cert, "--key-file", expired.key],
    /expired\.cert\.pem has expired .*\n {2}Senders/,
  ],
  [["--listen", "[::]:0"], /will not listen on \[::\]:0 without a token/],
  [["--listen", "localhost.example:0"], /will not listen on localhost\.example:0 without a token/],
  [
    ["--listen", "203.0.113.7:0", "--token-file", tokens],
    /cannot listen on 203\.0\.113\.7:0: .*\n {2}Give --listen/,
  ],
] as const) {
  test(`\`npmon intake ${args.join(" ").replaceAll(`${root}/`, "")}\` does not start, and says why`, async () => {
    const { status, stdout, stderr } = await npmon(["intake", "--data", join(root, "unused"), ...args]);
    assert.ok(status === 1 || status === 2, String(status));
    assert.equal(stdout, "");
    assert.match(stderr, says);
    assert.doesNotMatch(stderr, /unexpected|fault of npmon/);
  });
}

for (const [listen, loopback] of [
  ["127.0.0.1:1", true],
  ["127.8.9.1:1", true],
  ["[::1]:1", true],
  ["localhost:1", true],
  ["LOCALHOST:1", true],
  ["0.0.0.0:1", false],
  ["[::]:1", false],
  ["[::ffff:10.0.0.1]:1", false],
  ["127.0.0.1.example:1", false],
  ["0:1", false],
] as const) {
  test(`${listen} is ${loopback ? "" : "not "}this host alone`, () =>
    assert.equal(isLoopback(parseListen(listen)), loopback));
}

test("tokens are read anew when their file changes, and a host's token may only send what is its own", async () => {
  const file = write("changing", "first\nweb-2 of-web-2\n");
  const intake = await startIntake(["--data", join(root, "data"), "--token-file", file]);
  const status = async (token: string, path = "/metrics"): Promise<number> =>
    (await fetch(`${intake.url}${path}`, { headers: { authorization: `Bearer ${token}` } })).status;
  try {
    assert.deepEqual([await status("first"), await status("second")], [200, 403]);
    const now = Date.now();
    const question = `/v1/query?since_ms=${now - 1000}&until_ms=${now}`;
    assert.deepEqual([await status("first", question), await status("of-web-2", question)], [200, 403]);
    const response = await fetch(`${intake.url}/v1/snapshots`, {
      method: "POST",
      headers: { authorization: "Bearer of-web-2" },
      body: JSON.stringify(createSnapshot()),
    });
    assert.match(await response.text(), /the token is another host's/);
    writeFileSync(file, "second\n");
    await until("the new tokens", () => intake.said().includes("has changed and is read"));
    assert.deepEqual([await status("first"), await status("second")], [403, 200]);
    writeFileSync(file, "");
    await until("a word on the empty file", () => intake.said().includes("cannot read its tokens"));
    assert.equal(await status("second"), 200);
    assert.match(await (await fetch(`${intake.url}/health`)).text(), /degraded.*cannot read its tokens/);
  } finally {
    assert.equal(await endIntake(intake, "SIGTERM"), 0);
  }
});

test("a certificate is read anew when its files change", async () => {
  const [cert, key] = [
    write("live.cert", readFileSync(good.cert, "utf8")),
    write("live.key", readFileSync(good.key, "utf8")),
  ];
  const intake = await startIntake([
    "--data",
    join(root, "tls-data"),
    "--cert-file",
    cert,
    "--key-file",
    key,
  ]);
  const shown = (): Promise<string> =>
    new Promise((resolve, reject) => {
      const ask = request(`${intake.url}/health`, { rejectUnauthorized: false, agent: false }, (response) => {
        const socket = response.socket as import("node:tls").TLSSocket;
        resolve(String(socket.getPeerCertificate().subject.CN));
        response.resume();
      });
      ask.on("error", reject).end();
    });
  try {
    assert.equal(await shown(), "good");
    writeFileSync(key, readFileSync(other.key));
    writeFileSync(cert, readFileSync(other.cert));
    await until("the new certificate", () => /live\.cert has changed and is read/.test(intake.said()));
    assert.equal(await shown(), "other");
  } finally {
    assert.equal(await endIntake(intake, "SIGTERM"), 0);
  }
});
