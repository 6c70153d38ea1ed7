import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** Two connected sockets of this process, over loopback. `close` ends both and the listener. */
export class Pair {
  readonly client: Socket;
  readonly peer: Socket;
  readonly server: Server;
  readonly clientPort: number;
  readonly serverPort: number;

  private constructor(server: Server, client: Socket, peer: Socket) {
    this.server = server;
    this.client = client;
    this.peer = peer;
    this.clientPort = client.localPort ?? 0;
    this.serverPort = (server.address() as AddressInfo).port;
  }

  static async open(host: string): Promise<Pair> {
    const server = createServer({ allowHalfOpen: true }).listen(0, host);
    await once(server, "listening");
    const accepted = once(server, "connection");
    const client = connect({ port: (server.address() as AddressInfo).port, host, allowHalfOpen: true });
    const [[peer]] = await Promise.all([accepted, once(client, "connect")]);
    return new Pair(server, client, peer);
  }

  /** Sends that many bytes to the other end and waits until they have been read there. */
  async send(from: Socket, bytes: number): Promise<void> {
    const to = from === this.client ? this.peer : this.client;
    let missing = bytes;
    const arrived = new Promise<void>((resolve) => {
      const count = (chunk: Buffer) => {
        missing -= chunk.byteLength;
        if (missing > 0) return;
        to.off("data", count);
        resolve();
      };
      to.on("data", count);
    });
    from.write(Buffer.alloc(bytes));
    await arrived;
  }

  /** The client shuts down first, then the server; both have read the other's FIN when this is done. */
  async finish(): Promise<void> {
    const over = [once(this.client, "close"), once(this.peer, "close")];
    this.peer.once("end", () => this.peer.end());
    this.peer.resume();
    this.client.resume().end();
    await Promise.all(over);
  }

  close(): void {
    this.client.destroy();
    this.peer.destroy();
    this.server.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
