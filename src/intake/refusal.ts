/** A request that gets no 200. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly remedy: string;
  readonly retryAfterS: number | null;

  constructor(
    status: number,
    code: string,
    message: string,
    remedy = "",
    retryAfterS: number | null = null,
    cause?: unknown,
  ) {
    super(message, { cause });
    this.status = status;
    this.code = code;
    this.remedy = remedy;
    this.retryAfterS = retryAfterS;
  }
}

/** @param what - of that many bytes at most */
export function tooLarge(maxBytes: number, what = "the body"): Refusal {
  return new Refusal(
    413,
    "too_large",
    `${what} is larger than ${maxBytes} bytes`,
    "Send fewer snapshots at once, or raise npmon.intake.max_request_size.",
  );
}
