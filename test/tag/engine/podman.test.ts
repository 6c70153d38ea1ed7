import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { type ContainerDirectory, openContainerDirectory } from "../../../src/tag/engine/directory.ts";
import { until } from "../../commands/deadline.ts";
import { openPodman, type Podman } from "./podman.ts";

const LABELS = { "com.docker.compose.service": "web", note: "a b" };

describe("a real Podman", () => {
  let podman: Podman;
  let directory: ContainerDirectory;
  let early: string;

  before(async () => {
    podman = await openPodman();
    early = await podman.create("before", LABELS);
    directory = openContainerDirectory({ sockets: [podman.socket], onChange: () => {} });
  });
  after(async () => {
    directory?.close();
    await podman?.close();
  });

  it("names a container that was there before, with its labels", async () => {
    const facts = await until("the name", () => directory.get(early));
    assert.deepEqual([facts.name, { ...facts.labels }], ["before", LABELS]);
    assert.match(facts.image ?? "", /./);
  });

  it("says which engine answers", async () => {
    const status = await until("a verdict", () => directory.status().find(({ state }) => state !== "asked"));
    assert.ok(status.state === "reachable");
    assert.equal(status.engine.name, "Podman");
    assert.match(status.engine.version ?? "", /^\d+\.\d+/);
    assert.equal(status.trouble, null);
  });

  it("tells of a new name", async () => {
    await podman.rename("before", "renamed");
    await until("the new name", () => directory.get(early)?.name === "renamed");
  });

  it("tells of a container that is gone before anyone asks", async () => {
    const gone = await podman.create("gone", LABELS);
    await podman.remove("gone");
    const facts = await until("what the events told", () => directory.get(gone));
    assert.deepEqual([facts.name, { ...facts.labels }], ["gone", LABELS]);
    await podman.remove("renamed");
    assert.equal(directory.get(early)?.name, "renamed");
  });
});
