import assert from "node:assert/strict";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { findSockets } from "../../../src/tag/engine/sockets.ts";

const folder = mkdtempSync(join(tmpdir(), "npmon-sockets-"));
after(() => rmSync(folder, { recursive: true }));

const DOCKER = "/var/run/docker.sock";
const PODMAN = "/run/podman/podman.sock";

describe("findSockets", () => {
  for (const [what, env, uid, expected] of [
    ["Docker's and Podman's usual ones", {}, 0, [DOCKER, PODMAN]],
    ["DOCKER_HOST", { DOCKER_HOST: "unix:///a/d.sock" }, 0, ["/a/d.sock", PODMAN]],
    ["CONTAINER_HOST", { CONTAINER_HOST: "unix:///a/p.sock" }, 0, [DOCKER, "/a/p.sock"]],
    ["one for both", { DOCKER_HOST: "unix:///a", CONTAINER_HOST: "unix:///a" }, 0, ["/a"]],
    ["no other host's engine", { DOCKER_HOST: "tcp://192.0.2.1:2375" }, 0, [DOCKER, PODMAN]],
    [
      "none over ssh",
      { DOCKER_HOST: "ssh://me@there", CONTAINER_HOST: "ssh://me@there" },
      0,
      [DOCKER, PODMAN],
    ],
    ["no path without a beginning", { DOCKER_HOST: "unix://a.sock" }, 0, [DOCKER, PODMAN]],
    ["nothing for nothing", { DOCKER_HOST: "", CONTAINER_HOST: "unix://" }, 0, [DOCKER, PODMAN]],
    [
      "a user's own",
      { XDG_RUNTIME_DIR: "/run/user/7" },
      7,
      [DOCKER, PODMAN, "/run/user/7/docker.sock", "/run/user/7/podman/podman.sock"],
    ],
    ["not a user's own for root", { XDG_RUNTIME_DIR: "/run/user/7" }, 0, [DOCKER, PODMAN]],
  ] as const) {
    it(`gives ${what}`, () => {
      assert.deepEqual(findSockets(env, uid), expected);
    });
  }

  it("gives an engine once where one path leads to the other", () => {
    const podman = join(folder, "podman.sock");
    const docker = join(folder, "docker.sock");
    writeFileSync(podman, "");
    symlinkSync(podman, docker);
    const env = { DOCKER_HOST: `unix://${docker}`, CONTAINER_HOST: `unix://${podman}` };
    assert.deepEqual(findSockets(env, 0), [docker]);
  });
});
