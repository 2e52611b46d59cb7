// Interrupts and exceptions through gates of every kind (Intel SDM vol. 3, chapter 6; vol. 2, INT n).

import { beforeEach, describe, expect, test } from 'vitest';
import { AT, Bench, FLAGS, SEL } from './bench.ts';
import { ACCESS, FLAG, flatDescriptor, segmentDescriptor, TYPE } from './descriptors.ts';

const bench = new Bench();
beforeEach(() => {
  bench.reset();
});

const GATE_ERROR = (vector: number) => vector * 8 + 2;
const EXT = 1;

describe('32-bit protected mode', () => {
  test('an interrupt gate clears IF, a trap gate does not, both clear TF and NT', () => {
    for (const [type, kept] of [
      [TYPE.INTERRUPT32, 0],
      [TYPE.TRAP32, FLAGS.IF],
    ] as const) {
      bench.reset().protected({ flags: FLAGS.IF | FLAGS.NT });
      bench.gate(0x30, { type });
      bench.code(32, (asm) => asm.int(0x30));
      const frame = bench.faults();
      expect(frame).toMatchObject({ vector: 0x30, rip: BigInt(AT.CODE + 2), cs: SEL.CODE32 });
      expect(frame.flags & (FLAGS.IF | FLAGS.NT)).toBe(FLAGS.IF | FLAGS.NT);
      expect(bench.flags & (FLAGS.IF | FLAGS.NT | FLAGS.TF)).toBe(kept);
      expect(bench.get('rsp')).toBe(BigInt(AT.STACK - 12));
    }
  });

  test('16-bit gates push 16 bits each and take 16 bits of offset', () => {
    for (const type of [TYPE.INTERRUPT16, TYPE.TRAP16]) {
      bench.reset().protected();
      bench.gate(0x30, { type, offset: AT.HANDLERS + 0x30 * 16 + 0x50000 });
      bench.code(32, (asm) => asm.int(0x30));
      bench.run();
      expect(bench.get('rip')).toBe(BigInt(AT.HANDLERS + 0x30 * 16 + 1));
      expect(bench.get('rsp')).toBe(BigInt(AT.STACK - 6));
      expect(bench.frame(0x30, 2)).toMatchObject({ rip: 2n, cs: SEL.CODE32 });
    }
  });

  test('to an inner level the stack comes from the TSS, and SS:ESP is pushed', () => {
    bench.protected({ user: true });
    bench.gate(0x30, { dpl: 3 });
    bench.code(32, (asm) => asm.int(0x30), AT.USER_CODE);
    expect(bench.faults()).toMatchObject({ cs: SEL.USER_CODE32, ss: SEL.USER_DATA, rsp: BigInt(AT.USER_STACK) });
    expect(bench.get('rsp')).toBe(BigInt(AT.INNER_STACK - 20));
    expect(bench.cpl).toBe(0);
    expect(bench.selector('ss')).toBe(SEL.DATA);
    expect(bench.selector('cs')).toBe(SEL.CODE32);
  });

  test('a conforming handler runs at the level it found', () => {
    bench.protected({ user: true });
    bench.descriptor(SEL.FREE, flatDescriptor(ACCESS.CODE_CONFORMING));
    bench.gate(0x30, { dpl: 3, selector: SEL.FREE, offset: AT.USER_CODE + 0x100 });
    bench.code(32, (asm) => asm.int(0x30), AT.USER_CODE);
    bench.code(32, (asm) => asm.movFromSeg('a', 'cs').ud2(), AT.USER_CODE + 0x100);
    expect(bench.faults()).toMatchObject({ vector: 6, cs: SEL.FREE | 3 });
  });

  test('INT n from level 3 is held back by the gate’s DPL, exceptions and INT1 are not', () => {
    const cases: [number[], number, number | undefined][] = [
      [[0xcd, 0x30], 13, GATE_ERROR(0x30)],
      [[0xcc], 13, GATE_ERROR(3)],
      [[0x0f, 0x0b], 6, undefined],
      [[0xf1], 1, undefined],
    ];
    for (const [code, vector, error] of cases) {
      bench.reset().protected({ user: true });
      bench.code(32, (asm) => asm.bytes(...code), AT.USER_CODE);
      const after = vector === 1 ? code.length : 0;
      expect(bench.faults()).toMatchObject({ vector, error, rip: BigInt(AT.USER_CODE + after) });
    }
  });

  const broken: [string, () => void, number, number][] = [
    ['a gate that is not present', () => bench.gate(0x30, { present: false }), 11, GATE_ERROR(0x30)],
    ['a call gate in the IDT', () => bench.gate(0x30, { type: TYPE.CALL32 }), 13, GATE_ERROR(0x30)],
    [
      'a gate beyond the IDT’s limit',
      () => bench.vcpu.registers.setTable('idt', BigInt(AT.IDT), 0x30 * 8 + 6),
      13,
      GATE_ERROR(0x30),
    ],
    ['a null code segment', () => bench.gate(0x30, { selector: 3 }), 13, 0],
    ['a code segment beyond the GDT', () => bench.gate(0x30, { selector: 0x2000 }), 13, 0x2000],
    ['a data segment', () => bench.gate(0x30, { selector: SEL.DATA }), 13, SEL.DATA],
    [
      'a code segment of an outer level',
      () => bench.gate(0x30, { selector: SEL.USER_CODE32 }),
      13,
      SEL.USER_CODE32 & ~3,
    ],
    [
      'a code segment that is not present',
      () => {
        bench.descriptor(SEL.FREE, flatDescriptor(ACCESS.CODE & ~ACCESS.PRESENT));
        bench.gate(0x30, { selector: SEL.FREE });
      },
      11,
      SEL.FREE,
    ],
    [
      'an offset beyond the code segment',
      () => {
        bench.descriptor(SEL.FREE, segmentDescriptor(0, 0xfff, ACCESS.CODE, FLAG.BIG));
        bench.gate(0x30, { selector: SEL.FREE, offset: 0x1000 });
      },
      13,
      0,
    ],
  ];
  test.each(broken)('%s', (_name, spoil, vector, error) => {
    bench.protected();
    spoil();
    bench.code(32, (asm) => asm.int(0x30));
    expect(bench.faults()).toMatchObject({ vector, error, rip: BigInt(AT.CODE) });
  });

  test.each(broken)('%s, met by an external interrupt, sets EXT', (_name, spoil, vector, error) => {
    bench.protected({ flags: FLAGS.IF });
    spoil();
    bench.picVector = 0x30;
    bench.vcpu.setIntr(true);
    bench.code(32, (asm) => asm.nop());
    expect(bench.faults()).toMatchObject({ vector, error: error | EXT, rip: BigInt(AT.CODE) });
  });

  const stacks: [string, () => void, number, number][] = [
    ['null', () => bench.poke(AT.TSS + 8, 0, 2), 10, 0],
    ['beyond the GDT', () => bench.poke(AT.TSS + 8, 0x2000, 2), 10, 0x2000],
    ['of the wrong RPL', () => bench.poke(AT.TSS + 8, SEL.DATA | 3, 2), 10, SEL.DATA],
    ['a code segment', () => bench.poke(AT.TSS + 8, SEL.CODE32, 2), 10, SEL.CODE32],
    [
      'not present',
      () => {
        bench.descriptor(SEL.FREE, flatDescriptor(ACCESS.DATA & ~ACCESS.PRESENT));
        bench.poke(AT.TSS + 8, SEL.FREE, 2);
      },
      12,
      SEL.FREE,
    ],
    [
      'too small',
      () => {
        bench.descriptor(SEL.FREE, segmentDescriptor(0, 0xfff, ACCESS.DATA, FLAG.BIG));
        bench.poke(AT.TSS + 8, SEL.FREE, 2);
      },
      12,
      SEL.FREE,
    ],
  ];
  test.each(stacks)('the inner stack is %s', (_name, spoil, vector, error) => {
    bench.protected({ user: true });
    spoil();
    // What reports it must not use the same stack: a conforming handler stays outside.
    bench.descriptor(SEL.FREE + 8, flatDescriptor(ACCESS.CODE_CONFORMING));
    for (const v of [10, 12]) bench.gate(v, { selector: SEL.FREE + 8, offset: AT.USER_CODE + 0x100 + v });
    bench.gate(0x30, { dpl: 3 });
    bench.code(32, (asm) => asm.int(0x30), AT.USER_CODE);
    bench.code(32, (asm) => asm.bytes(0xeb, 0xfe, 0xeb, 0xfe), AT.USER_CODE + 0x100 + 10);
    bench.run(100);
    expect(bench.get('rip')).toBe(BigInt(AT.USER_CODE + 0x100 + vector));
    expect(bench.frame(vector)).toMatchObject({ error, rip: BigInt(AT.USER_CODE) });
  });

  test('exceptions push their error codes', () => {
    bench.protected();
    bench.code(32, (asm) => asm.movi('a', 0x2004).movToSeg('ds', 'a'));
    expect(bench.faults()).toMatchObject({ vector: 13, error: 0x2004 });
    expect(bench.get('rsp')).toBe(BigInt(AT.STACK - 16));
  });

  test('INT3 and INTO are traps, BOUND and DIV are faults', () => {
    const cases: [number[], number, number][] = [
      [[0xcc], 3, 1],
      [[0xb8, 0, 0, 0, 0x80, 0xff, 0xc8, 0xce], 4, 8],
      [[0x31, 0xc9, 0xf7, 0xf1], 0, 2],
      [[0xb8, 5, 0, 0, 0, 0x62, 0x05, 0, 0, 2, 0], 5, 5],
    ];
    for (const [code, vector, offset] of cases) {
      bench.reset().protected();
      bench.code(32, (asm) => asm.bytes(...code));
      expect(bench.faults()).toMatchObject({ vector, rip: BigInt(AT.CODE + offset) });
    }
  });

  test('faults save RF, traps and interrupts do not', () => {
    const rf = (code: number[]) => {
      bench.reset().protected();
      bench.code(32, (asm) => asm.bytes(...code));
      return (bench.faults().flags & FLAGS.RF) !== 0;
    };
    expect(rf([0x0f, 0x0b])).toBe(true);
    expect(rf([0xcc])).toBe(false);
    expect(rf([0xcd, 0x30])).toBe(false);
  });
});

describe('64-bit mode', () => {
  test('the stack is aligned, SS:RSP pushed always, and stays at the same level', () => {
    bench.long();
    bench.code(64, (asm) => asm.movi('sp', AT.STACK - 3).int(0x30));
    expect(bench.faults()).toMatchObject({ vector: 0x30, rsp: BigInt(AT.STACK - 3), ss: SEL.DATA, cs: SEL.CODE64 });
    expect(bench.get('rsp')).toBe(BigInt(AT.STACK - 16 - 40));
    expect(bench.selector('ss')).toBe(SEL.DATA);
  });

  test('an inner level takes RSP0 and a null SS', () => {
    bench.long({ user: true });
    bench.code(64, (asm) => asm.ud2(), AT.USER_CODE);
    expect(bench.faults()).toMatchObject({ vector: 6, cs: SEL.USER_CODE64, ss: SEL.USER_DATA });
    expect(bench.selector('ss')).toBe(0);
    expect(bench.get('rsp')).toBe(BigInt(AT.INNER_STACK - 40));
  });

  test('IST', () => {
    bench.long();
    bench.gate64(6, { low: 1 });
    bench.code(64, (asm) => asm.ud2());
    expect(bench.faults()).toMatchObject({ vector: 6, rsp: BigInt(AT.STACK), ss: SEL.DATA });
    expect(bench.get('rsp')).toBe(BigInt(AT.IST_STACK - 40));
  });

  test('an interrupt from compatibility mode', () => {
    bench.long({ user: true, compatibility: true });
    bench.code(32, (asm) => asm.ud2(), AT.USER_CODE);
    expect(bench.faults()).toMatchObject({ vector: 6, cs: SEL.USER_CODE32, ss: SEL.USER_DATA });
  });

  const broken: [string, () => void, number, number][] = [
    ['a 32-bit code segment', () => bench.gate64(0x30, { selector: SEL.CODE32 }), 13, SEL.CODE32],
    ['a task gate', () => bench.gate64(0x30, { type: TYPE.TASK_GATE }), 13, GATE_ERROR(0x30)],
    ['a 16-bit gate', () => bench.gate64(0x30, { type: TYPE.INTERRUPT16 }), 13, GATE_ERROR(0x30)],
    ['not present', () => bench.gate64(0x30, { present: false }), 11, GATE_ERROR(0x30)],
    ['an offset that is not canonical', () => bench.gate64(0x30, { offset: 0x800000000000n }), 13, 0],
    [
      'half a gate within the limit',
      () => bench.vcpu.registers.setTable('idt', BigInt(AT.IDT), 0x30 * 16 + 8),
      13,
      GATE_ERROR(0x30),
    ],
    [
      'an IST entry that is not canonical',
      () => {
        bench.gate64(0x30, { low: 2 });
        bench.poke(AT.TSS + 0x2c, 0x800000000000n, 8);
      },
      12,
      0,
    ],
    [
      'an IST entry beyond the TSS',
      () => {
        bench.gate64(0x30, { low: 7 });
        const tr = bench.vcpu.registers.segment('tr');
        bench.vcpu.registers.setSegment('tr', { ...tr, limit: 0x50 });
      },
      10,
      SEL.TSS,
    ],
  ];
  test.each(broken)('%s', (_name, spoil, vector, error) => {
    bench.long();
    spoil();
    bench.code(64, (asm) => asm.int(0x30));
    expect(bench.faults()).toMatchObject({ vector, error, rip: BigInt(AT.CODE) });
  });
});

describe('real mode', () => {
  test('INT pushes FLAGS CS IP, clears IF and TF; IRET takes them back', () => {
    bench.real();
    bench.poke(0x30 * 4, AT.CODE + 0x100 - AT.CODE + ((AT.CODE >> 4) << 16), 4);
    bench.code(16, (asm) => asm.sti().int(0x30).hlt());
    bench.code(16, (asm) => asm.pushf().pop('b').iret(), AT.CODE + 0x100);
    expect(bench.run()).toBe('halt');
    expect(bench.get('rip')).toBe(4n);
    expect(Number(bench.get('rbx')) & FLAGS.IF).toBe(0);
    expect(bench.flags & FLAGS.IF).toBe(FLAGS.IF);
    expect(bench.get('rsp')).toBe(BigInt(AT.STACK));
  });

  test('the limit of the vector table is kept', () => {
    bench.real();
    bench.vcpu.registers.setTable('idt', 0n, 0x30 * 4 + 2);
    bench.code(16, (asm) => asm.int(0x30));
    expect(bench.faults()).toMatchObject({ vector: 13, rip: 0n });
  });
});
