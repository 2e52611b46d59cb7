import { VizorError } from '@vizor/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseSize } from '../src/options/size.ts';

test.each([
  ['0', 0],
  ['512M', 512 * 2 ** 20],
  ['1G', 2 ** 30],
  ['1.5G', 1.5 * 2 ** 30],
  ['64KiB', 65536],
  ['2tb', 2 ** 41],
  [' 4k ', 4096],
])('%j is %d bytes', (text, bytes) => {
  expect(parseSize(text, 'size')).toBe(bytes);
});

test.each(['', 'M', '-1M', '1.M', '.5M', '0x10M', '1e3M', '512', '1P', '1M1', '0.3K', '99999999T', 'NaN', '1 M'])(
  '%j is refused in one line',
  (text) => {
    expect(() => parseSize(text, '--memory')).toThrow(/^--memory: '.*' (is not a size|has no unit) \(.*\)$/);
  },
);

test('what is written with a unit is read back', () => {
  const units = fc.constantFrom(['K', 10], ['m', 20], ['GiB', 30], ['Tb', 40]) as fc.Arbitrary<[string, number]>;
  fc.assert(
    fc.property(fc.nat({ max: 8000 }), units, (count, [unit, shift]) => {
      expect(parseSize(`${count}${unit}`, 'size')).toBe(count * 2 ** shift);
    }),
  );
});

test('any text is a whole number of bytes or a usage error', () => {
  const texts = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0123456789.kMgTiBe+-x ') }));
  fc.assert(
    fc.property(texts, (text) => {
      try {
        const bytes = parseSize(text, 'size');
        expect(Number.isSafeInteger(bytes) && bytes >= 0).toBe(true);
      } catch (error) {
        expect(error).toBeInstanceOf(VizorError);
        expect(error).toMatchObject({ code: 'usage' });
      }
    }),
    { numRuns: 2000 },
  );
});
