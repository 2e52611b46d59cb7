// Whatever a guest does, `run` comes back within its budget: else nobody could stop the machine, and its timers would stand.
// Each of these guests does for ever something that retires no instruction.

import * as layout from '@vizor/asm/layout/cpu';
import { beforeEach, describe, expect, test } from 'vitest';
import { AT, Bench, EFER, FLAGS, SEL } from '../privileged/bench.ts';
import { ACCESS, segmentDescriptor, TYPE } from '../privileged/descriptors.ts';
import { PTE } from '../privileged/paging.ts';

const bench = new Bench();
beforeEach(() => {
  bench.reset();
});

const { P, W, U } = PTE;

/** Run some slices; each must end by its budget, and the guest must still be where it was. */
function goesOn(): void {
  for (let i = 0; i < 4; i++) expect(bench.run(2000)).toBe('slice');
}

describe('exceptions without end', () => {
  test('a #UD handler that is UD2, on an IST stack', () => {
    bench.long();
    bench.gate64(6, { offset: AT.CODE, low: 1 });
    bench.code(64, (asm) => asm.ud2());
    goesOn();
  });

  test('a page-fault handler that is not mapped, on an IST stack', () => {
    bench.long();
    bench.gate64(14, { offset: 0x600000, low: 1 });
    bench.code(64, (asm) => asm.movi('b', 0x600000).loadAt('a', 'b'));
    goesOn();
  });

  test('a #GP handler at an address that is not canonical to its own first instruction', () => {
    bench.long();
    bench.gate64(13, { offset: AT.CODE + 0x100, low: 1 });
    bench.code(64, (asm) => asm.movi('b', 0x800000000000n).loadAt('a', 'b'));
    bench.code(64, (asm) => asm.loadAt('a', 'b'), AT.CODE + 0x100);
    goesOn();
  });

  test('a handler in real mode whose stack goes round and round', () => {
    bench.real();
    bench.poke(6 * 4, (AT.CODE >> 4) << 16);
    bench.set('rsp', 0xfffe);
    bench.vcpu.registers.setSegment('ss', { selector: 0x2000, base: 0x20000n, limit: 0xffff, attributes: 0x93 });
    bench.code(16, (asm) => asm.ud2());
    goesOn();
  });

  test('a #UD handler where there is no RAM', () => {
    bench.protected();
    bench.gate(6, { offset: 0x80000000 });
    bench.descriptor(SEL.FREE, segmentDescriptor(AT.FREE, 0xffff, ACCESS.DATA, 0));
    bench.vcpu.registers.setSegment('ss', {
      selector: SEL.FREE,
      base: BigInt(AT.FREE),
      limit: 0xffff,
      attributes: 0x93,
    });
    bench.set('rsp', 0x8000);
    bench.vcpu.sync();
    bench.code(32, (asm) => asm.ud2());
    goesOn();
  });

  test('a breakpoint on the first instruction of the handler of #DB', () => {
    bench.long();
    bench.gate64(1, { offset: AT.CODE + 0x100, low: 1 });
    bench.setDr(0, AT.CODE + 0x100);
    bench.setDr(7, 1);
    bench.code(64, (asm) => asm.nop().bytes(0xf1));
    bench.code(64, (asm) => asm.nop(), AT.CODE + 0x100);
    goesOn();
  });

  test('a single-step handler that steps', () => {
    bench.long({ flags: FLAGS.TF });
    bench.gate64(1, { offset: AT.CODE, low: 1 });
    bench.code(64, (asm) => asm.ud2());
    bench.gate64(6, { offset: AT.CODE + 0x100, low: 1 });
    bench.code(64, (asm) => asm.iret(), AT.CODE + 0x100);
    goesOn();
  });

  test('an instruction across a page boundary whose second page is not mapped', () => {
    const tables = bench.identity('long');
    tables.map(0x600000, AT.FREE);
    bench.long({ tables });
    bench.gate64(14, { offset: 0x600ffe, low: 1 });
    bench.poke(AT.FREE + 0xffe, 0x81, 2);
    bench.code(64, (asm) => asm.movi('b', 0x600ffe).bytes(0xff, 0xe3));
    goesOn();
  });

  test('an interrupt at every boundary, into a handler that faults', () => {
    bench.long({ flags: FLAGS.IF });
    bench.gate64(0x40, { offset: AT.CODE + 0x100, type: TYPE.TRAP32, low: 1 });
    bench.gate64(6, { offset: AT.CODE + 0x100, type: TYPE.TRAP32, low: 1 });
    bench.picVector = 0x40;
    bench.code(64, (asm) => asm.nop());
    bench.code(64, (asm) => asm.ud2(), AT.CODE + 0x100);
    for (let i = 0; i < 4; i++) {
      bench.vcpu.setIntr(true);
      expect(bench.run(2000)).toBe('slice');
    }
  });

  test('two tasks that fault into each other', () => {
    bench.protected();
    for (const [selector, at] of [
      [SEL.FREE, AT.DATA],
      [SEL.FREE + 8, AT.DATA + 0x100],
    ] as const) {
      bench.descriptor(selector, segmentDescriptor(at, 0x67, ACCESS.PRESENT | TYPE.TSS32, 0));
      const state: Record<number, number> = {
        32: AT.CODE,
        36: 2,
        56: AT.STACK,
        72: SEL.DATA,
        76: SEL.CODE32,
        80: SEL.DATA,
        84: SEL.DATA,
      };
      for (const [field, value] of Object.entries(state)) bench.poke(at + Number(field), value);
    }
    bench.code(32, (asm) => asm.jmpFarTo(SEL.FREE).jmpFarTo(SEL.TSS));
    bench.poke(AT.TSS + 0x20, AT.CODE);
    expect(['slice', 'halt-forever', 'shutdown']).toContain(bench.run(2000));
  });
});

describe('instructions without end', () => {
  /** 128 TiB, all of them the first 2 MiB. */
  function everything() {
    const tables = bench.tables('long');
    tables.map(0, 0, P | W | U, 2);
    const [top, middle, low] = [4, 3, 2].map((level) => tables.entryAt(0, level));
    for (const table of [top!, middle!, low!]) {
      for (let i = 1; i < 512; i++) tables.setEntry(table + i * 8, tables.entry(table));
    }
    return tables;
  }

  test.each([
    ['MOVSB', [0xf3, 0xa4]],
    ['STOSQ', [0xf3, 0x48, 0xab]],
    ['LODSB', [0xf3, 0xac]],
    ['SCASB', [0xf3, 0xae]],
    ['CMPSB', [0xf3, 0xa6]],
    ['OUTSB', [0xf3, 0x6e]],
    ['INSD', [0xf3, 0x6d]],
    ['MOVSB, backwards', [0xfd, 0xf3, 0xa4]],
  ])('REP %s of 2^46 elements', (_name, code) => {
    bench.long({ tables: everything() });
    bench.set('rcx', 1n << 46n);
    bench.set('rdx', 0x80);
    // Far from code and tables, in the low megabyte; source and target both of zeros.
    bench.set('rsi', 0x4000001f0000n);
    bench.set('rdi', 0x4000001f0000n);
    // Not onto the code: 64 KiB and round again would be; the slices are short enough.
    bench.code(64, (asm) => asm.bytes(...code).hlt());
    for (let i = 0; i < 4; i++) {
      bench.run(200);
      expect(bench.get('rcx')).toBeGreaterThan(1n << 45n);
    }
  });

  test('REP over devices', () => {
    const tables = bench.identity('long');
    for (let i = 0; i < 512; i++) tables.map(0x40000000 + i * 0x1000, 0xd0000000);
    bench.long({ tables });
    bench.set('rcx', 1n << 20n);
    bench.set('rdi', 0x40000000);
    bench.code(64, (asm) => asm.bytes(0xf3, 0xaa).hlt());
    expect(bench.run(100)).toBe('slice');
    expect(bench.log.length).toBeLessThan(20_000);
  });

  test('a megabyte of NOPs, and nothing behind it', () => {
    bench.protected();
    bench.memory.bytes.fill(0x90, bench.memory.ramBase + AT.FREE, bench.memory.ramBase + bench.memory.size);
    bench.set('rip', AT.FREE);
    expect(bench.run(5000)).toBe('slice');
    expect(Number(bench.get('rip')) - AT.FREE).toBeLessThan(10_000);
    expect(bench.faults(10_000_000)).toMatchObject({ vector: 6, rip: BigInt(bench.memory.size) });
  });

  test('jumps to itself of every kind', () => {
    for (const code of [
      [0xeb, 0xfe],
      [0xff, 0xe3],
      [0xe2, 0xfe],
      [0x53, 0xc3],
      [0xcd, 0x40],
      [0x0f, 0x05],
    ]) {
      bench.reset().long({ efer: EFER.SCE });
      bench.set('rbx', AT.CODE);
      bench.set('rcx', -1n & 0xffffffffffffffffn);
      bench.gate64(0x40, { offset: AT.CODE, low: 1 });
      bench.vcpu.registers.setQuad(layout.MSR_LSTAR, BigInt(AT.CODE));
      bench.vcpu.registers.setQuad(layout.MSR_STAR, BigInt(SEL.CODE64) << 32n);
      bench.code(64, (asm) => asm.bytes(...code));
      goesOn();
      // What is counted is about what was asked for.
      expect(Math.abs(bench.vcpu.instructions - 8000)).toBeLessThan(200);
    }
  });

  test('nested calls into handlers that are not there', () => {
    bench.long();
    bench.vcpu.registers.setTable('idt', BigInt(AT.IDT), 0);
    bench.code(64, (asm) => asm.ud2());
    expect(bench.run(2000)).toBe('shutdown');
  });
});
