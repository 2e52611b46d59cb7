// External interrupts: the 8259's through LINT0, the local APIC's own and its timer's, and waking from HLT (Intel SDM vol. 3,
// chapters 6 and 11).

import * as layout from '@vizor/asm/layout/cpu';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Assembler } from './assemble.ts';
import { AT, Bench, FLAGS } from './bench.ts';

const bench = new Bench();
beforeEach(() => {
  bench.reset();
});

/** x2APIC MSRs. */
const APIC_BASE = 0x1b;
const MSR = Object.freeze({
  TPR: 0x808,
  EOI: 0x80b,
  SVR: 0x80f,
  ISR: 0x812,
  LVT_TIMER: 0x832,
  LVT_LINT0: 0x835,
  INITIAL: 0x838,
  CURRENT: 0x839,
  DIVIDE: 0x83e,
  SELF: 0x83f,
});
const TSC_DEADLINE = 0x6e0;
const PERIODIC = 1n << 17n;
const DEADLINE = 2n << 17n;

/** Into x2APIC mode, software-enabled. */
const enable = (asm: Assembler) => asm.setMsr(APIC_BASE, 0xfee00d00n).setMsr(MSR.SVR, 0x1ffn);

/** 64-bit mode with a handler for `vector` that counts in R12, says EOI, and returns. */
function prepare(vector: number, flags: number = FLAGS.IF): void {
  bench.long({ flags });
  bench.gate64(vector, { offset: AT.CODE + 0x800 });
  bench.code(
    64,
    (asm) => asm.inc('r12').push('a').push('c').push('d').setMsr(MSR.EOI, 0n).pop('d').pop('c').pop('a').iret(),
    AT.CODE + 0x800,
  );
}

describe('the 8259’s INTR', () => {
  test('is taken when IF is set and the local APIC is software-disabled', () => {
    bench.long();
    bench.picVector = 0x28;
    bench.vcpu.setIntr(true);
    bench.code(64, (asm) => asm.nop(4).sti().nop().hlt());
    expect(bench.faults()).toMatchObject({ vector: 0x28, rip: BigInt(AT.CODE + 6) });
    expect(bench.log).toEqual(['acknowledge']);
  });

  test('goes through LINT0: masked it stays out, in ExtINT mode it comes in', () => {
    for (const [entry, taken] of [
      [0x10700n, false],
      [0x700n, true],
      [0x20n, false],
    ] as const) {
      bench.reset().long({ flags: FLAGS.IF });
      bench.picVector = 0x28;
      bench.code(64, (asm) => {
        enable(asm).setMsr(MSR.LVT_LINT0, entry).out8(0x80).nop().bytes(0xfa).hlt();
      });
      bench.onOut = () => bench.vcpu.setIntr(true);
      if (taken) expect(bench.faults()).toMatchObject({ vector: 0x28 });
      else bench.halts();
      expect(bench.log.includes('acknowledge')).toBe(taken);
    }
  });

  test('that goes away again is none', () => {
    bench.long();
    bench.vcpu.setIntr(true);
    bench.vcpu.setIntr(false);
    bench.code(64, (asm) => asm.sti().nop().bytes(0xfa).hlt());
    bench.halts();
  });

  test('interrupts a repeated string instruction between iterations', () => {
    bench.long({ flags: FLAGS.IF });
    bench.picVector = 0x28;
    bench.code(64, (asm) => asm.movi('c', 8).movi('si', AT.DATA).movi('d', 0x80).bytes(0xf3, 0x6e).hlt());
    let writes = 0;
    bench.onOut = () => {
      if (++writes === 3) bench.vcpu.setIntr(true);
    };
    expect(bench.faults()).toMatchObject({ vector: 0x28, rip: BigInt(AT.CODE + 30) });
    expect([bench.get('rcx'), bench.get('rsi')]).toEqual([5n, BigInt(AT.DATA + 3)]);
  });
});

describe('HLT', () => {
  test('says whether an interrupt could end it', () => {
    bench.long();
    bench.code(64, (asm) => asm.hlt());
    expect(bench.run()).toBe('halt-forever');
    bench.reset().long({ flags: FLAGS.IF });
    bench.code(64, (asm) => asm.hlt());
    expect(bench.run()).toBe('halt');
    // It stays halted while nothing comes.
    expect(bench.run()).toBe('halt');
    expect(bench.get('rip')).toBe(BigInt(AT.CODE + 1));
  });

  test('ends by an interrupt, whose frame points after it', () => {
    bench.long({ flags: FLAGS.IF });
    bench.code(64, (asm) => asm.hlt());
    bench.run();
    bench.picVector = 0x29;
    bench.vcpu.setIntr(true);
    expect(bench.faults()).toMatchObject({ vector: 0x29, rip: BigInt(AT.CODE + 1) });
  });

  test('with IF = 0 ends by an NMI only', () => {
    bench.long();
    bench.code(64, (asm) => asm.hlt());
    bench.run();
    bench.vcpu.setIntr(true);
    expect(bench.run()).toBe('halt-forever');
    bench.vcpu.pulseNmi();
    expect(bench.faults()).toMatchObject({ vector: 2, rip: BigInt(AT.CODE + 1) });
  });

  test('STI; HLT with an interrupt waiting does not sleep', () => {
    bench.long();
    bench.picVector = 0x29;
    bench.vcpu.setIntr(true);
    bench.code(64, (asm) => asm.sti().hlt());
    expect(bench.faults()).toMatchObject({ vector: 0x29, rip: BigInt(AT.CODE + 2) });
  });
});

describe('the local APIC', () => {
  test('delivers by priority, holds back what is not above the one in service, and EOI lets the next in', () => {
    bench.long({ flags: FLAGS.IF });
    const order: number[] = [];
    bench.onOut = (port) => {
      if (port !== 0x80) order.push(port);
    };
    bench.code(64, (asm) => {
      enable(asm).bytes(0xfa);
      for (const vector of [0x41, 0x52, 0x45]) asm.setMsr(MSR.SELF, BigInt(vector));
      asm.sti().nop(3).bytes(0xfa).hlt();
    });
    // Handlers: log, EOI, IRET, a page each.
    for (const [i, [vector, port]] of [
      [0x41, 0x91],
      [0x52, 0x92],
      [0x45, 0x93],
    ].entries()) {
      const at = AT.CODE + 0x1000 * (i + 1);
      bench.gate64(vector!, { offset: at, type: 0xf });
      // A trap gate: IF stays set, priorities alone keep order.
      bench.code(64, (asm) => asm.out8(port!).nop(4).setMsr(MSR.EOI, 0n).bytes(0x48, 0xcf), at);
    }
    bench.halts();
    // 0x45 and 0x41 share a class: one after the other.
    expect(order).toEqual([0x92, 0x93, 0x91]);
  });

  test('TPR holds back its class and those below', () => {
    for (const [tpr, taken] of [
      [0x40n, false],
      [0x3fn, true],
      [0x4fn, false],
    ] as const) {
      bench.reset();
      prepare(0x45);
      bench.code(64, (asm) => enable(asm).setMsr(MSR.TPR, tpr).setMsr(MSR.SELF, 0x45n).nop(2).bytes(0xfa).hlt());
      bench.halts();
      expect(bench.get('r12')).toBe(taken ? 1n : 0n);
    }
  });

  test('level-triggered messages tell the I/O APIC of their EOI', () => {
    prepare(0x61);
    bench.code(64, (asm) => enable(asm).out8(0x80).nop(2).bytes(0xfa).hlt());
    bench.onOut = () => bench.vcpu.deliverApic(0, false, 0, 0x61, true);
    bench.halts();
    expect(bench.log).toEqual(['out 80 1 = ff', 'eoi 61']);
  });

  test('messages for others and illegal vectors are not taken', () => {
    bench.long({ flags: FLAGS.IF });
    bench.code(64, (asm) => enable(asm).out8(0x80).nop(2).bytes(0xfa).hlt());
    bench.onOut = () => {
      bench.vcpu.deliverApic(7, false, 0, 0x61, false);
      bench.vcpu.deliverApic(0, false, 0, 3, false);
    };
    bench.halts();
  });

  test('through its page in xAPIC mode', () => {
    const tables = bench.identity('long');
    tables.map(0xfee00000, 0xfee00000);
    bench.long({ tables, flags: FLAGS.IF });
    bench.code(64, (asm) => {
      const write = (register: number, value: number) =>
        asm
          .movi('b', 0xfee00000 + register)
          .movi('a', value)
          .bytes(0x89, 0x03);
      write(0xf0, 0x1ff);
      write(0x310, 0);
      write(0x300, 0x4000 | 0x66);
      asm.nop();
    });
    expect(bench.faults()).toMatchObject({ vector: 0x66 });
    expect(bench.log).toEqual([]);
  });

  test('NMI by IPI', () => {
    bench.long();
    bench.code(64, (asm) => enable(asm).setMsr(0x830, 0x40400n).nop());
    expect(bench.faults()).toMatchObject({ vector: 2 });
  });
});

describe('the timer', () => {
  const wait = (ns: number) => {
    bench.time += ns;
    bench.vcpu.attend();
    return bench.run();
  };

  test('one-shot: once, after count × divider ns', () => {
    prepare(0x50);
    bench.code(64, (asm) =>
      enable(asm)
        .setMsr(MSR.DIVIDE, 3n)
        .setMsr(MSR.LVT_TIMER, 0x50n)
        .setMsr(MSR.INITIAL, 1000n)
        .label('idle')
        .hlt()
        .jmp('idle'),
    );
    expect(bench.run()).toBe('halt');
    expect(bench.vcpu.nextTimer()).toBe(16_000);
    expect(wait(15_999)).toBe('halt');
    expect(bench.get('r12')).toBe(0n);
    expect(wait(1)).toBe('halt');
    expect(bench.get('r12')).toBe(1n);
    expect(bench.vcpu.nextTimer()).toBe(Number.POSITIVE_INFINITY);
    wait(1_000_000);
    expect(bench.get('r12')).toBe(1n);
  });

  test('periodic: again and again', () => {
    prepare(0x50);
    bench.code(64, (asm) =>
      enable(asm)
        .setMsr(MSR.DIVIDE, 0xbn)
        .setMsr(MSR.LVT_TIMER, 0x50n | PERIODIC)
        .setMsr(MSR.INITIAL, 1000n)
        .label('idle')
        .hlt()
        .jmp('idle'),
    );
    bench.run();
    for (let i = 0; i < 5; i++) wait(1000);
    expect(bench.get('r12')).toBe(5n);
    expect(bench.vcpu.nextTimer()).toBe(6000);
  });

  test('TSC deadline: once the TSC is there', () => {
    prepare(0x50);
    bench.code(64, (asm) =>
      enable(asm)
        .setMsr(MSR.LVT_TIMER, 0x50n | DEADLINE)
        .setMsr(TSC_DEADLINE, 5000n)
        .label('idle')
        .hlt()
        .jmp('idle'),
    );
    bench.run();
    expect(bench.vcpu.nextTimer()).toBe(5000);
    wait(4999);
    expect(bench.get('r12')).toBe(0n);
    wait(1);
    expect(bench.get('r12')).toBe(1n);
    expect(bench.vcpu.registers.quad(layout.MSR_TSC_DEADLINE)).toBe(0n);
  });

  test('masked it counts and is silent', () => {
    prepare(0x50);
    bench.code(64, (asm) =>
      enable(asm)
        .setMsr(MSR.DIVIDE, 0xbn)
        .setMsr(MSR.LVT_TIMER, 0x10050n)
        .setMsr(MSR.INITIAL, 1000n)
        .out8(0x80)
        .movi('c', MSR.CURRENT)
        .rdmsr()
        .hlt(),
    );
    bench.onOut = () => {
      bench.time += 400;
    };
    bench.run();
    expect(bench.get('rax')).toBe(600n);
    expect(bench.get('r12')).toBe(0n);
  });

  test('a period of a nanosecond does not stop the guest', () => {
    prepare(0x50);
    bench.code(64, (asm) =>
      enable(asm)
        .setMsr(MSR.DIVIDE, 0xbn)
        .setMsr(MSR.LVT_TIMER, 0x50n | PERIODIC)
        .setMsr(MSR.INITIAL, 1n)
        .movi('b', 0)
        .label('work')
        .inc('b')
        .jmp('work'),
    );
    for (let i = 0; i < 20; i++) {
      bench.time += 1000;
      bench.vcpu.attend();
      expect(bench.run(1000)).toBe('slice');
    }
    expect(bench.get('rbx')).toBeGreaterThan(100n);
    expect(bench.get('r12')).toBeGreaterThan(10n);
  });
});
