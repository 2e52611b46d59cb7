// The C library through koffi: every native function that the package calls, with one fixed prototype each. Only the
// modules beside this one import it, and nothing else in the package knows koffi.

import koffi from 'koffi';

const libc = koffi.load('libc.so.6');

/** Flags of `open` for a device node. */
export const O_RDWR_CLOEXEC = 0o2000002;

/** Memory handed to a native function, which must not keep it. */
export type Buffer = ArrayBufferView;

/** `ioctl` whose argument is a number. */
export const ioctlNumber: (fd: number, request: number, argument: number) => number = libc.func('ioctl', 'int', [
  'int',
  'ulong',
  'long',
]);
/** `ioctl` whose argument points to a structure, read and written in place. */
export const ioctlBuffer: (fd: number, request: number, argument: Buffer) => number = libc.func('ioctl', 'int', [
  'int',
  'ulong',
  'void *',
]);
export const open: (path: string, flags: number) => number = libc.func('open', 'int', ['str', 'int']);
export const close: (fd: number) => number = libc.func('close', 'int', ['int']);
export const read: (fd: number, into: Buffer, length: number) => number = libc.func('read', 'long', [
  'int',
  'void *',
  'size_t',
]);
export const pread: (fd: number, into: Buffer, length: number, at: number) => number = libc.func('pread', 'long', [
  'int',
  'void *',
  'size_t',
  'int64_t',
]);
export const write: (fd: number, from: Buffer, length: number) => number = libc.func('write', 'long', [
  'int',
  'void *',
  'size_t',
]);
/** Addresses are numbers here: user space on x86-64 ends at 2^47 (2^56 with five levels, still asked for explicitly). */
export const mmap: (
  at: number,
  length: number,
  protection: number,
  flags: number,
  fd: number,
  offset: number,
) => number | bigint = libc.func('mmap', 'intptr_t', ['intptr_t', 'size_t', 'int', 'int', 'int', 'int64_t']);
export const munmap: (at: number, length: number) => number = libc.func('munmap', 'int', ['intptr_t', 'size_t']);
export const eventfd: (initial: number, flags: number) => number = libc.func('eventfd', 'int', ['uint', 'int']);
export const memfdCreate: (name: string, flags: number) => number = libc.func('memfd_create', 'int', ['str', 'uint']);
export const ftruncate: (fd: number, length: number) => number = libc.func('ftruncate', 'int', ['int', 'int64_t']);
export const fcntl: (fd: number, command: number, argument: number) => number = libc.func('fcntl', 'int', [
  'int',
  'int',
  'long',
]);
export const poll: (entries: Buffer, count: number, timeout: number) => number = libc.func('poll', 'int', [
  'void *',
  'ulong',
  'int',
]);
export const pthreadSigmask: (how: number, set: Buffer, old: Buffer) => number = libc.func('pthread_sigmask', 'int', [
  'int',
  'void *',
  'void *',
]);
export const sigtimedwait: (set: Buffer, info: null, timeout: Buffer) => number = libc.func('sigtimedwait', 'int', [
  'void *',
  'void *',
  'void *',
]);
export const signal: (signal: number, handler: number) => number | bigint = libc.func('signal', 'intptr_t', [
  'int',
  'intptr_t',
]);
export const getpid: () => number = libc.func('getpid', 'int', []);
export const syscall: (number: number, a: number, b: number, c: number) => number = libc.func('syscall', 'long', [
  'long',
  'long',
  'long',
  'long',
]);
/** One structure of numbers: `getrlimit` fills it in. */
export const getrlimit: (resource: number, into: Buffer) => number = libc.func('getrlimit', 'int', ['int', 'void *']);

/** `errno` of this thread's last failed call: read it before any other native call. */
export const errno = (): number => koffi.errno();

/** Host address of the first byte of a typed array. It stays where it is: an array with a `buffer` lives off the heap. */
export function addressOf(bytes: ArrayBufferView): number {
  void bytes.buffer;
  return Number(koffi.address(bytes));
}

/** An ArrayBuffer over memory that is not V8's. */
export const viewOf = (address: number, length: number): ArrayBuffer => koffi.view(BigInt(address), length);

/** Numbers of `errno` by name. */
export const ERRNO: Readonly<Record<string, number>> = Object.freeze({ ...koffi.os.errno });
