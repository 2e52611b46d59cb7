// Faults while events are delivered, and non-maskable interrupts (Intel SDM vol. 3, 6.7 and table 6-5).

import * as layout from '@vizor/asm/layout/cpu';
import { beforeEach, describe, expect, test } from 'vitest';
import { AT, Bench, SEL } from './bench.ts';
import { ACCESS, flatDescriptor, TYPE } from './descriptors.ts';

const bench = new Bench();
beforeEach(() => {
  bench.reset();
});

const GATE_ERROR = (vector: number) => vector * 8 + 2;
const EXT = 1;

describe('double and triple faults', () => {
  test('a contributory fault while delivering one is #DF(0)', () => {
    bench.protected();
    bench.gate(13, { selector: SEL.DATA });
    bench.code(32, (asm) => asm.movi('a', 0x2000).movToSeg('ds', 'a'));
    expect(bench.faults()).toMatchObject({ vector: 8, error: 0, rip: BigInt(AT.CODE + 5) });
  });

  test('a page fault while delivering a page fault is #DF', () => {
    const tables = bench.identity('long');
    bench.long({ tables });
    bench.gate64(8, { low: 1 });
    tables.change(AT.STACK - 0x1000, 1, 0n, 1n);
    bench.code(64, (asm) => asm.movi('b', 0x300000).loadAt('a', 'b'));
    expect(bench.faults()).toMatchObject({ vector: 8, error: 0, rsp: BigInt(AT.STACK) });
    // CR2 is that of the second.
    expect(bench.get('cr2')).toBe(BigInt(AT.STACK - 8));
  });

  test('#GP while delivering #UD is served as #GP, with EXT', () => {
    bench.protected();
    bench.gate(6, { type: TYPE.CALL32 });
    bench.code(32, (asm) => asm.ud2());
    expect(bench.faults()).toMatchObject({ vector: 13, error: GATE_ERROR(6) | EXT, rip: BigInt(AT.CODE) });
  });

  test('a page fault while delivering #GP is served as page fault', () => {
    const tables = bench.identity('legacy');
    bench.protected({ tables });
    bench.descriptor(SEL.FREE, flatDescriptor(ACCESS.CODE));
    tables.map(0x40000000, AT.FREE);
    bench.poke(AT.FREE, flatDescriptor(ACCESS.CODE), 8);
    bench.vcpu.registers.setSegment('ldtr', { selector: 0x60, base: 0x40000000n, limit: 7, attributes: 0x82 });
    bench.gate(13, { selector: 4 });
    tables.change(0x40000000, 1, 0n, 1n);
    bench.code(32, (asm) => asm.movi('a', 0x2000).movToSeg('ds', 'a'));
    expect(bench.faults()).toMatchObject({ vector: 14, error: 0 });
  });

  test('#DF that cannot be delivered is shutdown', () => {
    bench.protected();
    bench.vcpu.registers.setTable('idt', BigInt(AT.IDT), 0);
    bench.code(32, (asm) => asm.ud2());
    expect(bench.run()).toBe('shutdown');
    expect(bench.get('rip')).toBe(BigInt(AT.CODE));
  });

  test('in real mode, too', () => {
    bench.real();
    bench.vcpu.registers.setTable('idt', 0n, 0);
    bench.code(16, (asm) => asm.ud2());
    expect(bench.run()).toBe('shutdown');
  });
});

describe('NMI', () => {
  test('is taken with IF = 0, and blocks the next until IRET', () => {
    bench.long();
    bench.gate64(2, { offset: AT.CODE + 0x100 });
    bench.code(64, (asm) => asm.label('here').nop(4).hlt());
    bench.code(64, (asm) => asm.inc('b').bytes(0xe6, 0x80).bytes(0x90, 0x90).iret(), AT.CODE + 0x100);
    // A second one arrives while the handler of the first runs.
    let pulses = 0;
    bench.onOut = () => {
      if (pulses++ < 2) bench.vcpu.pulseNmi();
      bench.log.push(`rbx ${bench.get('rbx')}`);
    };
    bench.vcpu.pulseNmi();
    bench.halts();
    expect(bench.get('rbx')).toBe(3n);
    expect(bench.log.filter((line) => line.startsWith('rbx'))).toEqual(['rbx 1', 'rbx 2', 'rbx 3']);
    expect(bench.vcpu.registers.word(layout.NMI_BLOCKED)).toBe(0);
  });

  // AMD unblocks them when IRET completes; Intel's processors do so even when it faults (SDM vol. 3, 6.7.1).
  test('IRET that faults leaves NMIs blocked', () => {
    bench.long();
    bench.gate64(2, { offset: AT.CODE + 0x100 });
    bench.code(64, (asm) => asm.nop().hlt());
    bench.code(
      64,
      (asm) => asm.alui('and', 'sp', -16).pushi(0).pushi(0).pushi(0).pushi(0).pushi(0).iret(),
      AT.CODE + 0x100,
    );
    bench.vcpu.pulseNmi();
    expect(bench.faults()).toMatchObject({ vector: 13 });
    expect(bench.vcpu.registers.word(layout.NMI_BLOCKED)).toBe(1);
  });
});
