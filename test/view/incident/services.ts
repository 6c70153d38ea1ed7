/** A service calls another one again and again. */
export interface Call {
  readonly host: string;
  readonly port: number;
  readonly everyMs: number;
  /** Bytes that a call sends besides its line, and that it asks for. */
  readonly send: number;
  readonly receive: number;
  /** One connection for all calls; otherwise one for each. */
  readonly keeps: boolean;
}

export interface Service {
  /** Where it answers; `null` where it only calls. */
  readonly port: number | null;
  readonly calls: readonly Call[];
}

/** Which service runs where, in the order in which they are started. */
export interface Shop {
  readonly services: Readonly<Record<string, Service>>;
  /** Services in the network namespace behind the link that gets bad. */
  readonly remote: readonly string[];
}

const PORTS = { nginx: 8080, checkout: 8081, payments: 8082, postgres: 5432, redis: 6379 } as const;

/**
 * A small shop: a browser's load on nginx, nginx on checkout, checkout on payments, its database and its cache, a
 * worker on the cache. Database and payments are behind a link of their own.
 *
 * @param host address of this side of the link
 * @param far address of its other side
 */
export function createShop(host: string, far: string): Shop {
  const call = (
    to: keyof typeof PORTS,
    everyMs: number,
    send: number,
    receive: number,
    keeps = true,
  ): Call => {
    const isFar = to === "postgres" || to === "payments";
    return { host: isFar ? far : "127.0.0.1", port: PORTS[to], everyMs, send, receive, keeps };
  };
  return {
    services: {
      postgres: { port: PORTS.postgres, calls: [] },
      redis: { port: PORTS.redis, calls: [] },
      payments: {
        port: PORTS.payments,
        calls: [{ ...call("redis", 900, 60, 400), host }],
      },
      checkout: {
        port: PORTS.checkout,
        calls: [
          call("postgres", 40, 300, 24_000),
          call("redis", 700, 40, 2_000, false),
          call("payments", 250, 900, 350),
        ],
      },
      nginx: { port: PORTS.nginx, calls: [call("checkout", 50, 700, 9_000)] },
      browser: { port: null, calls: [call("nginx", 60, 500, 14_000)] },
      worker: {
        port: null,
        calls: [call("redis", 400, 1_500, 300, false), call("postgres", 300, 2_000, 500)],
      },
    },
    remote: ["postgres", "payments"],
  };
}
