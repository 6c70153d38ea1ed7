import packet, { type Answer } from "dns-packet";

/** A response as a server sends it; `type` is that of the question. */
export function answerTo(
  name: string,
  type: string,
  answers: readonly Answer[],
  flags: number = packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE,
): Buffer {
  const question = { name, type: type as "A" };
  return packet.encode({ type: "response", id: 7, flags, questions: [question], answers: [...answers] });
}

export const a = (name: string, data: string, ttl = 60): Answer => ({ name, type: "A", ttl, data });
export const aaaa = (name: string, data: string, ttl = 60): Answer => ({ name, type: "AAAA", ttl, data });
export const cname = (name: string, data: string, ttl = 60): Answer => ({ name, type: "CNAME", ttl, data });
export const ptr = (name: string, data: string, ttl = 60): Answer => ({ name, type: "PTR", ttl, data });

/** A record of a type that dns-packet has no name for. */
export function unknown(name: string, type: number, data: Buffer): Answer {
  return { name, type: `UNKNOWN_${type}` as "NULL", ttl: 60, data };
}

/** The header of an answer that says it has so many records; what follows is up to the test. */
export function header(records: number, questions = 1): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUInt16BE(0x8180, 2);
  bytes.writeUInt16BE(questions, 4);
  bytes.writeUInt16BE(records, 6);
  return bytes;
}

/** A name as labels of bytes. */
export function labels(...parts: readonly (string | Buffer)[]): Buffer {
  return Buffer.concat([
    ...parts.flatMap((part) => [Buffer.from([Buffer.byteLength(part)]), Buffer.from(part)]),
    Buffer.from([0]),
  ]);
}

/** Type and class, as they end a question and begin a record. */
export function typeOf(type: number): Buffer {
  return Buffer.from([type >> 8, type & 255, 0, 1]);
}

/** What follows a record's name, `length` being what it says of its data. */
export function record(type: number, data: Buffer, length = data.length): Buffer {
  const fixed = Buffer.alloc(6);
  fixed.writeUInt32BE(60, 0);
  fixed.writeUInt16BE(length, 4);
  return Buffer.concat([typeOf(type), fixed, data]);
}
