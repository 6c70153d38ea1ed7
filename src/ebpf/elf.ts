import { endianness } from "node:os";
import { findBtfFault } from "./btf.ts";
import { EbpfError } from "./error.ts";

// Offsets from the ELF-64 specification.
const HEADER_BYTES = 64;
const SECTION_BYTES = 64;
const ELFCLASS64 = 2;
const ELFDATA = endianness() === "LE" ? 1 : 2;
const ET_REL = 1;
const EM_BPF = 247;
const SHT_NOBITS = 8;
const BTF_NAME = Buffer.from(".BTF\0");

/**
 * Checks that bytes are a whole BPF object file for this byte order: header, section table and every section inside
 * the file, and its type information sound. Damaged files crash libbpf 1.1. Throws `open`.
 */
export function checkElf(path: string, bytes: Uint8Array): void {
  const refuse = (why: string) => new EbpfError("open", `${path} is not a usable BPF object file: ${why}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const little = ELFDATA === 1;
  if (bytes.byteLength < 4 || view.getUint32(0) !== 0x7f454c46)
    throw refuse("it does not begin as an ELF file does");
  if (bytes.byteLength < HEADER_BYTES)
    throw refuse(`it ends within the ELF header, after ${bytes.byteLength} bytes`);
  if (bytes[4] !== ELFCLASS64) throw refuse("it is not a 64-bit ELF file");
  if (bytes[5] !== ELFDATA) throw refuse("it is for the other byte order");
  const machine = view.getUint16(18, little);
  if (machine !== EM_BPF) throw refuse(`it is for machine ${machine}, not BPF (${EM_BPF})`);
  if (view.getUint16(16, little) !== ET_REL) throw refuse("it is not a relocatable object");

  const table = Number(view.getBigUint64(40, little));
  const entryBytes = view.getUint16(58, little);
  const count = view.getUint16(60, little);
  const names = view.getUint16(62, little);
  if (entryBytes !== SECTION_BYTES || count === 0 || names >= count)
    throw refuse("its section table makes no sense");
  const truncated = (what: string, end: number) =>
    refuse(`it is cut short: ${what} ends at byte ${end} and the file at ${bytes.byteLength}`);
  const tableEnd = table + count * SECTION_BYTES;
  if (tableEnd > bytes.byteLength) throw truncated("the section table", tableEnd);
  const extent = (index: number) => {
    const header = table + index * SECTION_BYTES;
    const offset = Number(view.getBigUint64(header + 24, little));
    return { offset, end: offset + Number(view.getBigUint64(header + 32, little)) };
  };
  for (let index = 1; index < count; index++) {
    if (view.getUint32(table + index * SECTION_BYTES + 4, little) === SHT_NOBITS) continue;
    const { end } = extent(index);
    if (end > bytes.byteLength) throw truncated(`section ${index}`, end);
  }

  const strings = extent(names);
  for (let index = 1; index < count; index++) {
    const name = strings.offset + view.getUint32(table + index * SECTION_BYTES, little);
    const { offset, end } = extent(index);
    const isBtf = Buffer.compare(bytes.subarray(name, name + BTF_NAME.length), BTF_NAME) === 0;
    const fault = isBtf ? findBtfFault(bytes.subarray(offset, end)) : null;
    if (fault !== null) throw refuse(`its type information (.BTF) is damaged: ${fault}`);
  }
}
