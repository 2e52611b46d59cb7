// IRET in its forms (Intel SDM vol. 2, IRET): the same level, an outer one, virtual-8086 mode, 64-bit mode.

import { beforeEach, describe, expect, test } from 'vitest';
import { AT, Bench, FLAGS, SEL } from './bench.ts';

const bench = new Bench();
beforeEach(() => {
  bench.reset();
});

describe('IRET', () => {
  test('at the same level restores flags and leaves SP above the frame', () => {
    bench.protected();
    bench.code(32, (asm) =>
      asm
        .pushi(0xad7)
        .pushi(SEL.CODE32)
        .pushi(AT.CODE + 0x100)
        .iret(),
    );
    bench.code(32, (asm) => asm.hlt(), AT.CODE + 0x100);
    expect(bench.halts()).toBe(AT.CODE + 0x100);
    expect(bench.flags & 0xfd7).toBe(0xad7);
    expect(bench.get('rsp')).toBe(BigInt(AT.STACK));
  });

  test('to an outer level drops segments that it may not have', () => {
    bench.protected();
    bench.code(32, (asm) =>
      asm
        .movi('a', SEL.USER_DATA)
        .movToSeg('fs', 'a')
        .pushi(SEL.USER_DATA)
        .pushi(AT.USER_STACK)
        .pushi(2)
        .pushi(SEL.USER_CODE32)
        .pushi(AT.USER_CODE)
        .iret(),
    );
    bench.code(32, (asm) => asm.ud2(), AT.USER_CODE);
    expect(bench.faults()).toMatchObject({
      vector: 6,
      cs: SEL.USER_CODE32,
      ss: SEL.USER_DATA,
      rsp: BigInt(AT.USER_STACK),
    });
    expect(['ds', 'es', 'fs', 'gs'].map((name) => bench.selector(name as 'ds'))).toEqual([0, 0, SEL.USER_DATA, 0]);
  });

  test('at level 3 changes neither IF nor IOPL', () => {
    bench.protected({ user: true });
    bench.code(
      32,
      (asm) =>
        asm
          .pushi(FLAGS.IF | FLAGS.IOPL3 | 0xd7)
          .pushi(SEL.USER_CODE32)
          .pushi(AT.USER_CODE + 0x100)
          .iret(),
      AT.USER_CODE,
    );
    bench.code(32, (asm) => asm.ud2(), AT.USER_CODE + 0x100);
    expect(bench.faults().flags & 0x3fd7).toBe(0xd7);
  });

  test('IRETD to virtual-8086 mode and back by an exception', () => {
    bench.protected();
    bench.code(32, (asm) => {
      for (const selector of [0x4444, 0x3333, 0x2222, 0x1111, 0x0800]) asm.pushi(selector);
      asm
        .pushi(0x1000)
        .pushi(FLAGS.VM | 2)
        .pushi(AT.USER_CODE >> 4)
        .pushi(0x10)
        .iret();
    });
    bench.code(16, (asm) => asm.movi('a', 0x55aa).push('a').ud2(), AT.USER_CODE + 0x10);
    const frame = bench.faults();
    expect(frame).toMatchObject({ vector: 6, cs: AT.USER_CODE >> 4, ss: 0x800, rsp: 0xffen, rip: 0x14n });
    expect(frame.flags & FLAGS.VM).toBe(FLAGS.VM);
    expect(bench.u16(0x8000 + 0xffe)).toBe(0x55aa);
    // ES DS FS GS above SS.
    const at = Number(bench.get('rsp')) + 20;
    expect([0, 4, 8, 12].map((i) => bench.u32(at + i))).toEqual([0x1111, 0x2222, 0x3333, 0x4444]);
    expect(['ds', 'es', 'fs', 'gs'].map((name) => bench.selector(name as 'ds'))).toEqual([0, 0, 0, 0]);
    expect(bench.flags & FLAGS.VM).toBe(0);
  });

  test('in virtual-8086 mode CLI, PUSHF, INT n and IRET want IOPL 3', () => {
    for (const [code, allowed] of [
      [[0xfa], false],
      [[0x9c], false],
      [[0xcd, 0x30], false],
      [[0xcf], false],
      [[0xfa, 0x0f, 0x0b], true],
    ] as const) {
      bench.reset().protected();
      bench.gate(0x30, { dpl: 3 });
      bench.code(32, (asm) => {
        for (const selector of [0, 0, 0, 0, 0x0800]) asm.pushi(selector);
        asm
          .pushi(0x1000)
          .pushi(FLAGS.VM | 2 | (allowed ? FLAGS.IOPL3 : 0))
          .pushi(AT.USER_CODE >> 4)
          .pushi(0)
          .iret();
      });
      bench.code(16, (asm) => asm.bytes(...code), AT.USER_CODE);
      expect(bench.faults(), code.join()).toMatchObject(
        allowed ? { vector: 6, rip: 1n } : { vector: 13, error: 0, rip: 0n },
      );
    }
  });

  test('IRETQ pops five slots at any level, and may go to compatibility mode', () => {
    bench.long();
    bench.code(64, (asm) =>
      asm.pushi(SEL.USER_DATA).pushi(AT.USER_STACK).pushi(2).pushi(SEL.USER_CODE32).pushi(AT.USER_CODE).iret(),
    );
    bench.code(32, (asm) => asm.bytes(0x40).ud2(), AT.USER_CODE);
    expect(bench.faults()).toMatchObject({
      vector: 6,
      rip: BigInt(AT.USER_CODE + 1),
      cs: SEL.USER_CODE32,
      ss: SEL.USER_DATA,
    });
  });

  const broken: [string, [number, number, number, number, number | bigint], number, number][] = [
    ['a null CS', [SEL.DATA, AT.STACK, 2, 0, AT.CODE], 13, 0],
    ['CS beyond the GDT', [SEL.DATA, AT.STACK, 2, 0x2000, AT.CODE], 13, 0x2000],
    ['a data segment as CS', [SEL.DATA, AT.STACK, 2, SEL.DATA, AT.CODE], 13, SEL.DATA],
    ['RPL ≠ DPL of CS', [SEL.USER_DATA, AT.STACK, 2, SEL.CODE64 | 3, AT.CODE], 13, SEL.CODE64],
    ['a null SS for level 3', [3, AT.STACK, 2, SEL.USER_CODE64, AT.CODE], 13, 0],
    ['RPL of SS ≠ RPL of CS', [SEL.DATA, AT.STACK, 2, SEL.USER_CODE64, AT.CODE], 13, SEL.DATA],
    ['code as SS', [SEL.CODE64, AT.STACK, 2, SEL.CODE64, AT.CODE], 13, SEL.CODE64],
    ['RIP not canonical', [SEL.DATA, AT.STACK, 2, SEL.CODE64, 0x800000000000n], 13, 0],
  ];
  test.each(broken)('IRETQ with %s', (_name, frame, vector, error) => {
    bench.long();
    bench.code(64, (asm) => {
      for (const value of frame) asm.movi('a', value).push('a');
      asm.label('iret').iret();
    });
    expect(bench.faults()).toMatchObject({ vector, error, rsp: BigInt(AT.STACK - 40) });
    expect(bench.cpl).toBe(0);
  });

  test('IRETQ with a null SS below level 3 is good', () => {
    bench.long();
    bench.code(64, (asm) =>
      asm
        .pushi(0)
        .pushi(AT.STACK)
        .pushi(2)
        .pushi(SEL.CODE64)
        .pushi(AT.CODE + 0x100)
        .iret(),
    );
    bench.code(64, (asm) => asm.hlt(), AT.CODE + 0x100);
    expect(bench.halts()).toBe(AT.CODE + 0x100);
    expect(bench.selector('ss')).toBe(0);
  });

  test('with NT in long mode is #GP(0)', () => {
    bench.long({ flags: FLAGS.NT });
    bench.code(64, (asm) => asm.iret());
    expect(bench.faults()).toMatchObject({ vector: 13, error: 0 });
  });
});
