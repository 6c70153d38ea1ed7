import { BlockList, isIP } from "node:net";
import { NpmonError } from "../error/error.ts";

export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * @param listen - `127.0.0.1:8474`, `[::1]:8474`, `intake.example:8474`
 * @throws NpmonError `usage`
 */
export function parseListen(listen: string): ListenAddress {
  const [, bracketed, plain, digits = ""] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([0-9A-Za-z.-]+)):(\d{1,5})$/.exec(listen) ?? [];
  const host = bracketed ?? plain ?? "";
  const port = Number(digits);
  const isAddress = bracketed === undefined || isIP(bracketed) === 6;
  if (digits !== "" && port <= 65_535 && isAddress) return { host, port };
  throw new NpmonError(
    "usage",
    `--listen: found ${listen}, expected an address and port such as 127.0.0.1:8474 or [::1]:8474`,
  );
}

export function formatListen({ host, port }: ListenAddress): string {
  return isIP(host) === 6 ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether only this host can connect. Of names only `localhost` is believed: any other may lead anywhere. */
export function isLoopback({ host }: ListenAddress): boolean {
  const loopback = new BlockList();
  loopback.addSubnet("127.0.0.0", 8);
  if (isIP(host) === 6) return host === "::1";
  return host.toLowerCase() === "localhost" || (isIP(host) === 4 && loopback.check(host));
}
