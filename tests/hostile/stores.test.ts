// No store of a guest leaves guest RAM, whatever its page tables, descriptors, registers and code say; nothing that it does
// traps the WebAssembly instance or throws in the host; every run ends.

import { TLB } from '@vizor/asm/layout/cpu';
import { CODE_PAGES, STATICS, VCPU } from '@vizor/asm/layout/memory';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Fortress } from './fortress.ts';
import { HostileGuest, MODES } from './guest.ts';
import { Random } from './random.ts';

const MIB = 2 ** 20;
const SLICES = 30;
const BUDGET = 400;
const RUNS = Number(process.env.VIZOR_HOSTILE_RUNS ?? 25);
const SEED = Number(process.env.VIZOR_HOSTILE_SEED ?? 20261121);

const SIZES = [
  { name: '2 MiB', options: { size: 2 * MIB } },
  { name: 'an odd number of pages', options: { size: 2 * MIB + 5 * 0x1000 } },
  { name: 'RAM below and above the hole', options: { size: 4 * MIB + 0x3000, high: 2 * MIB + 0x1000 } },
];

describe.each(SIZES)('a guest with $name', ({ options }) => {
  const fortress = new Fortress(options);

  test.each(MODES)('in %s mode', (mode) => {
    const total = { exceptions: 0, interrupts: 0, decoded: 0, codePagesDropped: 0, mmio: 0 };
    fc.assert(
      fc.property(fc.integer(), fc.boolean(), (seed, user) => {
        const random = new Random(seed);
        fortress.renew();
        const guest = new HostileGuest(fortress, random, mode, user);
        guest.build();
        guest.start();
        for (let slice = 0; slice < SLICES; slice++) {
          const exit = fortress.run(BUDGET);
          if (exit === 'shutdown' || exit === 'halt-forever' || slice % 3 === 2) guest.start();
          guest.disturb();
        }
        fortress.inspect();
        const counters = fortress.vcpu.counters();
        for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += counters[name];
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
    // The guests did get somewhere.
    for (const [name, count] of Object.entries(total)) expect(count, name).toBeGreaterThan(RUNS / 5);
  });
});

test('the walls are watched', () => {
  const fortress = new Fortress({ size: 2 * MIB + 0x1000 });
  const { memory } = fortress;
  for (const at of [
    0,
    STATICS,
    VCPU - 1,
    CODE_PAGES - 1,
    memory.ramBase - 1,
    memory.ramBase + memory.size,
    memory.bytes.length - 1,
  ]) {
    const byte = memory.bytes[at]!;
    memory.bytes[at] = byte ^ 1;
    expect(() => fortress.inspect()).toThrow('linear memory changed');
    memory.bytes[at] = byte;
  }
  fortress.vcpu.registers.setQuad(TLB, 0x1000n);
  expect(() => fortress.inspect()).toThrow('TLB entry 0 leads to');
});
