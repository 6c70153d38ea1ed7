import { randomBytes, randomInt } from "node:crypto";
import { closeSync, openSync, readdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { NpmonError } from "../../error/error.ts";

export interface Lock {
  release(): void;
}

const NAME = /^lock(-[0-9a-f]{16})?\.sock$/;

/** Two that come at the same instant both step back, and try again after a while that is not the same. */
const TRIES = 5;
const MAX_PAUSE_MS = 100;

/**
 * Keeps a second process out of the folder. A socket, because the kernel closes it with its process, however that ends,
 * and because it tells processes apart that cannot see each other's pid.
 *
 * Whoever comes listens on a socket of its own first and looks for others after that. So of two the later one to listen
 * always sees the other; there is no instant in between in which both could take the folder.
 * @returns `null` where the folder takes no socket, as on a full disk
 * @throws NpmonError `usage` when somebody else holds it
 */
export async function openLock(folder: string): Promise<Lock | null> {
  for (let left = TRIES; left > 0; left--) {
    const own = `lock-${randomBytes(8).toString("hex")}.sock`;
    const server = await listen(folder, own);
    if (server === null) return null;
    const release = (): void => {
      server.close();
      rmSync(join(folder, own), { force: true });
    };
    if (!(await isAnyoneIn(folder, own))) return { release };
    release();
    await setTimeout(randomInt(MAX_PAUSE_MS));
  }
  throw new NpmonError(
    "usage",
    `${folder} belongs to another npmon forward that runs`,
    "Stop that one, or give this one a folder of its own with --spool-dir.",
  );
}

/** Whether a socket other than the own one answers. Those whose process has ended are removed. */
async function isAnyoneIn(folder: string, own: string): Promise<boolean> {
  for (const name of readdirSync(folder)) {
    if (name === own || !NAME.test(name)) continue;
    if (await answers(folder, name)) return true;
    rmSync(join(folder, name), { force: true });
  }
  return false;
}

/** Calls with a path by descriptor: the names of sockets are 107 bytes at most. */
async function withPath<Value>(
  folder: string,
  name: string,
  use: (path: string) => Promise<Value>,
): Promise<Value> {
  const fd = openSync(folder, "r");
  try {
    return await use(`/proc/self/fd/${fd}/${name}`);
  } finally {
    closeSync(fd);
  }
}

function listen(folder: string, name: string): Promise<Server | null> {
  return withPath(
    folder,
    name,
    (path) =>
      new Promise((resolve) => {
        const server = createServer((socket) => socket.destroy());
        server.on("error", () => resolve(null));
        server.listen(path, () => resolve(server.unref()));
      }),
  );
}

function answers(folder: string, name: string): Promise<boolean> {
  return withPath(
    folder,
    name,
    (path) =>
      new Promise((resolve) => {
        const socket = connect(path);
        socket.on("connect", () => {
          socket.destroy();
          resolve(true);
        });
        // anything else, such as a queue that is full, is no sign that nobody is there
        socket.on("error", ({ code }: NodeJS.ErrnoException) =>
          resolve(code !== "ECONNREFUSED" && code !== "ENOENT"),
        );
      }),
  );
}
