import { misuse } from "./error.ts";

// What is handed to native code is checked here first: a C function given a wrong size does not throw, it crashes.

/** An integer within `min`..`max`, both included. */
export function checkInteger(what: string, value: number, min: number, max: number): number {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw misuse(`${what} must be an integer from ${min} to ${max}, got ${String(value)}`);
  }
  return value;
}

/** Text that C can take: not empty, and without a null byte, at which C would silently cut it. */
export function checkText(what: string, value: string): string {
  if (typeof value !== "string" || value === "") throw misuse(`${what} must be text that is not empty`);
  if (value.includes("\0")) throw misuse(`${what} must not contain a null byte`);
  return value;
}

/** Bytes of exactly `length`. */
export function checkBytes(what: string, value: Uint8Array, length: number): Uint8Array {
  if (!(value instanceof Uint8Array)) throw misuse(`${what} must be a Uint8Array of ${length} bytes`);
  if (value.byteLength !== length) {
    throw misuse(`${what} must be ${length} bytes, got ${value.byteLength}`);
  }
  return value;
}

/** Bytes holding one or more entries of `size`; returns how many. */
export function checkEntries(what: string, value: Uint8Array, size: number): number {
  if (!(value instanceof Uint8Array)) throw misuse(`${what} must be a Uint8Array`);
  if (size === 0 || value.byteLength === 0 || value.byteLength % size !== 0) {
    throw misuse(`${what} must be one or more times ${size} bytes, got ${value.byteLength}`);
  }
  return value.byteLength / size;
}
