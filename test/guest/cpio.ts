import { closeSync, openSync, readSync, writeSync } from "node:fs";

/** What one name in an archive stands for. Paths are absolute; they become relative to the archive's root. */
export type Entry =
  | { readonly kind: "directory" }
  | { readonly kind: "link"; readonly target: string }
  | { readonly kind: "file"; readonly mode: number; readonly mtimeMs: number; readonly content: Content };

/** The bytes of a file: themselves, or the file of this machine that has them. */
export type Content = Buffer | { readonly from: string; readonly bytes: number };

const MODES = { directory: 0o040755, link: 0o120777, file: 0o100000 } as const;
const BLOCK_BYTES = 1 << 20;

/**
 * Writes a "newc" cpio archive, the format of an initramfs (Linux, Documentation/driver-api/early-userspace/
 * buffer-format.rst). Archives may follow each other in one file; a later name replaces an earlier one.
 *
 * @param fd - open for writing; stays open
 * @param entries - directories before what is in them
 */
export function writeArchive(fd: number, entries: Iterable<readonly [path: string, entry: Entry]>): void {
  const block = Buffer.allocUnsafe(BLOCK_BYTES);
  let filled = 0;
  const flush = () => {
    writeAll(fd, block.subarray(0, filled));
    filled = 0;
  };
  const put = (bytes: Buffer) => {
    if (filled + bytes.length > BLOCK_BYTES) flush();
    if (bytes.length > BLOCK_BYTES) return writeAll(fd, bytes);
    filled += bytes.copy(block, filled);
  };
  const pad = (written: number) => put(Buffer.alloc(-written & 3));

  let inode = 0;
  const begin = (name: string, mode: number, mtimeMs: number, bytes: number) => {
    const fields = [
      ++inode,
      mode,
      0,
      0,
      1,
      Math.floor(mtimeMs / 1000),
      bytes,
      0,
      0,
      0,
      0,
      Buffer.byteLength(name) + 1,
      0,
    ];
    const head = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${name}\0`;
    put(Buffer.from(head));
    pad(Buffer.byteLength(head));
  };

  for (const [path, entry] of entries) {
    const name = path.slice(1);
    if (entry.kind === "directory") {
      begin(name, MODES.directory, 0, 0);
    } else if (entry.kind === "link") {
      const target = Buffer.from(entry.target);
      begin(name, MODES.link, 0, target.length);
      put(target);
      pad(target.length);
    } else {
      const { content } = entry;
      const bytes = Buffer.isBuffer(content) ? content.length : content.bytes;
      begin(name, MODES.file | entry.mode, entry.mtimeMs, bytes);
      if (Buffer.isBuffer(content)) put(content);
      else for (const part of contentOf(content.from, bytes)) put(part);
      pad(bytes);
    }
  }
  begin("TRAILER!!!", 0, 0, 0);
  flush();
}

/** The first `bytes` of a file, part by part; each part is overwritten by the next. */
function* contentOf(path: string, bytes: number): Generator<Buffer> {
  const fd = openSync(path, "r");
  try {
    const part = Buffer.allocUnsafe(Math.min(bytes, BLOCK_BYTES));
    for (let left = bytes; left > 0; ) {
      const read = readSync(fd, part, 0, Math.min(left, part.length), null);
      if (read === 0) throw new Error(`${path} became shorter while it was packed`);
      left -= read;
      yield part.subarray(0, read);
    }
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, bytes: Buffer): void {
  for (let written = 0; written < bytes.length; ) written += writeSync(fd, bytes, written);
}
