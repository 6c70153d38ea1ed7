import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { DockerClient } from "./docker-client.ts";
import { DockerDaemon } from "./docker-daemon.ts";
import { createImage, IMAGE } from "./image.ts";

export interface RunOptions {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Command line inside the container; the applets are in /bin. */
  readonly args: readonly string[];
  /** `host`: the host's network namespace. `own`: one of its own, with nothing but loopback. */
  readonly network: "host" | "own";
  /** The engine removes it as soon as it ends. */
  readonly autoRemove?: boolean;
}

export interface Container {
  /** 64 hexadecimal digits. */
  readonly id: string;
  /** Of its first process, in the host's pid namespace. */
  readonly pid: number;
}

/** A real Docker engine of the test's own, apart from one the host may have. Needs root. */
export interface Docker {
  /** Path of the API's socket; the same after a restart. */
  readonly socket: string;
  /** Resolves once it runs. */
  run(options: RunOptions): Promise<Container>;
  rename(name: string, newName: string): Promise<void>;
  /** Ends it at once and removes it. */
  remove(name: string): Promise<void>;
  pid(name: string): Promise<number>;
  /** Runs a second process in it and gives the exit code once it has ended. */
  exec(name: string, args: readonly string[]): Promise<number>;
  /** Resolves once the engine knows it no more. */
  removed(name: string): Promise<void>;
  /** Ends the engine in order or, with SIGKILL, in the middle of whatever it does. Containers go on. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts the engine again, stopping it first when it runs. The containers are still its own. */
  restart(): Promise<void>;
  /** Ends and removes every container, the engine, and all that they left on the host. */
  close(): Promise<void>;
}

export async function openDocker(): Promise<Docker> {
  const folder = mkdtempSync(join(tmpdir(), "npmon-docker-"));
  const cgroups = missingCgroups();
  const made = mkdirSync("/etc/docker", { recursive: true });
  const daemon = new DockerDaemon(folder);
  const client = new DockerClient(daemon.socket);
  const running = new Map<string, number>();

  const killAll = () => {
    for (const [id, pid] of running) killContainer(id, pid);
    daemon.killAll();
  };
  process.once("exit", killAll);

  async function start(): Promise<void> {
    await daemon.start();
    await daemon.until(() => client.answers());
  }

  async function pid(name: string): Promise<number> {
    return JSON.parse(await client.ask("GET", `/containers/${name}/json`)).State.Pid;
  }

  async function close(): Promise<void> {
    try {
      if (!daemon.running) await start();
      const all: { Id: string }[] = JSON.parse(await client.ask("GET", "/containers/json?all=1"));
      await Promise.all(all.map(({ Id }) => client.send("DELETE", `/containers/${Id}?force=1`)));
    } finally {
      await daemon.close();
      killAll();
      process.off("exit", killAll);
      rmSync(folder, { recursive: true, force: true });
      for (const path of made === undefined ? cgroups : [...cgroups, made]) removeEmpty(path);
    }
  }

  try {
    await start();
    const [repository, tag] = IMAGE.split(":");
    const path = `/images/create?fromSrc=-&repo=${repository}&tag=${tag}`;
    await client.ask("POST", path, createImage(join(folder, "image")));
  } catch (error) {
    await close().catch(() => {});
    throw error;
  }

  return {
    socket: daemon.socket,
    run: async ({ name, labels = {}, args, network, autoRemove = false }) => {
      const created = await client.ask("POST", `/containers/create?name=${name}`, {
        Image: IMAGE,
        Cmd: args,
        Labels: labels,
        HostConfig: { NetworkMode: network === "host" ? "host" : "none", AutoRemove: autoRemove },
      });
      const { Id: id } = JSON.parse(created);
      await client.ask("POST", `/containers/${id}/start`);
      const first = autoRemove ? 0 : await pid(id);
      running.set(id, first);
      return { id, pid: first };
    },
    rename: async (name, newName) => {
      await client.ask("POST", `/containers/${name}/rename?name=${newName}`);
    },
    remove: async (name) => {
      await client.ask("DELETE", `/containers/${name}?force=1`);
    },
    pid,
    exec: async (name, args) => {
      const { Id: id } = JSON.parse(await client.ask("POST", `/containers/${name}/exec`, { Cmd: args }));
      await client.ask("POST", `/exec/${id}/start`, { Detach: true });
      for (;;) {
        const { ExitCode } = JSON.parse(await client.ask("GET", `/exec/${id}/json`));
        if (ExitCode !== null) return ExitCode;
        await setTimeout(20);
      }
    },
    removed: (name) =>
      daemon.until(async () => (await client.send("GET", `/containers/${name}/json`)).status === 404),
    stop: (signal = "SIGTERM") => daemon.stop(signal),
    restart: async () => {
      await daemon.stop("SIGTERM");
      await start();
    },
    close,
  };
}

/** Where engines put their containers' control groups, in each hierarchy, unless somebody did so already. */
function missingCgroups(): string[] {
  const mount = "/sys/fs/cgroup";
  const hierarchies = existsSync(join(mount, "cgroup.procs"))
    ? [mount]
    : readdirSync(mount).map((name) => join(mount, name));
  return hierarchies.map((path) => join(path, "docker")).filter((path) => !existsSync(path));
}

function removeEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch {} // never made, or another engine's as well
}

/** Ends the first process of a container if it still is that: pids are used again. */
function killContainer(id: string, pid: number): void {
  try {
    if (readFileSync(`/proc/${pid}/cgroup`, "utf8").includes(id)) process.kill(pid, "SIGKILL");
  } catch {} // it ended meanwhile
}
