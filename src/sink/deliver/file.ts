import { type FileHandle, open } from "node:fs/promises";
import { unpackLine } from "../spool/member.ts";
import { acceptAll, fail, type Send } from "./destination.ts";

/** How every line begins that npmon writes. */
const OURS = '{"schema":"npmon.snapshot/';
const TAIL_BYTES = 64 * 1024;

/** Appends a line for each snapshot; what is there is left alone but for a line of npmon's that a crash cut off. */
export function createFileSend(path: string): Send {
  return async (parcels) => {
    let file: FileHandle | null = null;
    try {
      file = await open(path, "a+", 0o600);
      if (!(await file.stat()).isFile()) return fail(`${path} is no regular file; use - and a pipe`, true);
      const before = await mendEnd(file);
      try {
        for (const { member } of parcels) {
          await file.appendFile(await unpackLine(member));
        }
        await file.datasync();
      } catch (error) {
        // half a line is worse than none
        await file.truncate(before);
        throw error;
      }
      return acceptAll(parcels);
    } catch (error) {
      return fail(error instanceof Error ? error.message : String(error));
    } finally {
      await file?.close();
    }
  };
}

/** Lets the file end with a whole line. @returns its length */
async function mendEnd(file: FileHandle): Promise<number> {
  const { size } = await file.stat();
  if (size === 0) return 0;
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  if (bytesRead === 1 && buffer[0] === 10) return size;
  for (let end = size; end > 0; end -= TAIL_BYTES) {
    const start = Math.max(0, end - TAIL_BYTES);
    const part = Buffer.alloc(end - start);
    await file.read(part, 0, part.length, start);
    const newline = part.lastIndexOf(10);
    if (newline < 0 && start > 0) continue;
    const from = start + newline + 1;
    const begin = Buffer.alloc(OURS.length);
    await file.read(begin, 0, begin.length, from);
    if (!OURS.startsWith(begin.subarray(0, Math.min(begin.length, size - from)).toString())) break;
    await file.truncate(from);
    return from;
  }
  await file.appendFile("\n");
  return size + 1;
}
