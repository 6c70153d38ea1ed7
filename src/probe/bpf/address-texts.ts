import { decodeIpv4, decodeIpv6 } from "../../flow/address.ts";

/** A power of two. */
const PLACES = 2048;
const WORDS = 4;

/** Texts of the addresses seen lately: most connections are with addresses that others had just before. */
export class AddressTexts {
  readonly #words = new Uint32Array(PLACES * WORDS);
  readonly #texts: string[] = new Array<string>(PLACES).fill("");

  /** Of the four bytes at `offset`. */
  ipv4(view: DataView, offset: number): string {
    // as no IPv6 address has it: ::ffff:0:0/96 is decoded as IPv4 too, and to the same text
    return this.#find(view, offset, 0, 0, 0xffff_0000, view.getUint32(offset, true), decodeIpv4);
  }

  /** Of the sixteen bytes at `offset`. */
  ipv6(view: DataView, offset: number): string {
    const word = (index: number) => view.getUint32(offset + 4 * index, true);
    return this.#find(view, offset, word(0), word(1), word(2), word(3), decodeIpv6);
  }

  #find(
    view: DataView,
    offset: number,
    a: number,
    b: number,
    c: number,
    d: number,
    decode: (view: DataView, offset: number) => string,
  ): string {
    const mixed = Math.imul(a ^ Math.imul(b, 5) ^ Math.imul(c, 17) ^ Math.imul(d, 65), 0x9e37_79b1);
    const place = mixed >>> 21;
    const words = this.#words;
    const at = place * WORDS;
    const isHere = words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d;
    const known = this.#texts[place];
    if (isHere && known !== undefined && known !== "") return known;
    const text = decode(view, offset);
    words[at] = a;
    words[at + 1] = b;
    words[at + 2] = c;
    words[at + 3] = d;
    this.#texts[place] = text;
    return text;
  }
}
