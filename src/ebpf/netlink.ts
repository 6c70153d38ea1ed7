import { closeSync, fstatSync, readFileSync } from "node:fs";
import { checkInteger } from "./argument.ts";
import { failure } from "./error.ts";
import { Lifetime } from "./lifetime.ts";
import { lastErrno, loadLibrary } from "./native.ts";

// Numbers from <sys/socket.h> and <linux/netlink.h>, the same on x86-64 and arm64.
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0x80000;
const SOL_SOCKET = 1;
const SO_RCVBUF = 8;
const SO_RCVBUFFORCE = 33;
const MSG_TRUNC = 0x20;
const MSG_DONTWAIT = 0x40;
const EINTR = 4;
const EAGAIN = 11;
const EMSGSIZE = 90;
/** `struct sockaddr_nl`: family, padding, port id, groups. All zero but the family is the kernel. */
const ADDRESS_BYTES = 12;

function bind() {
  const libc = loadLibrary(null);
  const socket: (domain: number, type: number, protocol: number) => number = libc.func("socket", "int", [
    "int",
    "int",
    "int",
  ]);
  const bind: (fd: number, address: Uint8Array, length: number) => number = libc.func("bind", "int", [
    "int",
    "void *",
    "uint32_t",
  ]);
  const setsockopt: (fd: number, level: number, name: number, value: Uint8Array, length: number) => number =
    libc.func("setsockopt", "int", ["int", "int", "int", "void *", "uint32_t"]);
  const sendto: (
    fd: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
    to: Uint8Array,
    toLength: number,
  ) => number = libc.func("sendto", "long", ["int", "void *", "size_t", "int", "void *", "uint32_t"]);
  const recv: (fd: number, into: Uint8Array, length: number, flags: number) => number = libc.func(
    "recv",
    "long",
    ["int", "void *", "size_t", "int"],
  );
  return { socket, bind, setsockopt, sendto, recv };
}

let bound: ReturnType<typeof bind> | undefined;
function libc(): ReturnType<typeof bind> {
  bound ??= bind();
  return bound;
}

export interface NetlinkOptions {
  /** `NETLINK_…` number of <linux/netlink.h>. */
  readonly protocol: number;
  /** Multicast groups to listen to, as a bit mask: group 1 is bit 0. Default none. */
  readonly groups?: number;
  /** Wished size of the kernel's receive buffer; without CAP_NET_ADMIN the kernel cuts it to net.core.rmem_max. */
  readonly receiveBytes: number;
}

/** A netlink socket to the kernel that never waits. Closed by `close`, after which every method throws `misuse`. */
export class NetlinkSocket {
  readonly #fd: number;
  readonly #lifetime: Lifetime;

  private constructor(fd: number, protocol: number) {
    this.#fd = fd;
    this.#lifetime = new Lifetime(`netlink socket of protocol ${protocol}`);
  }

  /** Throws `system` with its errno (EPROTONOSUPPORT: the kernel has no such protocol), or `not_permitted`. */
  static open({ protocol, groups = 0, receiveBytes }: NetlinkOptions): NetlinkSocket {
    checkInteger("a netlink protocol", protocol, 0, 31);
    checkInteger("the mask of groups", groups, 0, 0xffff_ffff);
    checkInteger("the size of a receive buffer", receiveBytes, 1, 0x3fff_ffff);
    const fd = libc().socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
    if (fd < 0) throw failure("system", `cannot open a netlink socket of protocol ${protocol}`, -lastErrno());
    const size = new Uint8Array(Uint32Array.of(receiveBytes).buffer);
    if (libc().setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, size, size.byteLength) < 0) {
      libc().setsockopt(fd, SOL_SOCKET, SO_RCVBUF, size, size.byteLength);
    }
    if (libc().bind(fd, address(groups), ADDRESS_BYTES) < 0) {
      const errno = -lastErrno();
      closeSync(fd);
      throw failure("system", `cannot bind a netlink socket of protocol ${protocol}`, errno);
    }
    return new NetlinkSocket(fd, protocol);
  }

  /** Sends one message to the kernel, which works on it before this returns. Throws `system`, `not_permitted`. */
  send(message: Uint8Array): void {
    this.#lifetime.check();
    for (;;) {
      if (libc().sendto(this.#fd, message, message.byteLength, 0, address(0), ADDRESS_BYTES) >= 0) return;
      const errno = lastErrno();
      if (errno !== EINTR) throw failure("system", "cannot send to the kernel over netlink", -errno);
    }
  }

  /**
   * Takes one datagram, which may hold many messages, out of the socket.
   *
   * @returns its bytes, 0 when there is none, or `-errno`: -ENOBUFS when the kernel had to drop some, -EMSGSIZE
   * when `into` is too small for this one, which is gone then
   */
  receive(into: Uint8Array): number {
    this.#lifetime.check();
    for (;;) {
      const length = libc().recv(this.#fd, into, into.byteLength, MSG_DONTWAIT | MSG_TRUNC);
      if (length > into.byteLength) return -EMSGSIZE;
      if (length >= 0) return length;
      const errno = lastErrno();
      if (errno === EAGAIN) return 0;
      if (errno !== EINTR) return -errno;
    }
  }

  /** Datagrams the kernel has dropped since the socket was opened; `null` where /proc does not say. */
  drops(): number | null {
    this.#lifetime.check();
    try {
      return parseDrops(readFileSync("/proc/self/net/netlink", "latin1"), fstatSync(this.#fd).ino);
    } catch {
      return null;
    }
  }

  /** Idempotent. */
  close(): void {
    if (this.#lifetime.end()) closeSync(this.#fd);
  }
}

/** The `Drops` of the socket with this inode in /proc/net/netlink, whose last two columns are drops and inode. */
export function parseDrops(text: string, inode: number): number | null {
  for (const line of text.split("\n")) {
    const match = /\s(\d+)\s+(\d+)\s*$/.exec(line);
    if (match !== null && Number(match[2]) === inode) return Number(match[1]);
  }
  return null;
}

function address(groups: number): Uint8Array {
  const bytes = new Uint8Array(ADDRESS_BYTES);
  new Uint16Array(bytes.buffer, 0, 1)[0] = AF_NETLINK;
  new Uint32Array(bytes.buffer, 8, 1)[0] = groups;
  return bytes;
}
