// Single-stepping, breakpoints and interrupt shadows (Intel SDM vol. 3, 6.8.3 and chapter 18).

import * as layout from '@vizor/asm/layout/cpu';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Assembler } from './assemble.ts';
import { AT, Bench, CR4, FLAGS, SEL } from './bench.ts';
import { TYPE } from './descriptors.ts';

const bench = new Bench();
beforeEach(() => {
  bench.reset();
});

const DR6 = Object.freeze({ BS: 0x4000n, BD: 0x2000n, HITS: 0xfn });
/** DR7: local enable of breakpoint n, its kind and its length. */
const arm = (n: number, kind: number, length: number) =>
  (1 << (n * 2)) | (kind << (16 + n * 4)) | (length << (18 + n * 4));
const EXECUTE = 0;
const WRITE = 1;
const IO = 2;
const ACCESS = 3;

/** RIPs at which #DB was raised while `code` ran with TF set by POPF, and DR6 each time. */
function trace(build: Parameters<Bench['code']>[1], setup: () => void = () => {}): { rips: number[]; dr6: bigint[] } {
  bench.long();
  setup();
  // The handler logs by a port write, clears DR6, sets RF in the frame, as is its duty after an instruction breakpoint
  // (18.3.1.1), and returns.
  bench.gate64(1, { offset: AT.CODE + 0x800, low: 1 });
  const rips: number[] = [];
  const dr6: bigint[] = [];
  bench.onOut = (port) => {
    if (port !== 0xdb) return;
    rips.push(Number(bench.u64(Number(bench.get('rsp')) + 8)) - AT.CODE);
    dr6.push(bench.dr(6) & 0xf00fn);
  };
  bench.code(
    64,
    (asm) =>
      asm.push('a').out8(0xdb).movi('a', 0).movToDr(6, 'a').pop('a').bytes(0x81, 0x4c, 0x24, 0x10, 0, 0, 1, 0).iret(),
    AT.CODE + 0x800,
  );
  bench.code(64, build);
  bench.run();
  return { rips, dr6 };
}

describe('single step', () => {
  test('raises #DB after each instruction that began with TF', () => {
    const { rips, dr6 } = trace((asm) =>
      asm.pushi(0x102).popf().nop().inc('b').bytes(0xeb, 0x01, 0x90).nop().pushi(2).popf().nop().hlt(),
    );
    // POPF itself began without; the POPF that clears TF began with it.
    expect(rips).toEqual([7, 10, 13, 14, 19, 20]);
    expect(new Set(dr6)).toEqual(new Set([DR6.BS]));
  });

  test('of a repeated string instruction after each iteration', () => {
    const { rips } = trace((asm) =>
      asm
        .movi('c', 3)
        .movi('si', AT.DATA)
        .movi('di', AT.DATA + 64)
        .pushi(0x102)
        .popf()
        .bytes(0xf3, 0xa4)
        .nop()
        .hlt(),
    );
    expect(rips.slice(0, 4)).toEqual([36, 36, 38, 39]);
  });

  test('is off in the handler of INT n, and on again after IRET', () => {
    const { rips } = trace(
      (asm) => asm.pushi(0x102).popf().int(0x40).nop().pushi(2).popf().hlt(),
      () => {
        bench.gate64(0x40, { offset: AT.CODE + 0x900 });
        bench.code(64, (asm) => asm.nop().nop().iret(), AT.CODE + 0x900);
      },
    );
    // Not after INT (its frame saved TF and cleared it); IRET restored TF, so the instruction after it is the first to trap.
    expect(rips).toEqual([9, 14, 15]);
  });

  test('after MOV SS waits for the next instruction', () => {
    const { rips } = trace((asm) => asm.movi('a', SEL.DATA).pushi(0x102).popf().movToSeg('ss', 'a').nop().nop().hlt());
    expect(rips).toEqual([19, 20]);
  });

  test('a fault in a stepped instruction comes first', () => {
    bench.long();
    bench.code(64, (asm) => asm.pushi(0x102).popf().ud2());
    expect(bench.faults()).toMatchObject({ vector: 6, rip: BigInt(AT.CODE + 6) });
    expect(bench.flags & FLAGS.TF).toBe(0);
  });
});

describe('breakpoints', () => {
  const enable = (n: number, at: number, control: number, cr4 = 0n) => {
    bench.set('cr4', bench.get('cr4') | cr4);
    bench.setDr(n, at);
    bench.setDr(7, control | 0x400);
  };

  test('on instructions are faults, and RF lets the instruction pass', () => {
    for (const n of [0, 1, 2, 3]) {
      bench.reset();
      const { rips, dr6 } = trace(
        (asm) => asm.nop().nop().hlt(),
        () => enable(n, AT.CODE + 1, arm(n, EXECUTE, 0)),
      );
      expect(rips).toEqual([1]);
      expect(dr6).toEqual([BigInt(1 << n)]);
      expect(bench.get('rip')).toBe(BigInt(AT.CODE + 3));
    }
  });

  test.each([
    ['a write', WRITE, (asm: Assembler) => asm.store(AT.DATA, 'a'), true],
    ['a read, of one for writes', WRITE, (asm: Assembler) => asm.load('a', AT.DATA), false],
    ['a read', ACCESS, (asm: Assembler) => asm.load('a', AT.DATA), true],
    ['a write, of one for accesses', ACCESS, (asm: Assembler) => asm.store(AT.DATA, 'a'), true],
    ['an access that overlaps from below', ACCESS, (asm: Assembler) => asm.store(AT.DATA - 7, 'a'), true],
    ['an access just below', ACCESS, (asm: Assembler) => asm.store(AT.DATA - 8, 'a'), false],
    ['an access just above', ACCESS, (asm: Assembler) => asm.store(AT.DATA + 4, 'a'), false],
  ])('on %s', (_name, kind, access, hit) => {
    const { rips, dr6 } = trace(
      (asm) => access(asm).nop().hlt(),
      () => enable(1, AT.DATA, arm(1, kind, 3)),
    );
    expect(rips).toEqual(hit ? [8] : []);
    if (hit) expect(dr6).toEqual([2n]);
  });

  test('on a port, with CR4.DE', () => {
    for (const [de, hits] of [
      [CR4.DE, [2]],
      [0n, []],
    ] as const) {
      bench.reset();
      const { rips } = trace(
        (asm) => asm.out8(0x80).out8(0x81).hlt(),
        () => enable(2, 0x80, arm(2, IO, 0), de),
      );
      expect(rips).toEqual(hits);
    }
  });

  test('by a push, by a string instruction, by a call', () => {
    for (const code of [[0x50], [0xe8, 0, 0, 0, 0]]) {
      bench.reset();
      const { rips } = trace(
        (asm) =>
          asm
            .bytes(...code)
            .nop()
            .hlt(),
        () => enable(0, AT.STACK - 8, arm(0, WRITE, 2)),
      );
      expect(rips).toEqual([code.length]);
    }
    bench.reset();
    const { rips } = trace(
      (asm) => asm.movi('c', 4).movi('di', AT.DATA).bytes(0xf3, 0xaa).nop().hlt(),
      () => enable(0, AT.DATA + 1, arm(0, WRITE, 0)),
    );
    // After the iteration that wrote there: RIP is the instruction's own still.
    expect(rips).toEqual([20]);
  });

  test('armed by the guest, on a page that it used before', () => {
    const { rips, dr6 } = trace((asm) =>
      asm
        .store(AT.DATA, 'c')
        .movi('b', AT.DATA)
        .movToDr(0, 'b')
        .movi('b', arm(0, WRITE, 2) | 0x400)
        .movToDr(7, 'b')
        .store(AT.DATA, 'c')
        .movi('b', 0x400)
        .movToDr(7, 'b')
        .store(AT.DATA, 'c')
        .hlt(),
    );
    expect(rips).toEqual([8 + 10 + 3 + 10 + 3 + 8]);
    expect(dr6).toEqual([1n]);
  });

  test('general detect', () => {
    bench.long();
    bench.setDr(7, 0x2400);
    bench.code(64, (asm) => asm.movFromDr('a', 0));
    expect(bench.faults()).toMatchObject({ vector: 1, rip: BigInt(AT.CODE) });
    expect(bench.dr(6) & DR6.BD).toBe(DR6.BD);
    expect(bench.dr(7) & 0x2000n).toBe(0n);
  });

  test('DR4 and DR5 are DR6 and DR7, or #UD with CR4.DE', () => {
    bench.long();
    bench.code(64, (asm) => asm.movFromDr('a', 5).movFromDr('b', 7).hlt());
    bench.halts();
    expect(bench.get('rax')).toBe(bench.get('rbx'));
    bench.reset().long({ cr4: CR4.DE });
    bench.code(64, (asm) => asm.movFromDr('a', 5));
    expect(bench.faults()).toMatchObject({ vector: 6 });
  });
});

describe('interrupt shadows', () => {
  /** Code at level 0 with IF = 0 and an interrupt at the pin. Answers where it was taken, counted from CODE. */
  function takenAt(build: Parameters<Bench['code']>[1], flags = 0): number {
    bench.long({ flags });
    bench.picVector = 0x40;
    bench.vcpu.setIntr(true);
    bench.code(64, build);
    const frame = bench.faults();
    expect(frame.vector).toBe(0x40);
    return Number(frame.rip) - AT.CODE;
  }

  test('STI lets one more instruction run', () => {
    expect(takenAt((asm) => asm.sti().nop().nop().hlt())).toBe(2);
  });

  test('STI with IF = 1 has no shadow', () => {
    expect(takenAt((asm) => asm.sti().nop(), FLAGS.IF)).toBe(0);
  });

  test('STI; CLI lets nothing in', () => {
    bench.long();
    bench.picVector = 0x40;
    bench.vcpu.setIntr(true);
    bench.code(64, (asm) => asm.sti().cli().nop().hlt());
    expect(bench.halts()).toBe(AT.CODE + 3);
  });

  test('MOV SS and POP SS hold interrupts off for one instruction', () => {
    const start = 10;
    bench.long({ flags: FLAGS.IF });
    bench.picVector = 0x40;
    bench.code(64, (asm) => asm.movi('a', SEL.DATA).out8(0x80).movToSeg('ss', 'a').nop().nop().hlt());
    bench.onOut = () => bench.vcpu.setIntr(true);
    // The port write's own boundary comes first.
    expect(Number(bench.faults().rip) - AT.CODE).toBe(start + 2);
    bench.reset().protected({ flags: 0 });
    bench.picVector = 0x40;
    bench.vcpu.setIntr(true);
    bench.code(32, (asm) => asm.pushi(FLAGS.IF).movi('a', SEL.DATA).push('a').sti().bytes(0x17).nop().nop().hlt());
    // STI's shadow covers POP SS, which makes one of its own.
    expect(Number(bench.faults().rip) - AT.CODE).toBe(5 + 5 + 1 + 1 + 1 + 1);
  });

  test('POPF and IRET that set IF have no shadow', () => {
    expect(takenAt((asm) => asm.pushi(0x202).popf().nop().hlt())).toBe(6);
    bench.reset();
    expect(
      takenAt((asm) =>
        asm
          .pushi(SEL.DATA)
          .pushi(AT.STACK)
          .pushi(0x202)
          .pushi(SEL.CODE64)
          .pushi(AT.CODE + 0x40)
          .iret()
          .padTo(AT.CODE + 0x40)
          .nop()
          .hlt(),
      ),
    ).toBe(0x40);
  });

  test('MOV to CR8 that lowers the priority lets an interrupt in at once', () => {
    bench.long({ flags: FLAGS.IF });
    bench.vcpu.registers.setWord(layout.LAPIC + 0xf0, 0x1ff);
    bench.code(64, (asm) => asm.movi('a', 8).movToCr(8, 'a').movi('a', 0).out8(0x80).movToCr(8, 'a').nop().hlt());
    bench.onOut = () => bench.vcpu.deliverApic(0, false, 0, 0x55, false);
    expect(bench.faults()).toMatchObject({ vector: 0x55, rip: BigInt(AT.CODE + 10 + 4 + 10 + 2 + 4) });
  });

  test('through a trap gate leaves IF set', () => {
    bench.protected({ flags: FLAGS.IF });
    bench.gate(0x40, { type: TYPE.TRAP32 });
    bench.picVector = 0x40;
    bench.vcpu.setIntr(true);
    bench.code(32, (asm) => asm.nop());
    expect(bench.faults()).toMatchObject({ vector: 0x40, rip: BigInt(AT.CODE) });
    expect(bench.flags & FLAGS.IF).toBe(FLAGS.IF);
  });
});
