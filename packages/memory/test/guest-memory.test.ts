import { VizorError } from '@vizor/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GuestMemory, RAM_MAX, RAM_MIN } from '../src/index.ts';

const MIB = 2 ** 20;
const GIB = 2 ** 30;

describe('sizes', () => {
  it.each([0, 1, RAM_MIN - 4096, RAM_MIN + 1, RAM_MAX + 4096, 100 * GIB, Number.NaN, -1])(
    'refuses %d bytes',
    (size) => {
      expect(() => new GuestMemory(size)).toThrow(expect.objectContaining({ code: 'usage' }));
      expect(() => new GuestMemory(size)).toThrow(VizorError);
    },
  );

  it.each([RAM_MIN, 64 * MIB, RAM_MAX])('takes %d bytes', (size) => {
    expect(new GuestMemory(size).size).toBe(size);
  });

  it('puts what does not fit below the hole at 4 GiB', () => {
    const memory = new GuestMemory(3.5 * GIB);
    expect([memory.lowSize, memory.highSize]).toEqual([3 * GIB, GIB / 2]);
    expect(memory.offsetOf(3 * GIB - 1, 1)).toBe(memory.ramBase + 3 * GIB - 1);
    expect(memory.offsetOf(3 * GIB, 1)).toBe(-1);
    expect(memory.offsetOf(3 * GIB - 1, 2)).toBe(-1);
    expect(memory.offsetOf(4 * GIB, GIB / 2)).toBe(memory.ramBase + 3 * GIB);
    expect(memory.offsetOf(4 * GIB, GIB / 2 + 1)).toBe(-1);
  });
});

describe('accesses', () => {
  const memory = new GuestMemory(RAM_MIN);
  const before = memory.bytes.slice(0, memory.ramBase);

  it('reads what was written, and words little-endian', () => {
    expect(memory.write(RAM_MIN - 8, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8))).toBe(true);
    expect(memory.read(RAM_MIN - 8, 3)).toEqual(Uint8Array.of(1, 2, 3));
    expect(memory.readU16(RAM_MIN - 8)).toBe(0x0201);
    expect(memory.readU32(RAM_MIN - 8)).toBe(0x04030201);
    expect(memory.readU64(RAM_MIN - 8)).toBe(0x0807060504030201n);
  });

  it('never leave RAM, whatever the address', () => {
    const address = fc.oneof(
      fc.double(),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.integer({ min: RAM_MIN - 16, max: RAM_MIN + 16 }),
    );
    fc.assert(
      fc.property(address, fc.uint8Array({ maxLength: 32 }), (gpa, bytes) => {
        const inside = Number.isSafeInteger(gpa) && gpa >= 0 && gpa + bytes.length <= RAM_MIN;
        expect(memory.write(gpa, bytes)).toBe(inside);
        expect(memory.read(gpa, bytes.length)).toEqual(inside ? bytes : new Uint8Array(bytes.length));
        memory.readU64(gpa);
      }),
    );
    expect(Buffer.compare(memory.bytes.subarray(0, memory.ramBase), before)).toBe(0);
  });

  it('tell the observer what changed, and nothing else', () => {
    const observed = new GuestMemory(RAM_MIN);
    const seen: number[][] = [];
    observed.observeWrites((offset, length) => seen.push([offset, length]));
    observed.write(0x1000, new Uint8Array(3));
    observed.write(RAM_MIN, new Uint8Array(3));
    observed.read(0x1000, 3);
    expect(seen).toEqual([[0x1000, 3]]);
  });

  it('name what a loader could not place', () => {
    expect(() => memory.place(RAM_MIN, new Uint8Array(1), 'initramfs')).toThrow(/^initramfs: .*--memory/);
  });
});
