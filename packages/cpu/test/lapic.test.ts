import * as layout from '@vizor/asm/layout/cpu';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { SystemBench } from './system-bench.ts';

const REG = Object.freeze({
  ID: 0x20,
  VERSION: 0x30,
  TPR: 0x80,
  PPR: 0xa0,
  EOI: 0xb0,
  LDR: 0xd0,
  DFR: 0xe0,
  SVR: 0xf0,
  ISR: 0x100,
  TMR: 0x180,
  IRR: 0x200,
  ESR: 0x280,
  ICR: 0x300,
  ICR_HIGH: 0x310,
  LVT_TIMER: 0x320,
  LVT_LINT0: 0x350,
  LVT_ERROR: 0x370,
  INITIAL: 0x380,
  CURRENT: 0x390,
  DIVIDE: 0x3e0,
});
const FIXED = 0;
const NMI = 4;
const EXTINT = 7;
const APIC_BASE = 0x1b;
const TSC_DEADLINE = 0x6e0;
const PERIODIC = 0x20000;
const DEADLINE = 0x40000;
const MASKED = 0x10000;

let bench: SystemBench;
const read = (offset: number) => bench.kernel.lapicRead(bench.cpu, offset, 4) >>> 0;
const write = (offset: number, value: number) => bench.kernel.lapicWrite(bench.cpu, offset, 4, value);
const pending = () => bench.kernel.lapicPending(bench.cpu);
const accept = (vector: number) => bench.kernel.lapicAccept(bench.cpu, vector);
const deliver = (vector: number, level = false, mode = FIXED) =>
  bench.kernel.lapicDeliver(bench.cpu, mode, vector, Number(level)) !== 0;
const nextTimer = () => bench.kernel.lapicNextTimer(bench.cpu);
const tick = () => bench.kernel.lapicTimer(bench.cpu);
/** Take whatever is pending, as the run loop does. */
const take = () => {
  const vector = pending();
  if (vector >= 0) accept(vector);
  return vector;
};

beforeEach(async () => {
  bench = await SystemBench.create();
  write(REG.SVR, 0x1ff);
  bench.setWord(layout.PENDING, 0);
});

describe('after RESET', () => {
  test('registers have their values, and the page is at fee00000', async () => {
    const fresh = await SystemBench.create();
    const at = (offset: number) => fresh.kernel.lapicRead(fresh.cpu, offset, 4) >>> 0;
    expect(fresh.kernel.lapicBase(fresh.cpu)).toBe(0xfee00000n);
    expect(at(REG.VERSION)).toBe(0x50014);
    expect(at(REG.SVR)).toBe(0xff);
    expect(at(REG.DFR)).toBe(0xffffffff);
    for (let entry = REG.LVT_TIMER; entry <= REG.LVT_ERROR; entry += 16) expect(at(entry)).toBe(MASKED);
    expect(fresh.kernel.lapicNextTimer(fresh.cpu)).toBe(Number.POSITIVE_INFINITY);
  });

  test('the 8259 pair interrupts past a disabled APIC, but not past a masked LINT0', async () => {
    const fresh = await SystemBench.create();
    const accepted = () => fresh.kernel.extIntAccepted(fresh.cpu) !== 0;
    expect(accepted()).toBe(false);
    fresh.setWord(layout.INTR, 1);
    expect(accepted()).toBe(true);
    fresh.kernel.lapicWrite(fresh.cpu, REG.SVR, 4, 0x1ff);
    expect(accepted()).toBe(false);
    fresh.kernel.lapicWrite(fresh.cpu, REG.LVT_LINT0, 4, 0x700);
    expect(accepted()).toBe(true);
    fresh.kernel.lapicWrite(fresh.cpu, REG.LVT_LINT0, 4, 0x10700);
    expect(accepted()).toBe(false);
    fresh.kernel.lapicDeliver(fresh.cpu, EXTINT, 0, 0);
    expect(accepted()).toBe(true);
  });
});

describe('interrupts', () => {
  test('go from IRR to ISR to EOI', () => {
    expect(deliver(0x31)).toBe(true);
    expect(bench.word(layout.PENDING)).toBe(1);
    expect(read(REG.IRR + 0x10)).toBe(1 << 0x11);
    expect(take()).toBe(0x31);
    expect(read(REG.IRR + 0x10)).toBe(0);
    expect(read(REG.ISR + 0x10)).toBe(1 << 0x11);
    expect(read(REG.PPR)).toBe(0x30);
    expect(deliver(0x3f)).toBe(true);
    expect(pending()).toBe(-1);
    write(REG.EOI, 0);
    expect(take()).toBe(0x3f);
    write(REG.EOI, 0);
    expect(read(REG.PPR)).toBe(0);
  });

  test('tell I/O APICs of the end of level-triggered ones only', () => {
    deliver(0x41, true);
    deliver(0x52);
    expect(read(REG.TMR + 0x20)).toBe(2);
    expect(take()).toBe(0x52);
    write(REG.EOI, 0);
    expect(bench.ended).toEqual([]);
    expect(take()).toBe(0x41);
    write(REG.EOI, 0);
    expect(bench.ended).toEqual([0x41]);
    deliver(0x41, false);
    expect(read(REG.TMR + 0x20)).toBe(0);
    write(REG.EOI, 0);
    expect(bench.ended).toEqual([0x41]);
  });

  test('wait while the task priority is as high, and set PENDING when it falls', () => {
    write(REG.TPR, 0x40);
    deliver(0x4f);
    expect(pending()).toBe(-1);
    deliver(0x50);
    expect(take()).toBe(0x50);
    write(REG.EOI, 0);
    bench.setWord(layout.PENDING, 0);
    write(REG.TPR, 0x40);
    expect(bench.word(layout.PENDING)).toBe(0);
    write(REG.TPR, 0x3f);
    expect(bench.word(layout.PENDING)).toBe(1);
    expect(pending()).toBe(0x4f);
  });

  test('are refused while disabled by software; NMI is not', () => {
    write(REG.SVR, 0xff);
    expect(deliver(0x31)).toBe(false);
    expect(deliver(0, false, NMI)).toBe(true);
    expect(bench.word(layout.NMI_LATCHED)).toBe(1);
    expect(bench.kernel.lapicWakes(bench.cpu)).not.toBe(0);
  });

  test('with vectors below 16 are errors, even when the error vector is one', () => {
    write(REG.LVT_ERROR, 0x33);
    expect(deliver(5)).toBe(false);
    expect(take()).toBe(0x33);
    expect(read(REG.ESR)).toBe(0);
    write(REG.ESR, 0);
    expect(read(REG.ESR)).toBe(0x40);
    write(REG.LVT_ERROR, 3);
    write(REG.ICR, 0x40004);
    write(REG.ESR, 0);
    expect(read(REG.ESR)).toBe(0x60);
  });

  test('keep to a reference model of priorities', () => {
    type Model = { irr: Set<number>; isr: Set<number>; level: Set<number>; tpr: number; ended: number[] };
    const top = (set: Set<number>) => Math.max(-1, ...set);
    const expected = ({ irr, isr, tpr }: Model) => {
      const threshold = Math.max(tpr >> 4, top(isr) >> 4);
      return top(irr) >> 4 > threshold ? top(irr) : -1;
    };
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('deliver' as const),
        vector: fc.integer({ min: 16, max: 255 }),
        level: fc.boolean(),
      }),
      fc.record({ kind: fc.constant('take' as const) }),
      fc.record({ kind: fc.constant('eoi' as const) }),
      fc.record({ kind: fc.constant('tpr' as const), value: fc.nat(255) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        bench.kernel.resetApic(bench.cpu);
        write(REG.SVR, 0x1ff);
        bench.ended.length = 0;
        const model: Model = { irr: new Set(), isr: new Set(), level: new Set(), tpr: 0, ended: [] };
        for (const action of steps) {
          if (action.kind === 'deliver') {
            deliver(action.vector, action.level);
            model.irr.add(action.vector);
            if (action.level) model.level.add(action.vector);
            else model.level.delete(action.vector);
          } else if (action.kind === 'tpr') {
            write(REG.TPR, action.value);
            model.tpr = action.value;
          } else if (action.kind === 'take') {
            const vector = take();
            expect(vector).toBe(expected(model));
            if (vector >= 0) {
              model.irr.delete(vector);
              model.isr.add(vector);
            }
          } else {
            write(REG.EOI, 0);
            const done = top(model.isr);
            model.isr.delete(done);
            if (model.level.has(done)) model.ended.push(done);
          }
          expect(pending()).toBe(expected(model));
          expect(read(REG.PPR) >> 4).toBe(Math.max(model.tpr >> 4, top(model.isr) >> 4, 0));
        }
        expect(bench.ended).toEqual(model.ended);
      }),
      { numRuns: 300 },
    );
  });
});

describe('inter-processor interrupts', () => {
  test.each([
    ['to itself', 0x40055, true],
    ['to all including itself', 0x80055, true],
    ['to all others', 0xc0055, false],
    ['to its ID', 0x00055, true],
    ['as INIT', 0x44500, false],
  ])('%s', (_name, command, arrives) => {
    write(REG.ICR_HIGH, 0);
    write(REG.ICR, command);
    expect(pending()).toBe(arrives ? 0x55 : -1);
    expect(read(REG.ICR) & 0x1000).toBe(0);
  });

  test('to another ID vanish; broadcast and NMI arrive', () => {
    write(REG.ICR_HIGH, 0x07000000);
    write(REG.ICR, 0x55);
    expect(pending()).toBe(-1);
    write(REG.ICR_HIGH, 0xff000000);
    write(REG.ICR, 0x55);
    expect(pending()).toBe(0x55);
    write(REG.ICR, 0x40400);
    expect(bench.word(layout.NMI_LATCHED)).toBe(1);
  });
});

describe('destinations', () => {
  const matches = (destination: number, logical: boolean) =>
    bench.kernel.lapicMatches(bench.cpu, destination, Number(logical)) !== 0;

  test('physical', () => {
    expect([0, 1, 0xfe, 0xff].map((id) => matches(id, false))).toEqual([true, false, false, true]);
    write(REG.ID, 0x05000000);
    expect([0, 5].map((id) => matches(id, false))).toEqual([false, true]);
  });

  test('logical, flat and cluster', () => {
    write(REG.LDR, 0x22000000);
    expect([0x02, 0x20, 0x01, 0xdd].map((mask) => matches(mask, true))).toEqual([true, true, false, false]);
    write(REG.DFR, 0x0fffffff);
    expect([0x22, 0x23, 0x21, 0x32, 0x02].map((mask) => matches(mask, true))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  test('logical in x2APIC mode', () => {
    bench.writeMsr(APIC_BASE, 0xfee00d00n);
    expect([1, 3, 2, 0x10001, 0xffffffff].map((mask) => matches(mask, true))).toEqual([true, true, false, false, true]);
  });

  test('none while disabled globally', () => {
    bench.writeMsr(APIC_BASE, 0xfee00100n);
    expect(matches(0, false)).toBe(false);
    expect(deliver(0x31)).toBe(false);
    expect(bench.cpuid(1).edx & 0x200).toBe(0);
  });
});

describe('timer', () => {
  test('one-shot: counts down by the divider, interrupts once', () => {
    bench.time = 1000;
    write(REG.LVT_TIMER, 0x40);
    write(REG.DIVIDE, 0x3); // by 16
    write(REG.INITIAL, 100);
    expect(nextTimer()).toBe(2600);
    bench.time = 1801;
    expect(read(REG.CURRENT)).toBe(50);
    bench.time = 2599;
    tick();
    expect(pending()).toBe(-1);
    bench.time = 2600;
    tick();
    expect(take()).toBe(0x40);
    expect(nextTimer()).toBe(Number.POSITIVE_INFINITY);
    expect(read(REG.CURRENT)).toBe(0);
  });

  test.each([
    [0x0, 2],
    [0x1, 4],
    [0x2, 8],
    [0x3, 16],
    [0x8, 32],
    [0x9, 64],
    [0xa, 128],
    [0xb, 1],
  ])('divide configuration %i divides by %i', (code, by) => {
    write(REG.DIVIDE, code);
    write(REG.LVT_TIMER, 0x40);
    write(REG.INITIAL, 10);
    expect(nextTimer()).toBe(10 * by);
  });

  test('a new divider takes effect on what is left', () => {
    write(REG.DIVIDE, 0xb);
    write(REG.LVT_TIMER, 0x40);
    write(REG.INITIAL, 1000);
    bench.time = 400;
    write(REG.DIVIDE, 0);
    expect(read(REG.CURRENT)).toBe(600);
    expect(nextTimer()).toBe(1600);
  });

  test('periodic: keeps its phase, and late periods are one interrupt', () => {
    write(REG.DIVIDE, 0xb);
    write(REG.LVT_TIMER, 0x40 | PERIODIC);
    write(REG.INITIAL, 100);
    bench.time = 100;
    tick();
    expect(take()).toBe(0x40);
    write(REG.EOI, 0);
    expect(nextTimer()).toBe(200);
    bench.time = 1050;
    tick();
    expect(take()).toBe(0x40);
    write(REG.EOI, 0);
    tick();
    expect(pending()).toBe(-1);
    expect(nextTimer()).toBe(1100);
    write(REG.INITIAL, 0);
    expect(nextTimer()).toBe(Number.POSITIVE_INFINITY);
  });

  test('masked: runs on without interrupting, then or later', () => {
    write(REG.DIVIDE, 0xb);
    write(REG.LVT_TIMER, 0x40 | MASKED);
    write(REG.INITIAL, 100);
    expect(nextTimer()).toBe(Number.POSITIVE_INFINITY);
    bench.time = 60;
    expect(read(REG.CURRENT)).toBe(40);
    bench.time = 150;
    write(REG.LVT_TIMER, 0x40);
    tick();
    expect(pending()).toBe(-1);
  });

  test('TSC-deadline: waits for the TSC, wherever that was moved to', () => {
    bench.time = 5000;
    expect(bench.writeMsr(TSC_DEADLINE, 9000n)).toBe(true);
    expect(bench.readMsr(TSC_DEADLINE)).toBe(0n);
    write(REG.LVT_TIMER, 0x40 | DEADLINE);
    write(REG.INITIAL, 100);
    expect(nextTimer()).toBe(Number.POSITIVE_INFINITY);
    bench.writeMsr(TSC_DEADLINE, 9000n);
    expect(bench.readMsr(TSC_DEADLINE)).toBe(9000n);
    expect(nextTimer()).toBe(9000);
    expect(read(REG.CURRENT)).toBe(0);
    bench.writeMsr(0x10, 8000n);
    expect(nextTimer()).toBe(6000);
    bench.time = 6000;
    tick();
    expect(take()).toBe(0x40);
    expect(bench.readMsr(TSC_DEADLINE)).toBe(0n);
    write(REG.EOI, 0);
    bench.writeMsr(TSC_DEADLINE, 1n);
    expect(take()).toBe(0x40);
  });

  test('changing to or from TSC-deadline mode disarms', () => {
    write(REG.LVT_TIMER, 0x40 | DEADLINE);
    bench.writeMsr(TSC_DEADLINE, 9000n);
    write(REG.LVT_TIMER, 0x40);
    expect(nextTimer()).toBe(Number.POSITIVE_INFINITY);
    write(REG.INITIAL, 100);
    write(REG.LVT_TIMER, 0x40 | DEADLINE);
    expect(nextTimer()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('modes', () => {
  const ENABLED = 0xfee00900n;
  const X2APIC = 0xfee00d00n;
  const DISABLED = 0xfee00100n;

  test.each([
    ['xAPIC', [], { [String(ENABLED)]: true, [String(X2APIC)]: true, [String(DISABLED)]: true, '4276094208': false }],
    ['x2APIC', [X2APIC], { [String(ENABLED)]: false, [String(X2APIC)]: true, [String(DISABLED)]: true }],
    ['disabled', [DISABLED], { [String(ENABLED)]: true, [String(X2APIC)]: false, [String(DISABLED)]: true }],
  ])('transitions from %s', (_name, path, to) => {
    for (const [value, allowed] of Object.entries(to)) {
      bench.kernel.resetApic(bench.cpu);
      for (const state of path) expect(bench.writeMsr(APIC_BASE, state)).toBe(true);
      expect([value, bench.writeMsr(APIC_BASE, BigInt(value))]).toEqual([value, allowed]);
    }
  });

  test('reserved bits of IA32_APIC_BASE fault, and the bootstrap flag is read-only', () => {
    for (const bit of [0n, 9n, 40n, 63n]) expect(bench.writeMsr(APIC_BASE, ENABLED | (1n << bit))).toBe(false);
    expect(bench.writeMsr(APIC_BASE, 0xfed00800n)).toBe(true);
    expect(bench.readMsr(APIC_BASE)).toBe(0xfed00900n);
    expect(bench.kernel.lapicBase(bench.cpu)).toBe(0xfed00000n);
  });

  test('x2APIC MSRs are the registers; the page is gone', () => {
    expect(bench.readMsr(0x802)).toBeUndefined();
    expect(bench.writeMsr(0x80b, 0n)).toBe(false);
    bench.writeMsr(APIC_BASE, X2APIC);
    expect(bench.kernel.lapicBase(bench.cpu)).toBe(-1n);
    expect(bench.readMsr(0x802)).toBe(0n);
    expect(bench.readMsr(0x803)).toBe(0x50014n);
    expect(bench.readMsr(0x80d)).toBe(1n);
    expect(bench.writeMsr(0x808, 0x20n)).toBe(true);
    expect(bench.readMsr(0x80a)).toBe(0x20n);
    expect(bench.writeMsr(0x83f, 0x66n)).toBe(true);
    expect(bench.readMsr(0x823)).toBe(0x40n);
    expect(take()).toBe(0x66);
    expect(bench.readMsr(0x813)).toBe(0x40n);
    expect(bench.writeMsr(0x80b, 0n)).toBe(true);
    expect(bench.readMsr(0x813)).toBe(0n);
    expect(bench.writeMsr(0x830, 0x77n)).toBe(true);
    expect(take()).toBe(0x77);
    expect(bench.writeMsr(0x830, 0x5_0000_0078n)).toBe(true);
    expect(bench.readMsr(0x830)).toBe(0x5_0000_0078n);
    expect(pending()).toBe(-1);
  });

  test.each([
    ['TPR', 0x808, 0x100n],
    ['EOI', 0x80b, 1n],
    ['ESR', 0x828, 1n],
    ['SVR', 0x80f, 0x2000n],
    ['LVT timer', 0x832, 0x80000n],
    ['LVT timer upper half', 0x832, 1n << 32n],
    ['ICR', 0x830, 1n << 13n],
    ['divide configuration', 0x83e, 4n],
    ['ID', 0x802, 0n],
    ['version', 0x803, 0n],
    ['LDR', 0x80d, 1n],
    ['PPR', 0x80a, 0n],
    ['ISR', 0x810, 0n],
    ['current count', 0x839, 0n],
    ['DFR', 0x80e, 0n],
    ['ICR high', 0x831, 0n],
    ['CMCI', 0x82f, 0n],
    ['nothing', 0x8ff, 0n],
  ])('in x2APIC mode a write of %s faults', (_name, index, value) => {
    bench.writeMsr(APIC_BASE, X2APIC);
    expect(bench.writeMsr(index, value)).toBe(false);
  });

  test('write-only and absent MSRs cannot be read', () => {
    bench.writeMsr(APIC_BASE, X2APIC);
    for (const index of [0x800, 0x809, 0x80b, 0x80e, 0x82f, 0x831, 0x83f, 0x840, 0x8ff])
      expect([index, bench.readMsr(index)]).toEqual([index, undefined]);
  });

  test('disabling resets the registers', () => {
    write(REG.TPR, 0x33);
    bench.writeMsr(APIC_BASE, DISABLED);
    bench.writeMsr(APIC_BASE, ENABLED);
    expect(read(REG.TPR)).toBe(0);
    expect(read(REG.SVR)).toBe(0xff);
  });
});

test('whatever a guest does to the page and the MSRs, nothing but the APIC changes, and interrupts stay within bounds', () => {
  // Of the vCPU block, these may change.
  const own = [
    [layout.LAPIC, 0x400],
    [layout.MSR_APIC_BASE, 16],
    [layout.NMI_LATCHED, 4],
    [layout.PENDING, 4],
    [layout.SYSTEM_SCRATCH, 8],
    [layout.LAPIC_TIMER_DUE, 16],
  ] as const;
  const others = () => {
    const copy = bench.bytes.slice(bench.cpu, bench.cpu + 0x2000);
    for (const [offset, size] of own) copy.fill(0, offset, offset + size);
    return copy;
  };
  const before = others();
  const value = fc.oneof(
    fc.nat(0xff),
    fc.integer().map((n) => n >>> 0),
  );
  const action = fc.record({
    kind: fc.constantFrom('read', 'write', 'rdmsr', 'wrmsr', 'mode', 'tick', 'take'),
    offset: fc.oneof(
      fc.nat(0x3f).map((n) => n * 16),
      fc.nat(0xfff),
    ),
    size: fc.constantFrom(1, 2, 4),
    value,
    time: fc.nat(1e6),
  });
  fc.assert(
    fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
      for (const { kind, offset, size, value, time } of actions) {
        bench.time += time;
        if (kind === 'read') bench.kernel.lapicRead(bench.cpu, offset, size);
        else if (kind === 'write') bench.kernel.lapicWrite(bench.cpu, offset, size, value);
        else if (kind === 'rdmsr') bench.readMsr(0x800 + (offset >> 4));
        else if (kind === 'wrmsr') bench.writeMsr(0x800 + (offset >> 4), BigInt(value));
        else if (kind === 'mode') bench.writeMsr(APIC_BASE, 0xfee00000n | BigInt(value & 0xd00));
        else if (kind === 'tick') tick();
        else expect(take()).toSatisfy((vector: number) => vector === -1 || (vector >= 16 && vector < 256));
        expect(nextTimer()).toBeGreaterThanOrEqual(0);
      }
      expect(others()).toEqual(before);
    }),
    { numRuns: 200 },
  );
});
