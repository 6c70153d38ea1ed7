import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

const DEADLINE_MS = 20_000;
const POLL_MS = 20;

/**
 * containerd and dockerd with everything of theirs in one folder. They get a mount namespace of their own in which
 * /run, /opt and /etc/docker are empty, so that what they mount and leave lying there goes away with them. Both are
 * told to die with the process that started them.
 */
export class DockerDaemon {
  readonly socket: string;
  readonly #folder: string;
  readonly #containerdSocket: string;
  #containerd: ChildProcess | null = null;
  #dockerd: ChildProcess | null = null;

  /** @param folder - empty, with a short path: a socket's path has 107 bytes at most */
  constructor(folder: string) {
    this.#folder = folder;
    this.socket = join(folder, "docker.sock");
    this.#containerdSocket = join(folder, "containerd.sock");
  }

  /** Starts what is not running and resolves when the sockets are there. */
  async start(): Promise<void> {
    if (this.#containerd === null) await this.#startContainerd();
    // live-restore: containers outlive their engine, as on hosts that are updated while they work
    const args = [
      "--live-restore",
      "--storage-driver=vfs",
      "--iptables=false",
      "--ip6tables=false",
      "--ip-forward=false",
      "--bridge=none",
      `--containerd=${this.#containerdSocket}`,
      `--data-root=${join(this.#folder, "data")}`,
      `--exec-root=${join(this.#folder, "exec")}`,
      `--pidfile=${join(this.#folder, "docker.pid")}`,
      `--host=unix://${this.socket}`,
    ];
    const namespace = `--mount=/proc/${this.#containerd?.pid}/ns/mnt`;
    this.#dockerd = this.#spawn("dockerd", ["nsenter", namespace, "--", "dockerd", ...args]);
  }

  /** Ends the engine alone; containers and containerd go on. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    await end(this.#dockerd, signal);
    this.#dockerd = null;
  }

  /** Ends everything that was started here. */
  async close(): Promise<void> {
    await this.stop("SIGTERM");
    await end(this.#containerd, "SIGTERM");
    this.#containerd = null;
    this.killAll();
  }

  get running(): boolean {
    return this.#dockerd !== null;
  }

  /** Without waiting: every process whose command line names the folder, shims included. */
  killAll(): void {
    for (const name of readdirSync("/proc")) {
      const pid = Number(name);
      if (!Number.isInteger(pid) || pid === process.pid) continue;
      try {
        if (!readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`${this.#folder}/`)) continue;
        process.kill(pid, "SIGKILL");
      } catch {} // it ended meanwhile
    }
  }

  async #startContainerd(): Promise<void> {
    const config = join(this.#folder, "containerd.toml");
    writeFileSync(config, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
    const covered = "mount -t tmpfs none /run && mount -t tmpfs none /opt && mount -t tmpfs none /etc/docker";
    const args = [
      `--config=${config}`,
      `--root=${join(this.#folder, "containerd")}`,
      `--state=${join(this.#folder, "containerd-state")}`,
      `--address=${this.#containerdSocket}`,
    ];
    const shell = ["sh", "-c", `${covered} && exec "$@"`, "sh"];
    this.#containerd = this.#spawn("containerd", [
      "unshare",
      "--mount",
      "--",
      ...shell,
      "containerd",
      ...args,
    ]);
    await this.until(() => existsSync(this.#containerdSocket));
  }

  /** Asks until it is so. Rejects with the end of the logs when that takes too long or one of the two has ended. */
  async until(ask: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + DEADLINE_MS;
    while (!(await ask())) {
      const ended = [this.#containerd, this.#dockerd].some((child) => child !== null && hasEnded(child));
      if (ended || Date.now() > deadline)
        throw new Error(`the engine does not do what it should:\n${this.#logs()}`);
      await setTimeout(POLL_MS);
    }
  }

  #spawn(name: string, command: readonly string[]): ChildProcess {
    const log = openSync(join(this.#folder, `${name}.log`), "a");
    try {
      return spawn("setpriv", ["--pdeathsig", "KILL", ...command], { stdio: ["ignore", log, log] });
    } finally {
      closeSync(log);
    }
  }

  #logs(): string {
    const logs = ["containerd.log", "dockerd.log"].map((name) => join(this.#folder, name)).filter(existsSync);
    return logs.map((path) => `${path}:\n${readFileSync(path, "utf8").slice(-2_000)}`).join("\n");
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess | null, signal: NodeJS.Signals): Promise<void> {
  if (child === null || hasEnded(child)) return;
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  const impatient = globalThis.setTimeout(() => child.kill("SIGKILL"), DEADLINE_MS / 2);
  await exited;
  clearTimeout(impatient);
}
