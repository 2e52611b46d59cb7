import { type MmioDevice, type PioDevice, VizorError } from '@vizor/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytePorts, MmioBus, PioBus } from '../src/index.ts';

/** A device whose bytes are its offsets plus a tag, and which logs what reaches it. */
function probe(tag: number): PioDevice & MmioDevice & { log: string[] } {
  const log: string[] = [];
  const read = (offset: number, size: number): number => {
    log.push(`r${size}@${offset}`);
    let value = 0;
    for (let i = 0; i < size; i++) value |= ((tag + offset + i) & 0xff) << (8 * i);
    return value;
  };
  const write = (offset: number, size: number, value: number): void => {
    log.push(`w${size}@${offset}=${value.toString(16)}`);
  };
  return { log, pioRead: read, pioWrite: write, mmioRead: read, mmioWrite: write };
}

function refusal(action: () => void): VizorError {
  try {
    action();
  } catch (error) {
    if (error instanceof VizorError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe.each([
  ['port bus', () => new PioBus()],
  ['MMIO bus', () => new MmioBus()],
])('%s', (_, make) => {
  it('hands a whole access to the device, relative to its base, truncated and unsigned', () => {
    const bus = make();
    const device = probe(0xf0);
    bus.map(0x100, 8, device, 'device');
    expect(bus.read(0x104, 4)).toBe(0xf7f6f5f4);
    bus.write(0x102, 2, 0x12345678);
    bus.write(0x100, 4, -1);
    expect(device.log).toEqual(['r4@4', 'w2@2=5678', 'w4@0=ffffffff']);
  });

  it('reads all ones where nothing is, swallows writes, counts both', () => {
    const bus = make();
    expect([bus.read(0x80, 1), bus.read(0x80, 2), bus.read(0x80, 4)]).toEqual([0xff, 0xffff, 0xffff_ffff]);
    bus.write(0x80, 4, 1);
    expect([bus.unmappedReads, bus.unmappedWrites]).toEqual([3, 1]);
  });

  it('splits an access that straddles a border into bytes', () => {
    const bus = make();
    const low = probe(0x10);
    const high = probe(0x20);
    bus.map(0x40, 2, low, 'low');
    bus.map(0x43, 1, high, 'high');
    expect(bus.read(0x41, 4)).toBe(0xff20ff11);
    expect(bus.read(0x3f, 4)).toBe(0xff1110ff);
    bus.write(0x41, 4, 0xaabbccdd);
    expect(low.log).toEqual(['r1@1', 'r1@0', 'r1@1', 'w1@1=dd']);
    expect(high.log).toEqual(['r1@0', 'w1@0=bb']);
    expect(bus.unmappedReads).toBe(4);
    expect(bus.unmappedWrites).toBe(2);
  });

  it('refuses overlap and names both', () => {
    const bus = make();
    bus.map(0x3f8, 8, probe(0), 'first serial port');
    for (const [base, length] of [
      [0x3ff, 1],
      [0x3f0, 9],
      [0x3fa, 2],
      [0x300, 0x200],
    ]) {
      const error = refusal(() => bus.map(base, length, probe(0), 'modem'));
      expect(error.code).toBe('usage');
      expect(error.message).toMatch(/modem.*first serial port/);
    }
    bus.map(0x3f0, 8, probe(0), 'below');
    bus.map(0x400, 1, probe(0), 'above');
  });

  it.each([
    [-1, 4],
    [0, 0],
    [0.5, 1],
    [2 ** 52, 1],
    [Number.NaN, 1],
  ])('refuses the range %d+%d', (base, length) => {
    expect(refusal(() => make().map(base, length, probe(0), 'odd')).code).toBe('usage');
  });

  it('agrees with a byte-by-byte model for any layout and access', () => {
    const range = fc.record({ base: fc.integer({ min: 0, max: 60 }), length: fc.integer({ min: 1, max: 9 }) });
    const access = fc.record({
      address: fc.integer({ min: 0, max: 72 }),
      size: fc.constantFrom<1 | 2 | 4>(1, 2, 4),
    });
    fc.assert(
      fc.property(fc.array(range, { maxLength: 8 }), fc.array(access), (ranges, accesses) => {
        const bus = make();
        const model = new Map<number, number>();
        for (const [tag, { base, length }] of ranges.entries()) {
          const addresses = Array.from({ length }, (_, i) => base + i);
          const free = addresses.every((address) => !model.has(address));
          const map = () => bus.map(base, length, probe(16 * tag), `device ${tag}`);
          if (!free) {
            expect(map).toThrow(VizorError);
            continue;
          }
          map();
          for (const address of addresses) model.set(address, 16 * tag + address - base);
        }
        for (const { address, size } of accesses) {
          let expected = 0;
          for (let i = 0; i < size; i++) expected += (model.get(address + i) ?? 0xff) * 2 ** (8 * i);
          expect(bus.read(address, size)).toBe(expected);
          bus.write(address, size, expected);
        }
      }),
    );
  });
});

describe('port bus', () => {
  it('ends at 0xffff: an access past it finds nothing there', () => {
    const bus = new PioBus();
    bus.map(0, 1, probe(0), 'first');
    bus.map(0xffff, 1, probe(0x55), 'last');
    expect(bus.read(0xffff, 4)).toBe(0xffffff55);
    expect(bus.read(0xfffe, 2)).toBe(0x55ff);
    bus.write(0xffff, 2, 0);
  });

  it('turns wide accesses to an 8-bit chip into byte cycles, lowest first', () => {
    const log: string[] = [];
    const device = bytePorts({
      read: (offset) => offset + 1,
      write: (offset, value) => log.push(`${offset}=${value.toString(16)}`),
    });
    expect(device.pioRead(0, 4)).toBe(0x04030201);
    device.pioWrite(2, 2, 0xbeef);
    expect(log).toEqual(['2=ef', '3=be']);
  });
});

describe('MMIO bus', () => {
  it('splits 8-byte accesses into two of four', () => {
    const bus = new MmioBus();
    const device = probe(0xf0);
    bus.map(0xfec0_0000, 16, device, 'device');
    expect(bus.readQword(0xfec0_0000)).toBe(0xf7f6f5f4f3f2f1f0n);
    bus.writeQword(0xfec0_0008, 0xffff_ffff_8000_0001n);
    expect(device.log).toEqual(['r4@0', 'r4@4', 'w4@8=80000001', 'w4@12=ffffffff']);
  });

  it('never throws, whatever the address', () => {
    const bus = new MmioBus();
    bus.map(2 ** 40, 4096, probe(0), 'device');
    const address = fc.oneof(fc.double(), fc.integer({ min: 2 ** 40 - 9, max: 2 ** 40 + 5000 }), fc.maxSafeInteger());
    fc.assert(
      fc.property(address, fc.constantFrom<1 | 2 | 4>(1, 2, 4), fc.integer(), (gpa, size, value) => {
        expect(bus.read(gpa, size)).toBeLessThan(2 ** (8 * size));
        bus.write(gpa, size, value);
      }),
    );
  });
});
