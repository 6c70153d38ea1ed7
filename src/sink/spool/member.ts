import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";

const compress = promisify(gzip);
const decompress = promisify(gunzip);

/** A snapshot is not larger once it is unpacked, or it was not made here. */
const MAX_LINE_BYTES = 256 * 1024 * 1024;

const NEWLINE = 10;

export function packLine(line: string): Promise<Buffer> {
  return compress(line);
}

/** The line, its end included. @throws when it is not whole */
export function unpackLine(member: Buffer): Promise<Buffer> {
  return decompress(member, { maxOutputLength: MAX_LINE_BYTES });
}

/** Whether a member holds one line, as it was written: a disk can damage what lies there. */
export async function isWhole(member: Buffer): Promise<boolean> {
  try {
    const line = await unpackLine(member);
    // zlib says nothing of what comes after the end
    return line.length === unpackedBytes(member) && line.indexOf(NEWLINE) === line.length - 1;
  } catch {
    return false;
  }
}

/** What the member itself says of its length: its last four bytes. */
export function unpackedBytes(member: Buffer): number {
  return member.length < 4 ? 0 : member.readUInt32LE(member.length - 4);
}
