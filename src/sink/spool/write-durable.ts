import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Puts a whole file in its place: after a crash at any instant there is the old one or the new one, and once this
 * resolves the new one, also after a power cut. Mode 0600.
 */
export async function writeDurable(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(path));
}

/** A new name is on the disk when its folder is. Not every file system can be told to do so. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => null);
  await folder?.sync().catch(() => {});
  await folder?.close();
}
