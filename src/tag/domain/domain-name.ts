const MOST_CHARACTERS = 253;
/** Labels of letters, digits, hyphens and underscores: host names, and what services put in front of them. */
const NAME = /^(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}$/;

/**
 * A name as it is shown and compared: in lower case, without the dot at its end. `null` for what is no name of a host:
 * anything but ASCII, as names with other letters travel as `xn--…`, so that nothing that steers a terminal, reads
 * backwards or only looks like another name is shown.
 */
export function parseDomain(text: string): string | null {
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  return name.length <= MOST_CHARACTERS && NAME.test(name) ? name.toLowerCase() : null;
}

const V4 = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.in-addr\.arpa$/;
const V6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/;

/** The address that a name like `7.2.0.192.in-addr.arpa` asks for, as its bytes; `null` for every other name. */
export function parseReverseName(name: string): Uint8Array | null {
  const v4 = V4.exec(name);
  if (v4 !== null) {
    const bytes = v4.slice(1).reverse().map(Number);
    return bytes.every((byte) => byte < 256) ? Uint8Array.from(bytes) : null;
  }
  const digits = V6.exec(name)?.[1]?.replaceAll(".", "");
  if (digits === undefined) return null;
  return Uint8Array.from(Buffer.from([...digits].reverse().join(""), "hex"));
}

/** The name that asks for the name of an address of 4 or 16 bytes. */
export function formatReverseName(bytes: Uint8Array): string {
  if (bytes.length === 4) return `${[...bytes].reverse().join(".")}.in-addr.arpa`;
  return `${[...Buffer.from(bytes).toString("hex")].reverse().join(".")}.ip6.arpa`;
}
