// Hardware task switches (Intel SDM vol. 3, chapter 7).

import { beforeEach, describe, expect, test } from 'vitest';
import { AT, Bench, CR0, FLAGS, SEL } from './bench.ts';
import { ACCESS, gateDescriptor, segmentDescriptor, TYPE } from './descriptors.ts';

const bench = new Bench();
beforeEach(() => {
  bench.reset();
});

const FREE = SEL.FREE;

describe('task switches', () => {
  const TASK = FREE;
  const GATE = FREE + 8;
  const NEW = AT.DATA;

  /** A 32-bit task state segment at NEW, for code at CODE + 0x100. */
  function newTask(overrides: Record<number, number> = {}, access: number = ACCESS.PRESENT | TYPE.TSS32): void {
    bench.descriptor(TASK, segmentDescriptor(NEW, 0x67, access, 0));
    const fields: Record<number, number> = {
      32: AT.CODE + 0x100,
      36: 2,
      40: 0xa0,
      44: 0xc0,
      48: 0xd0,
      52: 0xb0,
      56: AT.IST_STACK,
      60: 0xb1,
      64: 0x51,
      68: 0xd1,
      72: SEL.DATA,
      76: SEL.CODE32,
      80: SEL.DATA,
      84: SEL.DATA,
      88: 0,
      92: SEL.DATA,
      96: 0,
      100: 0x680000,
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
    expect(
      ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi'].map((name) => Number(bench.get(name as 'rax'))),
    ).toEqual([0xa0, 0xc0, 0xd0, 0xb0, AT.IST_STACK, 0xb1, 0x51, 0xd1]);
    expect([typeOf(SEL.TSS), typeOf(TASK)]).toEqual([TYPE.TSS32, TYPE.TSS32 | 2]);
    expect(bench.u32(AT.TSS + 0x20)).toBe(AT.CODE + 17);
    expect([bench.u32(AT.TSS + 0x28), bench.u32(AT.TSS + 0x30), bench.u32(AT.TSS + 0x38)]).toEqual([
      0x1111,
      0x2222,
      AT.STACK,
    ]);
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
      14: 0x800,
      16: 2,
      18: 0x1a,
      20: 0x1c,
      22: 0x1d,
      24: 0x1b,
      26: AT.STACK,
      28: 5,
      30: 6,
      32: 7,
      34: SEL.DATA,
      36: SEL.CODE32,
      38: SEL.DATA,
      40: SEL.DATA,
      42: 0,
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
    ['CS', { 76: SEL.DATA }, 10, SEL.DATA],
    ['SS', { 80: SEL.CODE32 }, 10, SEL.CODE32],
    ['DS', { 84: 0x2000 }, 10, 0x2000],
    ['LDT', { 96: SEL.DATA }, 10, SEL.DATA],
  ] as const)('a bad %s is the new task’s fault', (name, fields, vector, error) => {
    bench.protected();
    newTask(fields);
    // A handler in a task of its own can always be entered.
    const other = FREE + 16;
    bench.descriptor(other, segmentDescriptor(AT.FREE, 0x67, ACCESS.PRESENT | TYPE.TSS32, 0));
    const state: Record<number, number> = {
      32: AT.CODE + 0x200,
      36: 2,
      56: AT.IST_STACK,
      72: SEL.DATA,
      76: SEL.CODE32,
      80: SEL.DATA,
      84: SEL.DATA,
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
    newTask({ 32: 0x10, 36: FLAGS.VM | 2, 76: AT.USER_CODE >> 4, 80: 0x800, 56: 0x1000, 4: 0 });
    bench.poke(NEW + 4, AT.INNER_STACK);
    bench.poke(NEW + 8, SEL.DATA);
    bench.code(16, (asm) => asm.ud2(), AT.USER_CODE + 0x10);
    bench.code(32, (asm) => asm.jmpFarTo(TASK));
    expect(bench.faults()).toMatchObject({ vector: 6, rip: 0x10n, cs: AT.USER_CODE >> 4, ss: 0x800, rsp: 0x1000n });
  });

  test('the T bit raises #DB in the new task', () => {
    bench.protected();
    newTask({ 100: 0x680001 });
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
