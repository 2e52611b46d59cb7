import { Buffer } from 'node:buffer';
import { OP_SIZE } from '@vizor/asm/layout/op';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Comparison } from './compare.ts';
import { DEVIATIONS } from './deviations.ts';
import { addressForms, modrms, opcodes, PREFIXES, Random, REX_PREFIXES } from './enumerate.ts';
import type { Site } from './instruction.ts';
import { OPERATIONS, PAGE_SIZE, Subject } from './subject.ts';

const LONGEST = 15;
/** A page whose address fills the instruction pointer, so that one cut to 16 or 32 bits shows. */
const PAGES = { 16: 0x5000, 32: 0x5432_1000, 64: 0x76_5432_1000 };
const BITS = [16, 32, 64] as const;

/** Bytes with random ones after `start`, at a random place in a page. */
class Encodings {
  readonly #random: Random;
  readonly #bytes = new Uint8Array(32);

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  next(bits: Site['bits'], ...start: readonly number[]): [Uint8Array, Site] {
    this.#random.fill(this.#bytes);
    this.#bytes.set(start);
    return [this.#bytes, { bits, ip: PAGES[bits] + this.#random.below(PAGE_SIZE) }];
  }

  below(limit: number): number {
    return this.#random.below(limit);
  }
}

describe('the decoder and iced-x86 agree', () => {
  test('about every opcode with every kind of prefix and operand', () => {
    const comparison = new Comparison();
    const encodings = new Encodings(0x5eed);
    for (const bits of BITS) {
      const prefixes = bits === 64 ? [...PREFIXES, ...REX_PREFIXES] : PREFIXES;
      for (const opcode of opcodes()) {
        for (const prefix of prefixes) {
          for (const modrm of modrms(opcode)) {
            comparison.compare(...encodings.next(bits, ...prefix, ...opcode, modrm));
          }
        }
      }
    }
    expect(comparison.disagreements).toEqual([]);
    // Nothing of the table was left out, nothing is excused that need not be.
    expect(OPERATIONS.filter((name) => !comparison.operations.has(name))).toEqual([]);
    expect(DEVIATIONS.filter(({ reason }) => !comparison.counts.has(reason))).toEqual([]);
    expect(comparison.counts.get('agreed')).toBeGreaterThan(150_000);
  });

  test('about every way to address memory', () => {
    const comparison = new Comparison();
    const encodings = new Encodings(0xadd4);
    const prefixes = [[], [0x67], [0x65], [0x41], [0x42], [0x47], [0x67, 0x43], [0x64, 0x67, 0x44]];
    for (const bits of BITS) {
      for (const prefix of bits === 64
        ? prefixes
        : prefixes.filter((bytes) => bytes.every((byte) => byte >> 4 !== 4))) {
        for (const [modrm, sib] of addressForms()) {
          for (const opcode of [[0x8b], [0x80], [0x8d], [0x0f, 0x10], [0x0f, 0x6f]]) {
            comparison.compare(...encodings.next(bits, ...prefix, ...opcode, modrm, sib));
          }
        }
      }
    }
    expect(comparison.disagreements).toEqual([]);
  });

  test('about random bytes', () => {
    const comparison = new Comparison();
    const encodings = new Encodings(0xbad5eed);
    for (const bits of BITS) {
      for (let count = 0; count < 100_000; count++) comparison.compare(...encodings.next(bits));
    }
    expect(comparison.disagreements).toEqual([]);
  });

  test('about random heaps of prefixes', () => {
    const comparison = new Comparison();
    const encodings = new Encodings(0xf00d);
    const prefixes = [0x66, 0x67, 0xf2, 0xf3, 0xf0, 0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x48, 0x41, 0x44];
    for (const bits of BITS) {
      for (let count = 0; count < 100_000; count++) {
        const heap = Array.from({ length: encodings.below(15) }, () => prefixes[encodings.below(prefixes.length)]!);
        comparison.compare(...encodings.next(bits, ...heap));
      }
    }
    expect(comparison.disagreements).toEqual([]);
  });
});

describe('an instruction', () => {
  const subject = new Subject();
  const decode = (hex: string, bits: Site['bits'] = 64, offset = 0) =>
    subject.decodeRaw(Uint8Array.from([...Buffer.from(hex.replaceAll(' ', ''), 'hex'), ...new Uint8Array(32)]), {
      bits,
      ip: PAGES[bits] + offset,
    });

  test('of 15 bytes is the longest', () => {
    expect(decode(`${'66'.repeat(13)} 01 c0`)).toMatchObject({ name: 'ADD_RR_16', length: 15 });
    expect(decode(`${'66'.repeat(14)} 01 c0`)).toMatchObject({ name: 'TOO_LONG', length: 15 });
    expect(decode(`${'26'.repeat(5)} 48 b8 0011223344556677`, 64)).toMatchObject({ name: 'MOV_RI_64', length: 15 });
    expect(decode(`${'26'.repeat(6)} 48 b8 0011223344556677`, 64)).toMatchObject({ name: 'TOO_LONG', length: 15 });
  });

  test('is too long before it is illegal', () => {
    expect(decode('66'.repeat(20))).toMatchObject({ name: 'TOO_LONG', length: 15 });
    expect(decode(`${'66'.repeat(14)} 0f ff`)).toMatchObject({ name: 'TOO_LONG', length: 15 });
    expect(decode(`${'66'.repeat(13)} 0f ff`)).toMatchObject({ name: 'ILLEGAL', length: 15 });
  });

  test('is as long as what made it illegal: ModRM counts where it decides', () => {
    expect(decode('0f c7 00')).toMatchObject({ name: 'ILLEGAL', length: 3 });
    expect(decode('0f ff 00')).toMatchObject({ name: 'ILLEGAL', length: 2 });
  });

  test.each([
    ['F3 90 with REX.B is an exchange', 'f3 41 90', 'XCHG_RAX_R_32'],
    ['F3 90 is PAUSE', 'f3 90', 'PAUSE'],
    ['90 is NOP', '90', 'NOP'],
    ['REX before another prefix does not count', '41 66 90', 'NOP'],
    ['REX before the opcode counts', '66 41 90', 'XCHG_RAX_R_16'],
    ['82 is gone', '82 c0 01', 'ILLEGAL'],
    ['LOCK wants memory', 'f0 01 c0', 'ILLEGAL'],
    ['LOCK wants an instruction that takes it', 'f0 8b 00', 'ILLEGAL'],
    ['LOCK is refused by branches, local ones too', 'f0 eb 00', 'ILLEGAL'],
    ['LOCK is taken by ADD to memory', 'f0 01 00', 'ADD_MR_32'],
    ['MOV from CR takes mod for 3', '0f 20 00', 'MOV_FROM_CR_RR'],
    ['66 makes near branches 16-bit, as AMD has it', '66 e9 00 00', 'JMP_J_16'],
    ['REX.W goes before 66', '66 48 e9 00 10 00 00', 'JMP_J_64'],
    ['UD0', '0f ff c0', 'ILLEGAL'],
    ['UD1', '0f b9 c0', 'ILLEGAL'],
    ['FEMMS is not there', '0f 0e', 'ILLEGAL'],
    ['ENDBR64 is a NOP', 'f3 0f 1e fa', 'NOP_RM_R'],
    ['TZCNT is BSF without its feature', 'f3 0f bc c0', 'BSF_RR_32'],
  ])('in 64-bit mode: %s', (_, hex, name) => {
    expect(decode(hex).name).toBe(name);
  });

  test('keeps an FS override through the overrides that 64-bit mode ignores', () => {
    const plain = decode('64 8b 00').record.subarray(5);
    expect(decode('64 3e 8b 00').record.subarray(5)).toEqual(plain);
    expect(decode('64 3e 8b 00', 32).record.subarray(5)).not.toEqual(plain);
  });
});

describe('whatever the bytes', () => {
  const subject = new Subject();
  const code = fc.uint8Array({ minLength: 48, maxLength: 48 });
  const prefix = fc.constantFrom(0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x2e, 0x64, 0x48, 0x4f, 0x0f, 0x38, 0x3a);
  const heap = fc
    .tuple(fc.array(prefix, { maxLength: 18 }), code)
    .map(([start, rest]) => Uint8Array.from([...start, ...rest].slice(0, 48)));
  const bytes = fc.oneof(code, heap);
  const bits = fc.constantFrom(...BITS);
  const offset = fc.integer({ min: 0, max: PAGE_SIZE - 1 });

  test('the length is 1 to 15 and the operation one of the table’s', () => {
    fc.assert(
      fc.property(bytes, bits, offset, (code, bits, offset) => {
        const { length, name, record } = subject.decodeRaw(code, { bits, ip: offset });
        expect(length).toBeGreaterThanOrEqual(1);
        expect(length).toBeLessThanOrEqual(LONGEST);
        expect(name).not.toMatch(/^operation/);
        expect(record).toHaveLength(OP_SIZE);
      }),
      { numRuns: 20_000, seed: 1 },
    );
  });

  test('nothing behind the instruction matters', () => {
    fc.assert(
      fc.property(bytes, code, bits, offset, (code, other, bits, offset) => {
        const site = { bits, ip: offset };
        const first = subject.decodeRaw(code, site);
        // One that is too long for any continuation has no operands worth comparing.
        const kept = first.name === 'TOO_LONG' ? LONGEST : first.length;
        const changed = Uint8Array.from([...code.subarray(0, kept), ...other]);
        const second = subject.decodeRaw(changed, site);
        expect({ name: second.name, length: second.length }).toEqual({ name: first.name, length: first.length });
        if (first.name !== 'TOO_LONG') expect(second.record).toEqual(first.record);
      }),
      { numRuns: 20_000, seed: 2 },
    );
  });
});
