/** A request that gets no 200. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly remedy: string;
  readonly retryAfterS: number | null;

  constructor(status: number, code: string, message: string, remedy = "", retryAfterS: number | null = null) {
    super(message);
    this.status = status;
    this.code = code;
    this.remedy = remedy;
    this.retryAfterS = retryAfterS;
  }
}
