import { spawn } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { DockerClient } from "./docker-client.ts";
import { createImage } from "./image.ts";

const DEADLINE_MS = 20_000;

/** A real Podman service of the test's own, with containers that are made but not started. Needs root. */
export interface Podman {
  /** Path of the socket on which it speaks Docker's API. */
  readonly socket: string;
  /** Gives the id. */
  create(name: string, labels: Readonly<Record<string, string>>): Promise<string>;
  rename(name: string, newName: string): Promise<void>;
  remove(name: string): Promise<void>;
  close(): Promise<void>;
}

export async function openPodman(): Promise<Podman> {
  const folder = mkdtempSync(join(tmpdir(), "npmon-podman-"));
  const socket = join(folder, "podman.sock");
  const client = new DockerClient(socket);
  const made = mkdirSync("/var/lib/containers", { recursive: true });
  // A mount namespace of its own, in which what Podman leaves in these two places goes away with it.
  const covered = "mount -t tmpfs none /run && mount -t tmpfs none /var/lib/containers";
  const serve = `${covered} && exec podman system service --time=0 unix://${socket}`;
  const log = openSync(join(folder, "podman.log"), "w");
  const engine = spawn("setpriv", ["--pdeathsig", "KILL", "unshare", "--mount", "--", "sh", "-c", serve], {
    stdio: ["ignore", log, log],
    env: { ...process.env, ...configure(folder) },
  });
  closeSync(log);
  const exited = new Promise((resolve) => engine.once("exit", resolve));

  async function close(): Promise<void> {
    engine.kill("SIGKILL");
    await exited;
    rmSync(folder, { recursive: true, force: true });
    if (made !== undefined) rmdirSync(made);
  }

  async function untilItAnswers(): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS;
    while (!(await client.answers())) {
      if (engine.exitCode !== null || Date.now() > deadline) {
        throw new Error(
          `Podman did not start:\n${readFileSync(join(folder, "podman.log"), "utf8").slice(-2_000)}`,
        );
      }
      await setTimeout(20);
    }
  }

  let image: string;
  try {
    await untilItAnswers();
    const imported = await client.ask("POST", "/images/create?fromSrc=-", createImage(join(folder, "image")));
    image = JSON.parse(imported).id;
  } catch (error) {
    await close();
    throw error;
  }

  return {
    socket,
    create: async (name, labels) => {
      const body = { Image: image, Cmd: ["/bin/true"], Labels: labels, HostConfig: { NetworkMode: "host" } };
      return JSON.parse(await client.ask("POST", `/containers/create?name=${name}`, body)).Id;
    },
    rename: async (name, newName) => {
      await client.ask("POST", `/containers/${name}/rename?name=${newName}`);
    },
    remove: async (name) => {
      await client.ask("DELETE", `/containers/${name}?force=1`);
    },
    close,
  };
}

/** Everything in one folder; the environment that says so. */
function configure(folder: string): Record<string, string> {
  const engine = join(folder, "containers.conf");
  const storage = join(folder, "storage.conf");
  writeFileSync(
    engine,
    `[engine]\nevents_logger="file"\ncgroup_manager="cgroupfs"\ntmp_dir="${folder}/tmp"\n`,
  );
  writeFileSync(storage, `[storage]\ndriver="vfs"\nrunroot="${folder}/run"\ngraphroot="${folder}/graph"\n`);
  return { CONTAINERS_CONF: engine, CONTAINERS_STORAGE_CONF: storage };
}
