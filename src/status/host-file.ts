import { closeSync, openSync, readlinkSync, readSync } from "node:fs";

/** Null when it is not there or may not be read; of a longer file the beginning. */
export function readHostFile(path: string, maxBytes = 64 * 1024): string | null {
  try {
    const file = openSync(path, "r");
    try {
      const buffer = Buffer.allocUnsafe(maxBytes);
      let length = 0;
      while (length < maxBytes) {
        const got = readSync(file, buffer, length, maxBytes - length, null);
        if (got === 0) break;
        length += got;
      }
      return buffer.toString("utf8", 0, length);
    } finally {
      closeSync(file);
    }
  } catch {
    return null;
  }
}

/** Null when there is none or it may not be read. */
export function readHostLink(path: string): string | null {
  try {
    return readlinkSync(path);
  } catch {
    return null;
  }
}
