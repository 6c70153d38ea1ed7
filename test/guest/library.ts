import { spawnSync } from "node:child_process";
import { closeSync, openSync, readSync } from "node:fs";

const ELF_MAGIC = "7f454c46";

/**
 * Paths of the shared libraries, and of the loader, that a file of this machine needs to run. None for what is no
 * program and for what is linked statically.
 */
export function sharedLibraries(path: string): readonly string[] {
  if (!isElf(path)) return [];
  const { status, stdout, stderr, error } = spawnSync("ldd", [path], { encoding: "utf8" });
  if (error !== undefined) throw error;
  if (status !== 0) {
    if (/not a dynamic executable/.test(stdout + stderr)) return [];
    throw new Error(`ldd ${path}: ${stderr}`);
  }
  const missing = /^\s*(\S+) => not found/m.exec(stdout)?.[1];
  if (missing !== undefined) throw new Error(`${path} needs ${missing}, which is not on this machine`);
  return [...stdout.matchAll(/(?:=> |^\s*)(\/\S+) \(0x/gm)].map(([, library = ""]) => library);
}

function isElf(path: string): boolean {
  const fd = openSync(path, "r");
  try {
    const magic = Buffer.alloc(4);
    readSync(fd, magic, 0, 4, 0);
    return magic.toString("hex") === ELF_MAGIC;
  } finally {
    closeSync(fd);
  }
}
