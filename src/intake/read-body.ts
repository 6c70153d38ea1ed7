import type { IncomingMessage } from "node:http";
import { type Duplex, pipeline, Transform } from "node:stream";
import zlib from "node:zlib";
import { Refusal } from "./refusal.ts";

export interface BodyLimits {
  /** As it comes over the wire. */
  readonly maxBytes: number;
  /** Unpacked. */
  readonly maxUnpackedBytes: number;
}

/**
 * The body unpacked, whole: nothing of a request is kept before all of it is here. Stops at the limit, however much a
 * small body would unpack to.
 * @throws Refusal 413, 415, or 400 for what cannot be unpacked
 */
export async function readBody(request: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > limits.maxBytes) throw tooLarge(limits.maxBytes);
  const encoding = (request.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  const unpacker = unpackerOf(encoding);
  const chunks: Buffer[] = [];
  let bytes = 0;
  const counted = countBytes(limits.maxBytes);
  const stream = pipeline([request, counted, ...(unpacker === null ? [] : [unpacker])] as never, () => {});
  try {
    for await (const chunk of stream as unknown as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > limits.maxUnpackedBytes) throw tooLarge(limits.maxUnpackedBytes, "unpacked ");
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof Refusal) throw error;
    throw new Refusal(
      400,
      "unreadable",
      `the body is not ${encoding}, or is cut off`,
      "Send it again whole.",
    );
  }
  return Buffer.concat(chunks);
}

function unpackerOf(encoding: string): Duplex | null {
  if (encoding === "identity" || encoding === "") return null;
  if (encoding === "gzip") return zlib.createGunzip();
  const { createZstdDecompress } = zlib as unknown as { createZstdDecompress?: () => Duplex };
  if (encoding === "zstd" && createZstdDecompress !== undefined) return createZstdDecompress();
  throw new Refusal(415, "unsupported", "this content-encoding is not known here", "Use gzip or identity.");
}

function countBytes(maxBytes: number): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) done(tooLarge(maxBytes));
      else done(null, chunk);
    },
  });
}

function tooLarge(maxBytes: number, what = ""): Refusal {
  return new Refusal(
    413,
    "too_large",
    `the body is larger than ${maxBytes} ${what}bytes`,
    "Send fewer snapshots at once, or raise npmon.intake.max_request_size.",
  );
}
