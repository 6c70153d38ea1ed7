import { closeSync, openSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { NpmonError } from "../../error/error.ts";

export interface Lock {
  release(): void;
}

const NAME = "lock.sock";

/**
 * Keeps a second process out of the folder. A socket, because the kernel closes it with its process, however that ends,
 * and because it tells processes apart that cannot see each other's pid.
 * @returns `null` where the folder takes no socket, as on a full disk
 * @throws NpmonError `usage` when somebody else holds it
 */
export async function openLock(folder: string): Promise<Lock | null> {
  // a path by descriptor: the names of sockets are 107 bytes at most
  const fd = openSync(folder, "r");
  const path = `/proc/self/fd/${fd}/${NAME}`;
  try {
    let server = await listen(path);
    if (server === "taken" && !(await answers(path))) {
      rmSync(path, { force: true });
      server = await listen(path);
    }
    if (server === "taken") {
      throw new NpmonError(
        "usage",
        `${folder} belongs to another npmon forward that runs`,
        "Stop that one, or give this one a folder of its own with --spool-dir.",
      );
    }
    const held = server;
    if (held === null) return null;
    return {
      release: () => {
        held.close();
        rmSync(`${folder}/${NAME}`, { force: true });
      },
    };
  } finally {
    closeSync(fd);
  }
}

function listen(path: string): Promise<Server | "taken" | null> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.on("error", (error: NodeJS.ErrnoException) =>
      resolve(error.code === "EADDRINUSE" ? "taken" : null),
    );
    server.listen(path, () => resolve(server.unref()));
  });
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.on("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}
