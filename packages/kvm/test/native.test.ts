import { VizorError } from '@vizor/core';
import { addressOf, Eventfd, Memfd, POLL, pollReadable, SEAL } from '@vizor/kvm';
import { expect, test } from 'vitest';
import { describeErrno, errnoName } from '../src/native/errno.ts';

test('an eventfd counts, and waits to be read', () => {
  using one = new Eventfd();
  using other = new Eventfd();
  expect(one.take()).toBe(0n);
  expect(pollReadable([one.fd, other.fd], 0)).toEqual([0, 0]);
  one.signal();
  one.signal(5n);
  expect(pollReadable([one.fd, other.fd], -1)).toEqual([POLL.IN, 0]);
  expect(one.take()).toBe(6n);
  expect(pollReadable([], 0)).toEqual([]);
});

test('a closed descriptor is refused', () => {
  const eventfd = new Eventfd();
  const { fd } = eventfd;
  eventfd[Symbol.dispose]();
  eventfd[Symbol.dispose]();
  expect(() => eventfd.signal()).toThrow('used after it was closed');
  expect(pollReadable([fd], 0)).toEqual([POLL.NVAL]);
});

test('a memfd is mapped where it may be, or over memory that is there', () => {
  using memfd = new Memfd('test', 0x1_0000);
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
  const over = new Uint8Array(memory.buffer, 0x1_0000, 0x1_0000);
  const there = memfd.map(over);
  const anywhere = memfd.map();
  over[5] = 55;
  expect(anywhere.bytes[5]).toBe(55);
  const kept = anywhere.bytes;
  anywhere[Symbol.dispose]();
  expect(kept.length).toBe(0);
  expect(() => anywhere.bytes).toThrow('used after it was unmapped');
  there[Symbol.dispose]();
  expect(over[5]).toBe(0);
  over[5] = 1;
  expect(() => memfd.map(over.subarray(1))).toThrow('page boundary');
});

test('a sealed memfd keeps its promise', () => {
  using memfd = new Memfd('test', 4096);
  memfd.seal(SEAL.SHRINK | SEAL.GROW | SEAL.SEAL);
  expect(() => memfd.seal(SEAL.WRITE)).toThrow(/EPERM/);
});

test('an address is where the bytes are, and stays', () => {
  const bytes = new Uint8Array(16);
  const address = addressOf(bytes);
  expect(address).toBeGreaterThan(0);
  expect(addressOf(bytes)).toBe(address);
  expect(addressOf(bytes.subarray(3))).toBe(address + 3);
});

test('errors have names', () => {
  expect(errnoName(9)).toBe('EBADF');
  expect(errnoName(11)).toBe('EAGAIN');
  expect(errnoName(9999)).toBe('errno 9999');
  expect(describeErrno(22)).toBe('EINVAL, invalid argument');
  expect(() => new Memfd('x'.repeat(300), 1)).toThrow(VizorError);
});
