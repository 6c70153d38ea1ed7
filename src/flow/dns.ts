/**
 * A DNS answer that a process of this host received over UDP, as the kernel side copied it from that process's
 * memory. It was sent by whoever wanted to: its bytes are to be read with suspicion.
 */
export interface DnsSighting {
  /** Network namespace of the socket that received it, inode number. */
  readonly netns: number;
  /** Thread group id of the process that received it, in the initial pid namespace. */
  readonly pid: number;
  /** From the header on, at most 4,096 bytes; may be cut off, and end with bytes that are none of it. */
  readonly bytes: Buffer;
}
