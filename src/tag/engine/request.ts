import { type ClientRequest, type IncomingMessage, request } from "node:http";
import { parseJson } from "./json.ts";
import { LineCutter } from "./lines.ts";
import { type Refusal, refuse, refuseError } from "./refusal.ts";

export type Answer = { readonly ok: true; readonly value: unknown } | Refusal;

export interface RequestLimits {
  /** Until an answer is complete or, of a stream, has begun. */
  readonly timeoutMs: number;
  readonly maxBodyBytes: number;
  readonly maxLineBytes: number;
  /** A stream that brings more in a second is given up. */
  readonly maxStreamBytesPerSecond: number;
}

export interface RequestTarget {
  /** Path of a unix socket. */
  readonly socket: string;
  readonly path: string;
  readonly limits: RequestLimits;
  /** Gives the request up. */
  readonly signal: AbortSignal;
  /** Whether the process stays alive for the answer. */
  readonly holdsProcess: boolean;
}

/**
 * Asks for one JSON value. Resolves within `timeoutMs` whatever the other side does, never rejects, and leaves no
 * socket behind: each request has its own, which is destroyed once the outcome is known.
 */
export function getJson(target: RequestTarget): Promise<Answer> {
  const { maxBodyBytes } = target.limits;
  return exchange<Answer>(target, ({ response, settle }) => {
    const parts: Buffer[] = [];
    let length = 0;
    response.on("data", (bytes: Buffer) => {
      length += bytes.length;
      if (length > maxBodyBytes) settle(refuse("failed", `an answer longer than ${maxBodyBytes} bytes`));
      else parts.push(bytes);
    });
    response.on("end", () => {
      const value = parseJson(Buffer.concat(parts).toString("utf8"));
      settle(value === undefined ? refuse("failed", "the answer is not JSON") : { ok: true, value });
    });
  });
}

/** What goes on in a stream of lines. */
export interface StreamEvents {
  /** It has begun: what happens from now on will be told. */
  readonly onOpen: () => void;
  readonly onLine: (line: string) => void;
  /** Lines were longer than `maxLineBytes`. */
  readonly onSkip: (lines: number) => void;
  /** Monotonic clock. */
  readonly nowMs: () => number;
}

/** Follows a stream of lines. Resolves with why it ended; never rejects, leaves no socket behind. */
export function followLines(target: RequestTarget, events: StreamEvents): Promise<Refusal> {
  const { maxLineBytes, maxStreamBytesPerSecond } = target.limits;
  return exchange<Refusal>(target, ({ response, settle, begun }) => {
    begun();
    let over = false;
    const lines = new LineCutter(maxLineBytes, (line) => {
      if (!target.signal.aborted) events.onLine(line);
    });
    let second = 0;
    let bytesThisSecond = 0;
    response.on("data", (bytes: Buffer) => {
      if (over) return;
      const now = Math.floor(events.nowMs() / 1_000);
      bytesThisSecond = now === second ? bytesThisSecond + bytes.length : bytes.length;
      second = now;
      over = bytesThisSecond > maxStreamBytesPerSecond;
      if (over) return settle(refuse("failed", `more than ${maxStreamBytesPerSecond} bytes in a second`));
      const skippedBefore = lines.skipped;
      lines.add(bytes);
      if (lines.skipped > skippedBefore) events.onSkip(lines.skipped - skippedBefore);
    });
    events.onOpen();
  });
}

interface Exchange<Outcome> {
  /** Status 200. */
  readonly response: IncomingMessage;
  /** The first outcome counts. */
  readonly settle: (outcome: Outcome | Refusal) => void;
  /** There is no deadline from now on. */
  readonly begun: () => void;
}

function exchange<Outcome>(
  { socket: socketPath, path, limits, signal, holdsProcess }: RequestTarget,
  read: (exchange: Exchange<Outcome>) => void,
): Promise<Outcome | Refusal> {
  return new Promise((resolve) => {
    let sent: ClientRequest;
    try {
      // `Host` as Docker's own client has it over a unix socket. No agent: nothing is kept for the next request.
      const headers = { host: "docker", accept: "application/json" };
      sent = request({ socketPath, path, headers, signal, agent: false });
    } catch (error) {
      resolve(refuseError(error as Error)); // a path that no socket can have
      return;
    }
    const settle = (outcome: Outcome | Refusal): void => {
      clearTimeout(deadline);
      sent.destroy();
      resolve(outcome);
    };
    const deadline = setTimeout(() => {
      settle(refuse("failed", `no answer within ${limits.timeoutMs / 1_000} s`));
    }, limits.timeoutMs);
    if (!holdsProcess) {
      deadline.unref();
      sent.on("socket", (socket) => socket.unref());
    }
    sent.on("error", (error) => settle(refuseError(error)));
    sent.on("close", () => settle(refuse("failed", "the connection was cut")));
    sent.on("response", (response) => {
      response.on("error", (error) => settle(refuseError(error)));
      if (response.statusCode === 404) settle(refuse("missing", "answered HTTP 404"));
      else if (response.statusCode !== 200) settle(refuse("failed", `answered HTTP ${response.statusCode}`));
      else read({ response, settle, begun: () => clearTimeout(deadline) });
    });
    sent.end();
  });
}
