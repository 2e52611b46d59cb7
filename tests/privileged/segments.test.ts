// Segments: loading them, their limits and types, call gates and far returns, task switches (Intel SDM vol. 3, chapters 3, 5, 7).

import { beforeEach, describe, expect, test } from 'vitest';
import { AT, Bench, CR0, FLAGS, SEL } from './bench.ts';
import { ACCESS, FLAG, flatDescriptor, gateDescriptor, segmentDescriptor, TYPE } from './descriptors.ts';

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
    bench.code(32, (asm) => asm.movi('a', FREE | 3).movToSeg('ds', 'a').load('b', AT.DATA).ud2(), AT.USER_CODE);
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
    bench.code(32, (asm) => asm.movi('a', FREE).movToSeg('ss', 'a').movi('bp', AT.STACK - 2).bytes(0x8b, 0x45, 0x00));
    expect(bench.faults()).toMatchObject({ vector: 12, error: 0 });
  });

  test('the stack pointer is as wide as SS says', () => {
    bench.protected();
    bench.code(32, (asm) => asm.movi('sp', 0x12340004).movi('a', SEL.DATA16).movToSeg('ss', 'a').pushi(0x11).pushi(0x22).hlt());
    bench.halts();
    expect(bench.get('rsp')).toBe(0x1234fffcn);
    expect(bench.u32(0)).toBe(0x11);
    expect(bench.u32(0xfffc)).toBe(0x22);
  });

  test('in 64-bit mode limits and null selectors mean nothing, FS and GS have bases', () => {
    bench.long();
    bench.poke(AT.DATA, 0x1234n, 8);
    bench.code(64, (asm) =>
      asm.movi('a', 0).movToSeg('ds', 'a').load('b', AT.DATA).setMsr(0xc0000100, BigInt(AT.DATA - 0x10))
        .bytes(0x64).load('c', 0x10).hlt(),
    );
    bench.halts();
    expect([bench.get('rbx'), bench.get('rcx')]).toEqual([0x1234n, 0x1234n]);
  });
});

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
    bench.code(32, (asm) => asm.pushi(0x99).callFar(SEL.CODE32, AT.CODE + 0x100).hlt());
    bench.code(32, (asm) => asm.retfi(4), AT.CODE + 0x100);
    bench.halts();
    expect(bench.get('rsp')).toBe(BigInt(AT.STACK));
  });

  test('a call gate to an inner level copies its parameters, RETF n releases them on both stacks', () => {
    bench.protected({ user: true });
    const gate = { selector: SEL.CODE32, offset: AT.CODE + 0x100, dpl: 3, type: TYPE.CALL32, low: 3 };
    bench.descriptor(FREE, gateDescriptor(gate));
    bench.code(32, (asm) => asm.pushi(0x31).pushi(0x32).pushi(0x33).callFar(FREE | 3).ud2(), AT.USER_CODE);
    // The inner code keeps its ESP, and what it finds there.
    bench.code(32, (asm) => asm.mov('c', 'sp').mov('b', 'sp').retfi(12), AT.CODE + 0x100);
    expect(bench.faults()).toMatchObject({ vector: 6, cs: SEL.USER_CODE32, ss: SEL.USER_DATA, rsp: BigInt(AT.USER_STACK) });
    const top = AT.INNER_STACK;
    expect(bench.get('rcx')).toBe(BigInt(top - 28));
    const frame = [-28, -24, -20, -16, -12].map((at) => bench.u32(top + at));
    // The fault's frame lies over the first two slots: ESP and SS are the same there.
    expect(frame.slice(2)).toEqual([0x33, 0x32, 0x31].map((_, i) => bench.u32(top - 20 + i * 4)));
  });

  test('the frame of a call gate', () => {
    for (const [type, size] of [[TYPE.CALL32, 4], [TYPE.CALL16, 2]] as const) {
      bench.reset().protected({ user: true });
      const gate = { selector: SEL.CODE32, offset: AT.HANDLERS + 0x800, dpl: 3, type, low: 2 };
      bench.descriptor(FREE, gateDescriptor(gate));
      bench.code(32, (asm) => {
        if (size === 4) asm.pushi(0x31).pushi(0x32);
        else asm.bytes(0x66, 0x6a, 0x31, 0x66, 0x6a, 0x32);
        asm.callFar(FREE | 3);
      }, AT.USER_CODE);
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
    bench.descriptor(FREE, gateDescriptor({ selector: SEL.CODE64, offset: AT.HANDLERS + 0x800, dpl: 3, type: TYPE.CALL32 }));
    bench.descriptor(FREE + 8, 0n);
    bench.poke(AT.DATA, 0);
    bench.poke(AT.DATA + 4, FREE | 3, 2);
    bench.code(64, (asm) => asm.callFarAt(AT.DATA), AT.USER_CODE);
    bench.run();
    const at = Number(bench.get('rsp'));
    expect(at).toBe(AT.INNER_STACK - 32);
    expect([0, 8, 16, 24].map((i) => Number(bench.u64(at + i)))).toEqual([AT.USER_CODE + 7, SEL.USER_CODE64, AT.USER_STACK, SEL.USER_DATA]);
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

describe('task switches', () => {
  const TASK = FREE;
  const GATE = FREE + 8;
  const NEW = AT.DATA;

  /** A 32-bit task state segment at NEW, for code at CODE + 0x100. */
  function newTask(overrides: Record<number, number> = {}, access: number = ACCESS.PRESENT | TYPE.TSS32): void {
    bench.descriptor(TASK, segmentDescriptor(NEW, 0x67, access, 0));
    const fields: Record<number, number> = {
      0x20: AT.CODE + 0x100, 0x24: 2, 0x28: 0xa0, 0x2c: 0xc0, 0x30: 0xd0, 0x34: 0xb0, 0x38: AT.IST_STACK, 0x3c: 0xb1, 0x40: 0x51, 0x44: 0xd1,
      0x48: SEL.DATA, 0x4c: SEL.CODE32, 0x50: SEL.DATA, 0x54: SEL.DATA, 0x58: 0, 0x5c: SEL.DATA, 0x60: 0, 0x64: 0x680000,
      ...overrides,
    };
    for (const [at, value] of Object.entries(fields)) bench.poke(NEW + Number(at), value);
    bench.code(32, (asm) => asm.hlt(), AT.CODE + 0x100);
  }
  const typeOf = (selector: number) => bench.u8(AT.GDT + selector + 5) & 0xf;

  test('JMP saves the old state, takes the new, and passes the busy bit on', () => {
    bench.protected();
    newTask();
    bench.code(32, (asm) => asm.movi('a', 0x1111).movi('d', 0x2222).jmpFarTo(TASK));
    expect(bench.halts()).toBe(AT.CODE + 0x100);
    expect(['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi'].map((name) => Number(bench.get(name as 'rax')))).toEqual([
      0xa0, 0xc0, 0xd0, 0xb0, AT.IST_STACK, 0xb1, 0x51, 0xd1,
    ]);
    expect([typeOf(SEL.TSS), typeOf(TASK)]).toEqual([TYPE.TSS32, TYPE.TSS32 | 2]);
    expect(bench.u32(AT.TSS + 0x20)).toBe(AT.CODE + 17);
    expect([bench.u32(AT.TSS + 0x28), bench.u32(AT.TSS + 0x30), bench.u32(AT.TSS + 0x38)]).toEqual([0x1111, 0x2222, AT.STACK]);
    expect(bench.u16(AT.TSS + 0x4c)).toBe(SEL.CODE32);
    expect(bench.selector('tr')).toBe(TASK);
    expect(bench.get('cr0') & CR0.TS).toBe(CR0.TS);
    expect(bench.flags & FLAGS.NT).toBe(0);
  });

  test('CALL nests, IRET with NT returns', () => {
    bench.protected();
    newTask();
    bench.code(32, (asm) => asm.movi('a', 0x1111).callFar(TASK).hlt());
    bench.code(32, (asm) => asm.movi('a', 0x77).iret().hlt(), AT.CODE + 0x100);
    expect(bench.halts()).toBe(AT.CODE + 12);
    expect(bench.get('rax')).toBe(0x1111n);
    expect(bench.u16(NEW)).toBe(SEL.TSS);
    expect([typeOf(SEL.TSS), typeOf(TASK)]).toEqual([TYPE.TSS32 | 2, TYPE.TSS32]);
    expect(bench.u32(NEW + 0x28)).toBe(0x77);
    // It goes on where it was left: after its IRET.
    expect(bench.u32(NEW + 0x20)).toBe(AT.CODE + 0x106);
    expect(bench.flags & FLAGS.NT).toBe(0);
  });

  test('an exception through a task gate pushes its error code on the new stack', () => {
    bench.protected();
    newTask();
    bench.gate(13, { type: TYPE.TASK_GATE, selector: TASK, offset: 0 });
    bench.code(32, (asm) => asm.movi('a', 0x2004).movToSeg('ds', 'a'));
    expect(bench.halts()).toBe(AT.CODE + 0x100);
    expect(bench.get('rsp')).toBe(BigInt(AT.IST_STACK - 4));
    expect(bench.u32(AT.IST_STACK - 4)).toBe(0x2004);
    expect(bench.u32(AT.TSS + 0x20)).toBe(AT.CODE + 5);
    expect(bench.flags & FLAGS.NT).toBe(FLAGS.NT);
  });

  test('a task gate in the GDT, and one from level 3', () => {
    bench.protected({ user: true });
    newTask();
    bench.descriptor(GATE, gateDescriptor({ type: TYPE.TASK_GATE, selector: TASK, offset: 0, dpl: 3 }));
    bench.code(32, (asm) => asm.jmpFarTo(GATE | 3), AT.USER_CODE);
    expect(bench.halts()).toBe(AT.CODE + 0x100);
    expect(bench.cpl).toBe(0);
  });

  test('a 16-bit task', () => {
    bench.protected();
    bench.descriptor(TASK, segmentDescriptor(NEW, 0x2b, ACCESS.PRESENT | TYPE.TSS16, 0));
    const words: Record<number, number> = {
      0x0e: 0x800, 0x10: 2, 0x12: 0x1a, 0x14: 0x1c, 0x16: 0x1d, 0x18: 0x1b, 0x1a: AT.STACK, 0x1c: 5, 0x1e: 6, 0x20: 7,
      0x22: SEL.DATA, 0x24: SEL.CODE32, 0x26: SEL.DATA, 0x28: SEL.DATA, 0x2a: 0,
    };
    for (const [at, value] of Object.entries(words)) bench.poke(NEW + Number(at), value, 2);
    bench.poke(0x800, 0xf4, 1);
    bench.code(32, (asm) => asm.jmpFarTo(TASK));
    expect(bench.halts()).toBe(0x800);
    expect(Number(bench.get('rax')) & 0xffff).toBe(0x1a);
    expect([bench.selector('fs'), bench.selector('gs')]).toEqual([0, 0]);
  });

  test.each([
    ['busy', () => newTask({}, ACCESS.PRESENT | TYPE.TSS32 | 2), 13, TASK],
    ['not present', () => newTask({}, TYPE.TSS32), 11, TASK],
    [
      'too short',
      () => {
        newTask();
        bench.descriptor(TASK, segmentDescriptor(NEW, 0x66, ACCESS.PRESENT | TYPE.TSS32, 0));
      },
      10,
      TASK,
    ],
  ] as const)('to one that is %s faults in the old task', (_name, make, vector, error) => {
    bench.protected();
    make();
    bench.code(32, (asm) => asm.callFar(TASK));
    expect(bench.faults()).toMatchObject({ vector, error, rip: BigInt(AT.CODE) });
    expect(bench.selector('tr')).toBe(SEL.TSS);
  });

  test.each([
    ['CS', { 0x4c: SEL.DATA }, 10, SEL.DATA],
    ['SS', { 0x50: SEL.CODE32 }, 10, SEL.CODE32],
    ['DS', { 0x54: 0x2000 }, 10, 0x2000],
    ['LDT', { 0x60: SEL.DATA }, 10, SEL.DATA],
  ] as const)('a bad %s is the new task’s fault', (name, fields, vector, error) => {
    bench.protected();
    newTask(fields);
    // A handler in a task of its own can always be entered.
    const other = FREE + 16;
    bench.descriptor(other, segmentDescriptor(AT.FREE, 0x67, ACCESS.PRESENT | TYPE.TSS32, 0));
    const state: Record<number, number> = {
      0x20: AT.CODE + 0x200, 0x24: 2, 0x38: AT.IST_STACK, 0x48: SEL.DATA, 0x4c: SEL.CODE32, 0x50: SEL.DATA, 0x54: SEL.DATA,
    };
    for (const [at, value] of Object.entries(state)) bench.poke(AT.FREE + Number(at), value);
    bench.gate(vector, { type: TYPE.TASK_GATE, selector: other, offset: 0 });
    bench.code(32, (asm) => asm.hlt(), AT.CODE + 0x200);
    bench.code(32, (asm) => asm.jmpFarTo(TASK));
    expect(bench.halts(), name).toBe(AT.CODE + 0x200);
    expect(bench.u32(AT.IST_STACK - 4)).toBe(error);
    expect(bench.u16(AT.FREE)).toBe(TASK);
    expect(bench.u32(NEW + 0x20)).toBe(AT.CODE + 0x100);
  });

  test('to virtual-8086 mode', () => {
    bench.protected();
    newTask({ 0x20: 0x10, 0x24: FLAGS.VM | 2, 0x4c: AT.USER_CODE >> 4, 0x50: 0x800, 0x38: 0x1000, 0x04: 0 });
    bench.poke(NEW + 4, AT.INNER_STACK);
    bench.poke(NEW + 8, SEL.DATA);
    bench.code(16, (asm) => asm.ud2(), AT.USER_CODE + 0x10);
    bench.code(32, (asm) => asm.jmpFarTo(TASK));
    expect(bench.faults()).toMatchObject({ vector: 6, rip: 0x10n, cs: AT.USER_CODE >> 4, ss: 0x800, rsp: 0x1000n });
  });

  test('the T bit raises #DB in the new task', () => {
    bench.protected();
    newTask({ 0x64: 0x680001 });
    bench.code(32, (asm) => asm.jmpFarTo(TASK));
    expect(bench.faults()).toMatchObject({ vector: 1, rip: BigInt(AT.CODE + 0x100) });
    expect(bench.dr(6) & 0x8000n).toBe(0x8000n);
  });

  test('there are none in long mode', () => {
    bench.long();
    bench.descriptor(TASK, segmentDescriptor(NEW, 0x67, ACCESS.PRESENT | TYPE.TSS32, 0));
    bench.descriptor(TASK + 8, 0n);
    bench.poke(AT.DATA + 0x100, 0);
    bench.poke(AT.DATA + 0x104, TASK, 2);
    bench.code(64, (asm) => asm.jmpFarAt(AT.DATA + 0x100));
    expect(bench.faults()).toMatchObject({ vector: 13, error: TASK });
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
