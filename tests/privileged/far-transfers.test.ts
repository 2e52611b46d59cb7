// Far calls, jumps and returns, and call gates (Intel SDM vol. 3, 5.8).

import { beforeEach, describe, expect, test } from 'vitest';
import { AT, Bench, SEL } from './bench.ts';
import { ACCESS, FLAG, flatDescriptor, gateDescriptor, segmentDescriptor, TYPE } from './descriptors.ts';

const bench = new Bench();
beforeEach(() => {
  bench.reset();
});

const FREE = SEL.FREE;

describe('far transfers', () => {
  test.each([
    ['null', 0, 0n, 13, 0],
    ['data', SEL.DATA, 0n, 13, SEL.DATA],
    ['of an outer level', SEL.USER_CODE32, 0n, 13, SEL.USER_CODE32 & ~3],
    ['not present', FREE, flatDescriptor(ACCESS.CODE & ~ACCESS.PRESENT), 11, FREE],
    ['RPL above CPL', SEL.CODE32 | 1, 0n, 13, SEL.CODE32],
    ['an LDT', FREE, flatDescriptor(ACCESS.PRESENT | TYPE.LDT), 13, FREE],
  ] as const)('to a segment that is %s', (_name, selector, descriptor, vector, error) => {
    for (const call of [false, true]) {
      bench.reset().protected();
      if (descriptor !== 0n) bench.descriptor(selector, descriptor);
      bench.code(32, (asm) => (call ? asm.callFar(selector, AT.CODE) : asm.jmpFarTo(selector, AT.CODE)));
      expect(bench.faults()).toMatchObject({ vector, error, rip: BigInt(AT.CODE) });
      expect(bench.get('rsp')).toBe(BigInt(AT.STACK - 16));
    }
  });

  test('a target beyond the limit', () => {
    bench.protected();
    bench.descriptor(FREE, segmentDescriptor(0, 0xfff, ACCESS.CODE, FLAG.BIG));
    bench.code(32, (asm) => asm.callFar(FREE, 0x1000));
    expect(bench.faults()).toMatchObject({ vector: 13, error: 0, rip: BigInt(AT.CODE) });
  });

  test('CALL and RETF at the same level', () => {
    bench.protected();
    bench.code(32, (asm) =>
      asm
        .pushi(0x99)
        .callFar(SEL.CODE32, AT.CODE + 0x100)
        .hlt(),
    );
    bench.code(32, (asm) => asm.retfi(4), AT.CODE + 0x100);
    bench.halts();
    expect(bench.get('rsp')).toBe(BigInt(AT.STACK));
  });

  test('a call gate to an inner level copies its parameters, RETF n releases them on both stacks', () => {
    bench.protected({ user: true });
    const gate = { selector: SEL.CODE32, offset: AT.CODE + 0x100, dpl: 3, type: TYPE.CALL32, low: 3 };
    bench.descriptor(FREE, gateDescriptor(gate));
    bench.code(
      32,
      (asm) =>
        asm
          .pushi(0x31)
          .pushi(0x32)
          .pushi(0x33)
          .callFar(FREE | 3)
          .ud2(),
      AT.USER_CODE,
    );
    // The inner code keeps its ESP, and what it finds there.
    bench.code(32, (asm) => asm.mov('c', 'sp').mov('b', 'sp').retfi(12), AT.CODE + 0x100);
    expect(bench.faults()).toMatchObject({
      vector: 6,
      cs: SEL.USER_CODE32,
      ss: SEL.USER_DATA,
      rsp: BigInt(AT.USER_STACK),
    });
    const top = AT.INNER_STACK;
    expect(bench.get('rcx')).toBe(BigInt(top - 28));
    const frame = [-28, -24, -20, -16, -12].map((at) => bench.u32(top + at));
    // The fault's frame lies over the first two slots: ESP and SS are the same there.
    expect(frame.slice(2)).toEqual([0x33, 0x32, 0x31].map((_, i) => bench.u32(top - 20 + i * 4)));
  });

  test('the frame of a call gate', () => {
    for (const [type, size] of [
      [TYPE.CALL32, 4],
      [TYPE.CALL16, 2],
    ] as const) {
      bench.reset().protected({ user: true });
      const gate = { selector: SEL.CODE32, offset: AT.HANDLERS + 0x800, dpl: 3, type, low: 2 };
      bench.descriptor(FREE, gateDescriptor(gate));
      bench.code(
        32,
        (asm) => {
          if (size === 4) asm.pushi(0x31).pushi(0x32);
          else asm.bytes(0x66, 0x6a, 0x31, 0x66, 0x6a, 0x32);
          asm.callFar(FREE | 3);
        },
        AT.USER_CODE,
      );
      bench.run();
      const at = Number(bench.get('rsp'));
      expect(at).toBe(AT.INNER_STACK - 6 * size);
      const slots = Array.from({ length: 6 }, (_, i) => (size === 4 ? bench.u32(at + i * 4) : bench.u16(at + i * 2)));
      const esp = AT.USER_STACK - 2 * size;
      const ip = AT.USER_CODE + (size === 4 ? 17 : 13);
      const mask = size === 4 ? 0xffffffff : 0xffff;
      expect(slots).toEqual([ip & mask, SEL.USER_CODE32, 0x32, 0x31, esp & mask, SEL.USER_DATA]);
    }
  });

  test('a 64-bit call gate is 16 bytes long', () => {
    bench.long({ user: true });
    bench.descriptor(
      FREE,
      gateDescriptor({ selector: SEL.CODE64, offset: AT.HANDLERS + 0x800, dpl: 3, type: TYPE.CALL32 }),
    );
    bench.descriptor(FREE + 8, 0n);
    bench.poke(AT.DATA, 0);
    bench.poke(AT.DATA + 4, FREE | 3, 2);
    bench.code(64, (asm) => asm.callFarAt(AT.DATA), AT.USER_CODE);
    bench.run();
    const at = Number(bench.get('rsp'));
    expect(at).toBe(AT.INNER_STACK - 32);
    expect([0, 8, 16, 24].map((i) => Number(bench.u64(at + i)))).toEqual([
      AT.USER_CODE + 7,
      SEL.USER_CODE64,
      AT.USER_STACK,
      SEL.USER_DATA,
    ]);
    expect(bench.selector('ss')).toBe(0);
  });

  test('gates of an inner level are not for outer code', () => {
    bench.protected({ user: true });
    bench.descriptor(FREE, gateDescriptor({ selector: SEL.CODE32, offset: AT.CODE, dpl: 2, type: TYPE.CALL32 }));
    bench.code(32, (asm) => asm.callFar(FREE | 3), AT.USER_CODE);
    expect(bench.faults()).toMatchObject({ vector: 13, error: FREE });
  });

  test('RETF to an inner level is #GP', () => {
    bench.protected({ user: true });
    bench.code(32, (asm) => asm.pushi(SEL.CODE32).pushi(AT.CODE).retf(), AT.USER_CODE);
    expect(bench.faults()).toMatchObject({ vector: 13, error: SEL.CODE32 });
  });
});
