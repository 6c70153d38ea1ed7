import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ProcessFacts } from "../../src/tag/facts.ts";
import { tagService } from "../../src/tag/service.ts";

const ID = "4f3c8a1d2b6e9f700112233445566778899aabbccddeeff00fedcba987654321";
const DAEMON = { comm: "nginx", cgroup: "/system.slice/web-front.service" };

const CASES: readonly [what: string, facts: Partial<ProcessFacts>, service: string | null][] = [
  [
    "DD_SERVICE before all else",
    { ...DAEMON, environ: "A=1\0OTEL_SERVICE_NAME=otel\0DD_SERVICE=dd\0" },
    "dd",
  ],
  [
    "OTEL_SERVICE_NAME before the attributes",
    { environ: "OTEL_RESOURCE_ATTRIBUTES=service.name=a\0OTEL_SERVICE_NAME=o\0" },
    "o",
  ],
  [
    "service.name of the attributes",
    { ...DAEMON, environ: "OTEL_RESOURCE_ATTRIBUTES=env=x, service.name =sh%20op,b=2\0" },
    "sh op",
  ],
  [
    "service.name that is not well encoded, as it is",
    { environ: "OTEL_RESOURCE_ATTRIBUTES=service.name=50%\0" },
    "50%",
  ],
  [
    "the unit when the attributes have no name",
    { ...DAEMON, environ: "OTEL_RESOURCE_ATTRIBUTES=xservice.name=a,service.name\0" },
    "web-front",
  ],
  ["the unit without its suffix", DAEMON, "web-front"],
  ["an instance with its name", { cgroup: "/system.slice/getty@tty1.service" }, "getty@tty1"],
  ["the unit when DD_SERVICE is empty", { ...DAEMON, environ: "DD_SERVICE=\0" }, "web-front"],
  [
    "OTEL_SERVICE_NAME when DD_SERVICE is only spaces",
    { environ: "DD_SERVICE= \t \0OTEL_SERVICE_NAME=o\0" },
    "o",
  ],
  ["the first of two entries, as getenv does", { environ: "DD_SERVICE=one\0DD_SERVICE=two\0" }, "one"],
  ["a value without the spaces around it", { environ: "DD_SERVICE=  shop \0" }, "shop"],
  ["a value with equals signs in it", { environ: "DD_SERVICE=a=b=c\0" }, "a=b=c"],
  [
    "nothing from a variable whose name only ends alike",
    { comm: "x", environ: "MY_DD_SERVICE=no\0DD_SERVICES=no\0" },
    "x",
  ],
  ["nothing from an entry that was cut off", { comm: "x", environ: "A=1\0DD_SERVICE=sho" }, "x"],
  ["the container before the process", { comm: "nginx", cgroup: `/docker/${ID}` }, "4f3c8a1d2b6e"],
  [
    "the unit inside a container before the container",
    { cgroup: `/docker/${ID}/system.slice/db.service` },
    "db",
  ],
  [
    "the process in a login session",
    { comm: "curl", cgroup: "/user.slice/user-1000.slice/session-3.scope" },
    "curl",
  ],
  [
    "the process in a user manager",
    { comm: "curl", cgroup: "/user.slice/user-1000.slice/user@1000.service" },
    "curl",
  ],
  ["the process when there is nothing else", { comm: "curl", cgroup: "/" }, "curl"],
  ["a process named with spaces, as it is", { comm: "   " }, "   "],
  ["nothing for a process without a name", { comm: "" }, null],
  ["nothing when nothing is known", {}, null],
  ["at most 200 characters", { environ: `DD_SERVICE=${"é".repeat(5_000)}\0` }, "é".repeat(200)],
  ["whole characters at the cut", { environ: `DD_SERVICE=${"😀".repeat(5_000)}\0` }, "😀".repeat(200)],
  ["control characters as they are", { environ: "DD_SERVICE=a\u001b[31m\nb\0" }, "a\u001b[31m\nb"],
];

describe("tagService", () => {
  for (const [what, facts, service] of CASES) {
    it(`takes ${what}`, () => {
      assert.equal(
        tagService({
          pid: 1,
          comm: null,
          exe: null,
          uid: null,
          cgroup: null,
          environ: null,
          container: null,
          pod: null,
          ...facts,
        }),
        service,
      );
    });
  }
});
