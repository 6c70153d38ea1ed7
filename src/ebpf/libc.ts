import { checkInteger } from "./argument.ts";
import { lastErrno, loadLibrary, type Pointer } from "./native.ts";

// The C library's memory calls. Numbers from <sys/mman.h>, the same on every Linux architecture that Node runs on.
const PROT_READ = 1;
const PROT_WRITE = 2;
const MAP_SHARED = 1;
const MAP_PRIVATE = 2;
const MAP_FIXED = 0x10;
const MAP_ANONYMOUS = 0x20;
const MAP_NORESERVE = 0x4000;
const SIG_SETMASK = 2;
/** `sigset_t`: glibc's and musl's, larger than the kernel's. */
const SIGNAL_SET_BYTES = 128;
const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

type Mmap = (
  address: Pointer | null,
  length: number,
  protection: number,
  flags: number,
  fd: number,
  offset: number,
) => Pointer;

function bind() {
  const libc = loadLibrary(null);
  const mmap: Mmap = libc.func("mmap", "void *", ["void *", "size_t", "int", "int", "int", "int64_t"]);
  const munmap: (address: Pointer, length: number) => number = libc.func("munmap", "int", [
    "void *",
    "size_t",
  ]);
  const getpagesize: () => number = libc.func("getpagesize", "int", []);
  const memcpy: (to: Uint8Array, from: Pointer, length: number) => Pointer = libc.func("memcpy", "void *", [
    "void *",
    "void *",
    "size_t",
  ]);
  const strnlen: (text: Pointer, limit: number) => number = libc.func("strnlen", "size_t", [
    "void *",
    "size_t",
  ]);
  const vsnprintf: (to: Uint8Array, size: number, format: Pointer, values: Pointer) => number = libc.func(
    "vsnprintf",
    "int",
    ["void *", "size_t", "void *", "void *"],
  );
  const pthread_sigmask: (how: number, set: Uint8Array, old: Uint8Array | null) => number = libc.func(
    "pthread_sigmask",
    "int",
    ["int", "void *", "void *"],
  );
  return { pthread_sigmask, mmap, munmap, getpagesize, memcpy, strnlen, vsnprintf };
}

let bound: ReturnType<typeof bind> | undefined;
function libc(): ReturnType<typeof bind> {
  bound ??= bind();
  return bound;
}

/**
 * Keeps this thread's signals waiting during one call: the kernel gives up verifying a program (EAGAIN) whenever one
 * is pending, so that a profiler or a window that is being resized could make a load fail.
 */
export function withoutSignals<T>(call: () => T): T {
  const { pthread_sigmask } = libc();
  const before = new Uint8Array(SIGNAL_SET_BYTES);
  pthread_sigmask(SIG_SETMASK, new Uint8Array(SIGNAL_SET_BYTES).fill(0xff), before);
  try {
    return call();
  } finally {
    pthread_sigmask(SIG_SETMASK, before, null);
  }
}

/**
 * Gives back to the kernel what is free of the memory that native code took: loading an object needs many times of what
 * it leaves. Under a millisecond. A C library that does not keep free memory, or has no call for it, is left alone.
 */
export function trimMemory(): void {
  trim ??= bindTrim();
  trim(0);
}

let trim: ((keepBytes: number) => number) | undefined;

function bindTrim(): (keepBytes: number) => number {
  try {
    return loadLibrary(null).func("malloc_trim", "int", ["size_t"]);
  } catch {
    return () => 0; // musl
  }
}

/** Bytes in a page of memory. */
export function pageSize(): number {
  return libc().getpagesize();
}

/** Maps part of a descriptor, shared with its owner. Returns the address, or `-errno` as a number. */
export function mapShared(fd: number, offset: number, length: number, writable: boolean): Pointer | number {
  checkInteger("a descriptor", fd, 0, 0x7fff_ffff);
  checkInteger("the offset of a mapping", offset, 0, Number.MAX_SAFE_INTEGER);
  checkInteger("the length of a mapping", length, 1, Number.MAX_SAFE_INTEGER);
  const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
  return addressOrErrno(libc().mmap(null, length, protection, MAP_SHARED, fd, offset));
}

/** Fresh zeroed memory, given out by the kernel as it is touched. Returns the address, or `-errno` as a number. */
export function mapZeroes(length: number): Pointer | number {
  checkInteger("the length of a mapping", length, 1, Number.MAX_SAFE_INTEGER);
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  return addressOrErrno(libc().mmap(null, length, PROT_READ | PROT_WRITE, flags, -1, 0));
}

/** Puts fresh zeroed memory in the place of a mapping of ours, so that what still points there stays valid. */
export function replaceWithZeroes(address: Pointer, length: number): Pointer | number {
  checkInteger("the length of a mapping", length, 1, Number.MAX_SAFE_INTEGER);
  const flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED;
  return addressOrErrno(libc().mmap(address, length, PROT_READ | PROT_WRITE, flags, -1, 0));
}

/** Gives a mapping back. No view of it may exist. */
export function unmap(address: Pointer, length: number): void {
  checkInteger("the length of a mapping", length, 1, Number.MAX_SAFE_INTEGER);
  libc().munmap(address, length);
}

/** A copy of `length` bytes of native memory. */
export function copyMemory(from: Pointer, length: number): Buffer<ArrayBuffer> {
  checkInteger("a length", length, 0, Number.MAX_SAFE_INTEGER);
  const copy = Buffer.alloc(length);
  if (length > 0) libc().memcpy(copy, from, length);
  return copy;
}

/** A copy of a C string that lies within `limit` bytes. */
export function copyText(from: Pointer, limit: number): string {
  return copyMemory(from, libc().strnlen(from, limit)).toString("utf8");
}

/** `vsnprintf(3)` for a callback that was handed a `va_list`; cut at 4,095 bytes. */
export function formatVariadic(format: Pointer, values: Pointer): string {
  const text = Buffer.alloc(4096);
  const length = libc().vsnprintf(text, text.byteLength, format, values);
  return text.toString("utf8", 0, Math.max(0, Math.min(length, text.byteLength - 1)));
}

function addressOrErrno(address: Pointer): Pointer | number {
  return address === MAP_FAILED ? -lastErrno() : address;
}
