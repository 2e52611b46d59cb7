// No store of a guest leaves guest RAM, whatever its page tables, descriptors, registers and code say; nothing that it does
// traps the WebAssembly instance or throws in the host; every run ends.

import fc from 'fast-check';
import { describe, test } from 'vitest';
import { Fortress } from './fortress.ts';
import { HostileGuest, MODES } from './guest.ts';
import { Random } from './random.ts';

const MIB = 2 ** 20;
const SLICES = 30;
const BUDGET = 400;
const RUNS = Number(process.env['VIZOR_HOSTILE_RUNS'] ?? 25);
const SEED = Number(process.env['VIZOR_HOSTILE_SEED'] ?? 20261121);

const SIZES = [
  { name: '2 MiB', options: { size: 2 * MIB } },
  { name: 'an odd number of pages', options: { size: 2 * MIB + 5 * 0x1000 } },
  { name: 'RAM below and above the hole', options: { size: 4 * MIB + 0x3000, high: 2 * MIB + 0x1000 } },
];

describe.each(SIZES)('a guest with $name', ({ options }) => {
  const fortress = new Fortress(options);

  test.each(MODES)('in %s mode', (mode) => {
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
      }),
      { numRuns: RUNS, seed: SEED, endOnFailure: true },
    );
  });
});
