import type { ReadOnlyView } from "../../ebpf/index.ts";
import type { DnsSighting } from "../../flow/dns.ts";
import type { Direction } from "../../flow/flow.ts";
import type { ProcessSighting } from "../../flow/process.ts";
import type { FlowIdentity, FlowRecord } from "../probe.ts";
import { AddressTexts } from "./address-texts.ts";
import { DIRECTION, DNS_RECORD, FLOW_RECORD, PROCESS_RECORD, RECORD_FLAG } from "./layout.generated.ts";

const AF_INET = 2;
const IPPROTO_UDP = 17;
const COMM_BYTES = 16;
const DIRECTIONS: Readonly<Record<number, Direction>> = {
  [DIRECTION.none]: "none",
  [DIRECTION.outgoing]: "outgoing",
  [DIRECTION.incoming]: "incoming",
};

/** Reads a 64-bit counter as a number: exact up to 2^53. Two 32-bit reads cost no BigInt. */
function readCounter(view: DataView, offset: number): number {
  return view.getUint32(offset + 4, true) * 2 ** 32 + view.getUint32(offset, true);
}

/** A cursor over `struct flow_record`s in mapped memory; see {@link FlowRecord} for how long its values hold. */
export class FlowRecordCursor implements FlowRecord {
  slot = 0;
  bytesSent = 0;
  bytesReceived = 0;
  packetsSent = 0;
  packetsReceived = 0;
  retransmits = 0;
  rttUs = 0;
  rttVarUs = 0;
  established = false;
  preexisting = false;
  error = 0;
  hasIdentity = false;
  /** The flow has ended and this is its last record. */
  isClosed = false;
  /** The slot's flow has ended and its last record is lost. */
  isVanished = false;
  readonly #texts = new AddressTexts();
  #view: DataView = new DataView(new ArrayBuffer(FLOW_RECORD.size));
  #offset = 0;

  moveTo(view: DataView, offset: number): this {
    const flags = view.getUint16(offset + FLOW_RECORD.flags, true);
    this.#view = view;
    this.#offset = offset;
    this.slot = view.getUint32(offset + FLOW_RECORD.slot, true);
    this.bytesSent = readCounter(view, offset + FLOW_RECORD.bytesSent);
    this.bytesReceived = readCounter(view, offset + FLOW_RECORD.bytesReceived);
    this.packetsSent = view.getUint32(offset + FLOW_RECORD.packetsSent, true);
    this.packetsReceived = view.getUint32(offset + FLOW_RECORD.packetsReceived, true);
    this.retransmits = view.getUint32(offset + FLOW_RECORD.retransmits, true);
    this.rttUs = view.getUint32(offset + FLOW_RECORD.rttUs, true);
    this.rttVarUs = view.getUint32(offset + FLOW_RECORD.rttVarUs, true);
    this.error = view.getUint16(offset + FLOW_RECORD.error, true);
    this.established = (flags & RECORD_FLAG.established) !== 0;
    this.preexisting = (flags & RECORD_FLAG.preexisting) !== 0;
    this.isClosed = (flags & RECORD_FLAG.closed) !== 0;
    this.isVanished = (flags & RECORD_FLAG.vanished) !== 0;
    this.hasIdentity = (flags & RECORD_FLAG.identity) !== 0;
    return this;
  }

  identity(): FlowIdentity {
    const view = this.#view;
    const offset = this.#offset;
    const peerKnown = (view.getUint16(offset + FLOW_RECORD.flags, true) & RECORD_FLAG.noPeer) === 0;
    const localIp = this.#ip(FLOW_RECORD.localAddress);
    return {
      protocol: view.getUint8(offset + FLOW_RECORD.protocol) === IPPROTO_UDP ? "udp" : "tcp",
      family: localIp.includes(":") ? "ipv6" : "ipv4",
      direction: DIRECTIONS[view.getUint8(offset + FLOW_RECORD.direction)] ?? "none",
      localIp,
      localPort: view.getUint16(offset + FLOW_RECORD.localPort, true),
      remoteIp: peerKnown ? this.#ip(FLOW_RECORD.remoteAddress) : null,
      remotePort: peerKnown ? view.getUint16(offset + FLOW_RECORD.remotePort, true) : null,
      netns: view.getUint32(offset + FLOW_RECORD.netns, true),
      pid: view.getUint32(offset + FLOW_RECORD.pid, true),
      startTicks: readCounter(view, offset + FLOW_RECORD.startTicks),
    };
  }

  #ip(field: number): string {
    const isIpv4 = this.#view.getUint8(this.#offset + FLOW_RECORD.family) === AF_INET;
    const at = this.#offset + field;
    return isIpv4 ? this.#texts.ipv4(this.#view, at) : this.#texts.ipv6(this.#view, at);
  }
}

/** Decodes one `struct process_record`. Bytes that are not UTF-8 become U+FFFD. */
export function decodeProcess(view: ReadOnlyView, offset: number): ProcessSighting {
  const comm = view.bytes(offset + PROCESS_RECORD.comm, COMM_BYTES);
  const end = comm.indexOf(0);
  const environLength = view.getUint32(offset + PROCESS_RECORD.environLength, true);
  return {
    pid: view.getUint32(offset + PROCESS_RECORD.pid, true),
    startTicks: readCounter(view, offset + PROCESS_RECORD.startTicks),
    comm: comm.toString("utf8", 0, end < 0 ? COMM_BYTES : end),
    uid: view.getUint32(offset + PROCESS_RECORD.uid, true),
    cgroupId: view.getBigUint64(offset + PROCESS_RECORD.cgroupId, true),
    environ:
      environLength === 0
        ? null
        : view.bytes(offset + PROCESS_RECORD.environ, environLength).toString("utf8"),
  };
}

/** Decodes one `struct dns_record`, of which `length` bytes were filled in. The answer itself stays as it is. */
export function decodeDns(view: ReadOnlyView, offset: number, length: number): DnsSighting {
  return {
    netns: view.getUint32(offset + DNS_RECORD.netns, true),
    pid: view.getUint32(offset + DNS_RECORD.pid, true),
    bytes: view.bytes(offset + DNS_RECORD.bytes, length - DNS_RECORD.bytes),
  };
}
