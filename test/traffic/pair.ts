import { type Actor, portOf, type SocketKind } from "./actor.ts";

/** Two connected sockets, `from` of the process that connected, `at` of the one that accepted. */
export interface Pair {
  readonly from: number;
  readonly at: number;
  readonly listener: number;
  /** Of the listener, as the client wrote it. */
  readonly address: string;
}

export interface PairOptions {
  readonly kind?: SocketKind;
  /** Kind of the client's socket, when the address does not say it all. */
  readonly clientKind?: SocketKind;
  /** Address of the listener; default loopback. */
  readonly host?: string;
  /** Where the client connects to when the listener is bound to no address. */
  readonly to?: string;
  /** Options of the listener, which the accepted socket inherits, and of the client's socket. */
  readonly listening?: Readonly<Record<string, number>>;
  readonly connecting?: Readonly<Record<string, number>>;
}

/** Connects one actor to the other. */
export async function connect(server: Actor, client: Actor, options: PairOptions = {}): Promise<Pair> {
  const { kind = "tcp4", listening = {}, connecting = {} } = options;
  const { host = kind === "tcp6" ? "[::1]" : "127.0.0.1" } = options;
  const { fd: listener, address: bound } = await server.serve(kind, host);
  const address = `${options.to ?? host}:${portOf(bound)}`;
  for (const [name, value] of Object.entries(listening)) await server.act("option", listener, name, value);
  const from = await client.open(options.clientKind ?? (address.startsWith("[") ? "tcp6" : "tcp4"));
  for (const [name, value] of Object.entries(connecting)) await client.act("option", from, name, value);
  await client.act("connect", from, address);
  return { from, at: await server.act("accept", listener), listener, address };
}
