import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Connection } from "../../../src/tag/kubernetes/connection.ts";
import { listPods } from "../../../src/tag/kubernetes/pod-list.ts";
import { FAST } from "./fast.ts";

/** A connection on which every page has a continue token: what `token` gives for it. */
function endless(token: (page: number) => unknown): { connection: Connection; pages: () => number } {
  let pages = 0;
  const connection: Connection = {
    async get(_, __, { onBytes }) {
      const metadata = { resourceVersion: "1", continue: token(pages++) };
      onBytes(Buffer.from(JSON.stringify({ kind: "PodList", metadata, items: [{}] })));
    },
    close: () => {},
  };
  return { connection, pages: () => pages };
}

const listener = { onPod: () => {}, onOversized: () => {} };

describe("listPods", () => {
  const LISTS: readonly [what: string, token: (page: number) => unknown, message: RegExp, pages: number][] = [
    ["always has another page", (page) => `page-${page}`, /the list does not end/, 2_000],
    ["gives the same page again", () => "again", /does not say how to go on/, 2],
    ["has a token of megabytes", () => "x".repeat(5_000), /does not say how to go on/, 1],
    ["has a token that is none", () => 7, /does not say how to go on/, 1],
  ];
  for (const [what, token, message, pages] of LISTS) {
    it(`ends a list that ${what}`, async () => {
      const server = endless(token);
      await assert.rejects(listPods(server.connection, new URLSearchParams(), true, FAST, listener), message);
      assert.equal(server.pages(), pages);
    });
  }
});
