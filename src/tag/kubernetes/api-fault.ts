/** Why an answer could not be had. */
export type FaultKind =
  /** No connection, none in time, or one that was cut. */
  | "unreachable"
  /** Nothing more came, though the connection was not cut. */
  | "silent"
  /** The other end's certificate is not what it should be. */
  | "untrusted"
  /** No token or CA certificate to go there with. */
  | "credentials"
  /** 401: the token is not accepted. */
  | "unauthorized"
  /** 403: the token is good, the permission is missing. */
  | "forbidden"
  /** 410: what is asked about is too old. */
  | "gone"
  /** 429 or 5xx: later. */
  | "busy"
  /** Anything else: not the answer of a Kubernetes API. */
  | "nonsense";

/** What goes wrong between npmon and Kubernetes; never leaves `tag/kubernetes` but as a line of status. */
export class ApiFault extends Error {
  override readonly name = "ApiFault";
  readonly kind: FaultKind;
  /** As the server wished; 0 when it did not say. */
  readonly retryAfterMs: number;

  /** @param message - made printable here, so that it may hold what a server said */
  constructor(kind: FaultKind, message: string, retryAfterMs = 0) {
    super(printable(message));
    this.kind = kind;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Any error as a fault. Errors of sockets and certificates have codes; one without is a fault in what was read. */
export function toFault(error: unknown): ApiFault {
  if (error instanceof ApiFault) return error;
  const { code, message, reason }: Partial<TlsError> = error instanceof Error ? error : {};
  const isCut = message === "aborted" || message === "socket hang up";
  const text = isCut ? "the connection was cut" : message || code || String(error);
  if (code === undefined) return new ApiFault("nonsense", text);
  if (/CERT|SIGNATURE|ISSUER|ALTNAME/.test(code)) return new ApiFault("untrusted", text);
  if (/^ERR_SSL|^EPROTO/.test(code)) return new ApiFault("nonsense", `no TLS: ${reason ?? code}`);
  return new ApiFault(code.startsWith("HPE_") ? "nonsense" : "unreachable", text);
}

/** What errors of sockets and of OpenSSL have. */
interface TlsError extends Error {
  readonly code: string;
  readonly reason: string;
}

const MAX_MESSAGE = 240;

function printable(text: string): string {
  return text
    .slice(0, MAX_MESSAGE)
    .replaceAll(/\s+/g, " ")
    .replaceAll(/[^\x20-\x7e]/g, "?")
    .trim();
}
