import { describe, expect, it } from 'vitest';
import { Program } from './program.ts';
import { Twin } from './twins.ts';

/** Where in the code area programs begin: at a page's start, unaligned, over a page's end. */
const OFFSETS = [0, 0x123, 0xf80, 0xfd0];

function compareAll(mode: 'on' | 'stress', seeds: number, first: number, fuel: number): number {
  const plain = new Twin('off');
  const compiling = new Twin(mode);
  for (let seed = first; seed < first + seeds; seed++) {
    const { bytes } = new Program(seed);
    const offset = OFFSETS[seed % OFFSETS.length]!;
    const expected = plain.run(bytes, seed, fuel, offset);
    expect({ seed, ...compiling.run(bytes, seed, fuel, offset) }).toEqual({ seed, ...expected });
  }
  expect(plain.compiled).toBe(0);
  return compiling.compiled / compiling.vcpu.instructions;
}

describe('random programs end alike, interpreted and compiled: registers, flags, memory, instruction counts', () => {
  it('where everything is compiled at once, in tiny regions', { timeout: 60_000 }, () => {
    expect(compareAll('stress', 400, 1, 300)).toBeGreaterThan(0.5);
  });

  it('where only hot code is compiled', { timeout: 60_000 }, () => {
    expect(compareAll('on', 60, 100_000, 20_000)).toBeGreaterThan(0.4);
  });
});
