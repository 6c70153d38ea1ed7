import { unpackLine } from "../spool/member.ts";
import { acceptAll, fail, type Send } from "./destination.ts";

/**
 * Writes a line for each snapshot. `onClosed` is called once when the reader has gone away; what comes after that is
 * dropped, for nobody is there.
 */
export function createStreamSend(stream: NodeJS.WritableStream, onClosed: () => void): Send {
  let closed = false;
  stream.on("error", () => {});
  return async (parcels) => {
    for (const { member } of parcels) {
      if (closed) break;
      const line = await unpackLine(member);
      const error = await new Promise<NodeJS.ErrnoException | null | undefined>((resolve) =>
        stream.write(line, resolve),
      );
      if (error === null || error === undefined) continue;
      if (error.code !== "EPIPE") return fail(`standard output: ${error.message}`);
      closed = true;
      onClosed();
    }
    return acceptAll(parcels);
  };
}
