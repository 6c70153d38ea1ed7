import { NameReader } from "./dns-name.ts";
import { parseDomain, parseReverseName } from "./domain-name.ts";
import { formatIp, isNameless } from "./ip-text.ts";

/** What one answer says of one address. */
export interface NamedIp {
  /** As flows write it. */
  readonly ip: string;
  /** As {@link parseDomain} gives it. */
  readonly name: string;
  /** How long the answer says that it holds, seconds; 0..2^31-1. */
  readonly ttlS: number;
  /** Somebody asked for the name of the address, which says less than that somebody asked for the address of a name. */
  readonly fromPointer: boolean;
}

const HEADER_BYTES = 12;
const RECORD_BYTES = 10;
/** No answer that fits what the kernel side copies has more. */
const MOST_RECORDS = 256;
/** Hints are shorter than records, so there could be more. */
const MOST_ADDRESSES = 256;
const IN = 1;
const TYPE = { a: 1, cname: 5, ptr: 12, aaaa: 28, svcb: 64, https: 65 } as const;
const HINT = { ipv4: 4, ipv6: 6 } as const;

interface DnsRecord {
  readonly owner: string;
  readonly type: number;
  readonly ttlS: number;
  /** Of what the record holds. */
  readonly start: number;
  readonly end: number;
}

/**
 * What a DNS message says of addresses: for each address in it the name that was asked for, whatever aliases lie
 * between. Empty for what is no answer without an error to one question, or names nothing that can be shown. Takes
 * hostile bytes: never throws, takes time in proportion to their number, and of a message that is cut off or lies
 * about its lengths gives what came before. Records are walked here and not by dns-packet, which believes a record's
 * length and after some lies begins the message anew; names are its own.
 */
export function decodeAnswer(message: Buffer): readonly NamedIp[] {
  if (message.length < HEADER_BYTES || !isAnswer(message)) return [];
  const names = new NameReader(message);
  const question = names.read(HEADER_BYTES);
  if (question === null || question.end + 4 > message.length) return [];
  if (message.readUInt16BE(question.end + 2) !== IN) return [];
  const records = readRecords(message, question.end + 4, names);
  const owners = ownersOf(question.name, records, names);
  const answers = records.filter(({ owner }) => owners.has(owner));
  const type = message.readUInt16BE(question.end);
  return type === TYPE.ptr
    ? namedByPointer(question.name, answers, names)
    : namedByQuestion(message, question.name, type, answers);
}

/** A response to a standard query, without an error, with one question. */
function isAnswer(message: Buffer): boolean {
  const flags = message.readUInt16BE(2);
  return (flags & 0xf800) === 0x8000 && (flags & 0x000f) === 0 && message.readUInt16BE(4) === 1;
}

function readRecords(message: Buffer, start: number, names: NameReader): readonly DnsRecord[] {
  const records: DnsRecord[] = [];
  const count = Math.min(message.readUInt16BE(6), MOST_RECORDS);
  for (let at = start; records.length < count; ) {
    const owner = names.read(at);
    if (owner === null || owner.end + RECORD_BYTES > message.length) break;
    const fixed = owner.end;
    const dataStart = fixed + RECORD_BYTES;
    const end = dataStart + message.readUInt16BE(fixed + 8);
    if (end > message.length) break;
    const inClass = message.readUInt16BE(fixed + 2) === IN;
    // RFC 2181: one with the highest bit set is none.
    const ttlS = message.readInt32BE(fixed + 4);
    records.push({
      owner: owner.name,
      type: inClass ? message.readUInt16BE(fixed) : 0,
      ttlS: Math.max(0, ttlS),
      start: dataStart,
      end,
    });
    at = end;
  }
  return records;
}

/** The name that was asked for and those that it is an alias of. Servers list aliases in order, but need not. */
function ownersOf(asked: string, records: readonly DnsRecord[], names: NameReader): ReadonlySet<string> {
  const targets = new Map<string, string>();
  for (const { owner, type, start } of records) {
    const target = type === TYPE.cname ? names.read(start) : null;
    if (target !== null) targets.set(owner, target.name);
  }
  const owners = new Set<string>();
  for (
    let name: string | undefined = asked;
    name !== undefined && !owners.has(name);
    name = targets.get(name)
  ) {
    owners.add(name);
  }
  return owners;
}

function namedByPointer(asked: string, records: readonly DnsRecord[], names: NameReader): readonly NamedIp[] {
  const bytes = parseReverseName(asked);
  if (bytes === null || isNameless(bytes)) return [];
  const ip = formatIp(bytes);
  for (const { type, ttlS, start } of records) {
    const target = type === TYPE.ptr ? names.read(start) : null;
    const name = target === null ? null : parseDomain(target.name);
    if (name !== null) return [{ ip, name, ttlS, fromPointer: true }];
  }
  return [];
}

function namedByQuestion(
  message: Buffer,
  asked: string,
  type: number,
  records: readonly DnsRecord[],
): readonly NamedIp[] {
  const name = parseDomain(type === TYPE.https || type === TYPE.svcb ? withoutService(asked) : asked);
  if (name === null) return [];
  return records
    .flatMap((record) =>
      addressesOf(message, record).map((ip) => ({ ip, name, ttlS: record.ttlS, fromPointer: false })),
    )
    .slice(0, MOST_ADDRESSES);
}

/** `_8443._https.api.example` is how the service at api.example is asked for. */
function withoutService(name: string): string {
  return name.replace(/^(?:_[^.]*\.)+/, "");
}

function addressesOf(message: Buffer, { type, start, end }: DnsRecord): readonly string[] {
  switch (type) {
    case TYPE.a:
      return addressesIn(message, start, end, 4).slice(0, 1);
    case TYPE.aaaa:
      return addressesIn(message, start, end, 16).slice(0, 1);
    case TYPE.https:
    case TYPE.svcb:
      return hintsIn(message, start, end);
    default:
      return [];
  }
}

/** Those that a name may stand for. Nothing when the bytes are not a whole number of addresses. */
function addressesIn(message: Buffer, start: number, end: number, size: number): readonly string[] {
  if ((end - start) % size !== 0) return [];
  const addresses: string[] = [];
  for (let at = start; at < end && addresses.length < MOST_ADDRESSES; at += size) {
    const bytes = message.subarray(at, at + size);
    if (!isNameless(bytes)) addresses.push(formatIp(bytes));
  }
  return addresses;
}

/** RFC 9460: a priority, a name that is never compressed, then parameters, each with its key and length. */
function hintsIn(message: Buffer, start: number, end: number): readonly string[] {
  const hints: string[] = [];
  let at = start + 2;
  while (at < end && message[at] !== 0) at += 1 + (message[at] ?? 0);
  at++;
  while (at + 4 <= end) {
    const key = message.readUInt16BE(at);
    const valueEnd = at + 4 + message.readUInt16BE(at + 2);
    if (valueEnd > end) break;
    if (key === HINT.ipv4) hints.push(...addressesIn(message, at + 4, valueEnd, 4));
    if (key === HINT.ipv6) hints.push(...addressesIn(message, at + 4, valueEnd, 16));
    at = valueEnd;
  }
  return hints;
}
