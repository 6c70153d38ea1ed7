/** Why an engine gave nothing. */
export interface Refusal {
  readonly ok: false;
  /** `absent`: no such socket. `denied`: this user may not use it. `missing`: the engine has no such thing. */
  readonly kind: "absent" | "denied" | "missing" | "failed";
  /** Our own words only: nothing that the engine chose is in it but a number. */
  readonly reason: string;
}

export function refuse(kind: Refusal["kind"], reason: string): Refusal {
  return { ok: false, kind, reason };
}

const BY_CODE: Readonly<Record<string, Refusal>> = {
  ENOENT: refuse("absent", "no such socket"),
  ENOTDIR: refuse("absent", "no such socket"),
  EACCES: refuse("denied", "permission denied"),
  EPERM: refuse("denied", "permission denied"),
  ECONNREFUSED: refuse("failed", "nobody listens"),
  ECONNRESET: refuse("failed", "the connection was cut"),
  EPIPE: refuse("failed", "the connection was cut"),
  ABORT_ERR: refuse("failed", "given up"),
};

/** @param error - of a request that failed */
export function refuseError(error: NodeJS.ErrnoException): Refusal {
  const code = error.code ?? "";
  const known = Object.hasOwn(BY_CODE, code) ? BY_CODE[code] : undefined;
  // HPE: the HTTP parser of Node
  return known ?? refuse("failed", code.startsWith("HPE_") ? "the answer is not HTTP" : code || error.name);
}
