// Segments: loading them, their limits and types (Intel SDM vol. 3, chapters 3 and 5).

import { beforeEach, describe, expect, test } from 'vitest';
import { AT, Bench, SEL } from './bench.ts';
import { ACCESS, FLAG, flatDescriptor, segmentDescriptor, TYPE } from './descriptors.ts';

const bench = new Bench();
beforeEach(() => {
  bench.reset();
});

const FREE = SEL.FREE;
const DPL3 = ACCESS.DPL3;

describe('loading a data segment', () => {
  const cases: [string, number, bigint, number, number][] = [
    ['beyond the GDT', 0x2000, 0n, 13, 0x2000],
    ['in an LDT that is not there', 0x1c, 0n, 13, 0x1c],
    ['not present', FREE, flatDescriptor(ACCESS.DATA & ~ACCESS.PRESENT), 11, FREE],
    ['execute-only code', FREE, flatDescriptor(ACCESS.CODE_EXECUTE_ONLY), 13, FREE],
    ['a system descriptor', FREE, flatDescriptor(ACCESS.PRESENT | TYPE.LDT), 13, FREE],
    ['RPL above DPL', FREE | 3, flatDescriptor(ACCESS.DATA), 13, FREE],
  ];
  test.each(cases)('%s', (_name, selector, descriptor, vector, error) => {
    for (const sreg of ['ds', 'es', 'fs', 'gs'] as const) {
      bench.reset().protected();
      if (descriptor !== 0n) bench.descriptor(selector, descriptor);
      bench.code(32, (asm) => asm.movi('a', selector).movToSeg(sreg, 'a'));
      expect(bench.faults()).toMatchObject({ vector, error, rip: BigInt(AT.CODE + 5) });
      expect(bench.selector(sreg)).toBe(SEL.DATA);
    }
  });

  test('CPL above DPL', () => {
    bench.protected({ user: true });
    bench.code(32, (asm) => asm.movi('a', SEL.DATA).movToSeg('ds', 'a'), AT.USER_CODE);
    expect(bench.faults()).toMatchObject({ vector: 13, error: SEL.DATA });
  });

  test('null is good until it is used', () => {
    bench.protected();
    bench.code(32, (asm) => asm.movi('a', 3).movToSeg('ds', 'a').load('b', AT.DATA));
    expect(bench.faults()).toMatchObject({ vector: 13, error: 0, rip: BigInt(AT.CODE + 7) });
  });

  test('conforming code may be read at any level', () => {
    bench.protected({ user: true });
    bench.descriptor(FREE, flatDescriptor(ACCESS.CODE_CONFORMING));
    bench.poke(AT.DATA, 0x77);
    bench.code(
      32,
      (asm) =>
        asm
          .movi('a', FREE | 3)
          .movToSeg('ds', 'a')
          .load('b', AT.DATA)
          .ud2(),
      AT.USER_CODE,
    );
    expect(bench.faults()).toMatchObject({ vector: 6 });
    expect(bench.get('rbx')).toBe(0x77n);
  });

  test('sets the accessed bit in memory', () => {
    bench.protected();
    bench.descriptor(FREE, flatDescriptor(ACCESS.DATA & ~1));
    bench.code(32, (asm) => asm.movi('a', FREE).movToSeg('es', 'a').hlt());
    bench.halts();
    expect(bench.u8(AT.GDT + FREE + 5)).toBe(ACCESS.DATA);
  });
});

describe('loading SS', () => {
  const cases: [string, number, bigint, number, number][] = [
    ['null', 0, 0n, 13, 0],
    ['RPL ≠ CPL', SEL.DATA | 1, 0n, 13, SEL.DATA],
    ['DPL ≠ CPL', SEL.USER_DATA & ~3, 0n, 13, SEL.USER_DATA & ~3],
    ['read-only', FREE, flatDescriptor(ACCESS.DATA_READ_ONLY), 13, FREE],
    ['code', SEL.CODE32, 0n, 13, SEL.CODE32],
    ['not present', FREE, flatDescriptor(ACCESS.DATA & ~ACCESS.PRESENT), 12, FREE],
  ];
  test.each(cases)('%s', (_name, selector, descriptor, vector, error) => {
    bench.protected();
    if (descriptor !== 0n) bench.descriptor(selector, descriptor);
    bench.code(32, (asm) => asm.movi('a', selector).movToSeg('ss', 'a'));
    expect(bench.faults()).toMatchObject({ vector, error });
  });

  test('null is good in 64-bit mode below level 3', () => {
    bench.long();
    bench.code(64, (asm) => asm.movi('a', 0).movToSeg('ss', 'a').nop().hlt());
    bench.halts();
  });
});

describe('access checks', () => {
  /** A segment in DS of 4 KiB at DATA, and code that uses it. */
  function using(access: number, flags: number, limit: number, address: number, write: boolean, size = 4) {
    bench.protected();
    bench.descriptor(FREE, segmentDescriptor(AT.DATA, limit, access, flags));
    bench.code(32, (asm) => {
      asm.movi('a', FREE).movToSeg('ds', 'a').movi('b', address);
      if (size === 1) asm.bytes(write ? 0x88 : 0x8a, 0x03);
      else write ? asm.storeAt('b', 'a') : asm.loadAt('a', 'b');
      asm.hlt();
    });
  }
  const AFTER = AT.CODE + 12;

  test.each([
    ['the last byte', ACCESS.DATA, FLAG.BIG, 0xfff, 0xfff, 1, true],
    ['one byte beyond', ACCESS.DATA, FLAG.BIG, 0xfff, 0x1000, 1, false],
    ['the last double word', ACCESS.DATA, FLAG.BIG, 0xfff, 0xffc, 4, true],
    ['a double word across', ACCESS.DATA, FLAG.BIG, 0xfff, 0xffd, 4, false],
    ['a double word at the end of 32 bits', ACCESS.DATA, FLAG.BIG, 0xfff, 0xffffffff, 4, false],
    ['expand-down: above the limit', ACCESS.DATA_EXPAND_DOWN, FLAG.BIG, 0xfff, 0x1000, 4, true],
    ['expand-down: at the limit', ACCESS.DATA_EXPAND_DOWN, FLAG.BIG, 0xfff, 0xfff, 4, false],
    ['expand-down, 16 bits: the end', ACCESS.DATA_EXPAND_DOWN, 0, 0xfff, 0xfffc, 4, true],
    ['expand-down, 16 bits: beyond', ACCESS.DATA_EXPAND_DOWN, 0, 0xfff, 0xfffd, 4, false],
    ['granular limit', ACCESS.DATA, FLAG.BIG | FLAG.GRANULAR, 0, 0xffc, 4, true],
    ['granular limit, beyond', ACCESS.DATA, FLAG.BIG | FLAG.GRANULAR, 0, 0xffd, 4, false],
  ] as const)('%s', (_name, access, flags, limit, address, size, good) => {
    for (const write of [false, true]) {
      bench.reset();
      using(access, flags, limit, address, write, size);
      if (good) bench.halts();
      else expect(bench.faults()).toMatchObject({ vector: 13, error: 0, rip: BigInt(AFTER) });
    }
  });

  test('read-only data and code are not written, execute-only code is not read', () => {
    for (const access of [ACCESS.DATA_READ_ONLY, ACCESS.CODE]) {
      bench.reset();
      using(access, FLAG.BIG, 0xfff, 0, false);
      bench.halts();
      bench.reset();
      using(access, FLAG.BIG, 0xfff, 0, true);
      expect(bench.faults()).toMatchObject({ vector: 13, error: 0 });
    }
    bench.reset().protected();
    bench.descriptor(FREE, flatDescriptor(ACCESS.CODE_EXECUTE_ONLY));
    bench.code(32, (asm) => asm.jmpFarTo(FREE, AT.CODE + 0x100));
    // cs: mov eax, [DATA]
    bench.code(32, (asm) => asm.bytes(0x2e).load('a', AT.DATA), AT.CODE + 0x100);
    expect(bench.faults()).toMatchObject({ vector: 13, error: 0, cs: FREE });
  });

  test('violations of SS are #SS(0)', () => {
    bench.protected();
    bench.descriptor(FREE, segmentDescriptor(0, AT.STACK - 1, ACCESS.DATA, FLAG.BIG));
    // A 16-bit task gate apart, only a stack that is good can take the frame.
    bench.code(32, (asm) =>
      asm
        .movi('a', FREE)
        .movToSeg('ss', 'a')
        .movi('bp', AT.STACK - 2)
        .bytes(0x8b, 0x45, 0x00),
    );
    expect(bench.faults()).toMatchObject({ vector: 12, error: 0 });
  });

  test('the stack pointer is as wide as SS says', () => {
    bench.protected();
    bench.code(32, (asm) =>
      asm.movi('sp', 0x12340004).movi('a', SEL.DATA16).movToSeg('ss', 'a').pushi(0x11).pushi(0x22).hlt(),
    );
    bench.halts();
    expect(bench.get('rsp')).toBe(0x1234fffcn);
    expect(bench.u32(0)).toBe(0x11);
    expect(bench.u32(0xfffc)).toBe(0x22);
  });

  test('in 64-bit mode limits and null selectors mean nothing, FS and GS have bases', () => {
    bench.long();
    bench.poke(AT.DATA, 0x1234n, 8);
    bench.code(64, (asm) =>
      asm
        .movi('a', 0)
        .movToSeg('ds', 'a')
        .load('b', AT.DATA)
        .setMsr(0xc0000100, BigInt(AT.DATA - 0x10))
        .bytes(0x64)
        .load('c', 0x10)
        .hlt(),
    );
    bench.halts();
    expect([bench.get('rbx'), bench.get('rcx')]).toEqual([0x1234n, 0x1234n]);
  });
});

describe('LLDT, LTR', () => {
  test('a segment in the LDT', () => {
    bench.protected();
    bench.descriptor(FREE, segmentDescriptor(AT.DATA, 0xf, ACCESS.PRESENT | TYPE.LDT, 0));
    bench.poke(AT.DATA + 8, segmentDescriptor(AT.FREE, 0xff, ACCESS.DATA, FLAG.BIG), 8);
    bench.poke(AT.FREE + 4, 0xabcd);
    bench.code(32, (asm) => asm.movi('a', FREE).lldt('a').movi('a', 0xc).movToSeg('ds', 'a').load('b', 4).hlt());
    bench.halts();
    expect(bench.get('rbx')).toBe(0xabcdn);
  });

  test('LTR marks the TSS busy and refuses a busy one', () => {
    bench.protected();
    bench.descriptor(FREE, segmentDescriptor(AT.DATA, 0x67, ACCESS.PRESENT | TYPE.TSS32, 0));
    bench.code(32, (asm) => asm.movi('a', FREE).ltr('a').ltr('a'));
    expect(bench.faults()).toMatchObject({ vector: 13, error: FREE, rip: BigInt(AT.CODE + 8) });
    expect(bench.u8(AT.GDT + FREE + 5) & 0xf).toBe(TYPE.TSS32 | 2);
  });

  test('LLDT of null empties it, at level 3 they are #GP(0)', () => {
    bench.protected();
    bench.code(32, (asm) => asm.movi('a', 0).lldt('a').movi('a', 4).movToSeg('ds', 'a'));
    expect(bench.faults()).toMatchObject({ vector: 13, error: 4 });
    bench.reset().protected({ user: true });
    bench.code(32, (asm) => asm.movi('a', 0).lldt('a'), AT.USER_CODE);
    expect(bench.faults()).toMatchObject({ vector: 13, error: 0, rip: BigInt(AT.USER_CODE + 5) });
  });

  test('DPL 3 descriptors are no way to system segments', () => {
    bench.protected();
    bench.descriptor(FREE, segmentDescriptor(AT.DATA, 0x67, ACCESS.PRESENT | DPL3 | TYPE.TSS32, 0));
    bench.code(32, (asm) => asm.movi('a', FREE | 3).movToSeg('ds', 'a'));
    expect(bench.faults()).toMatchObject({ vector: 13, error: FREE });
  });
});
