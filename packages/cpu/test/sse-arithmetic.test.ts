import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import * as CPU_LAYOUT from '../../../asm/layout/cpu.ts';
import { VCPU } from '../../../asm/layout/memory.ts';
import { DOUBLE, type Format, fromInteger, narrow, type Operator, operate, SINGLE } from './support/ieee754.ts';
import { compilePart, type Part } from './support/part.ts';

// One lane of SSE arithmetic against exact integer arithmetic, with every rounding mode, FTZ, DAZ and masks: result and
// exception flags must agree to the bit.

const SOURCE = `
import { lane } from "./cpu/sse/arithmetic";
import { begin, settle } from "./cpu/sse/mxcsr";
import { fromInteger, narrow } from "./cpu/sse/rounding";
import { SCRATCH } from "./layout/cpu";
export function single(cpu: u32, kind: u32, a: u32, b: u32): u32 {
  begin(cpu);
  store<u32>(cpu + SCRATCH + 128, lane<u32>(cpu, kind, a, b));
  return settle(cpu);
}
export function double(cpu: u32, kind: u32, a: u64, b: u64): u32 {
  begin(cpu);
  store<u64>(cpu + SCRATCH + 128, lane<u64>(cpu, kind, a, b));
  return settle(cpu);
}
export function toSingle(cpu: u32, x: u64): u32 {
  begin(cpu);
  store<u32>(cpu + SCRATCH + 128, narrow(cpu, x));
  return settle(cpu);
}
export function integerToSingle(cpu: u32, x: i64): u32 {
  begin(cpu);
  store<u32>(cpu + SCRATCH + 128, fromInteger<u32>(cpu, x));
  return settle(cpu);
}
export function integerToDouble(cpu: u32, x: i64): u32 {
  begin(cpu);
  store<u64>(cpu + SCRATCH + 128, fromInteger<u64>(cpu, x));
  return settle(cpu);
}
`;
const OPERATORS: Operator[] = ['add', 'sub', 'mul', 'div', 'sqrt', 'min', 'max'];
const PRE_COMPUTATION = 7;

let part: Part;
beforeAll(async () => {
  part = await compilePart(SOURCE, new Map());
});

/** What the kernel makes of a computation: result (undefined when it faults) and MXCSR's flags afterwards. */
function kernel(format: Format, mxcsr: number, run: () => number) {
  part.view.setUint32(VCPU + CPU_LAYOUT.MXCSR, mxcsr, true);
  const status = run();
  const at = VCPU + CPU_LAYOUT.SCRATCH + 128;
  const bits = format.bits === 32 ? BigInt(part.view.getUint32(at, true)) : part.view.getBigUint64(at, true);
  const after = part.view.getUint32(VCPU + CPU_LAYOUT.MXCSR, true);
  return { bits: status === 0 ? bits : undefined, mxcsr: after };
}

/** What it must be. */
function expected(outcome: { bits: bigint; flags: number }, mxcsr: number) {
  const open = outcome.flags & ~(mxcsr >> 7) & 0x3f;
  const flags = open & PRE_COMPUTATION ? outcome.flags & PRE_COMPUTATION : outcome.flags;
  return { bits: open ? undefined : outcome.bits, mxcsr: mxcsr | flags };
}

/** Numbers of a format, crowded where things go wrong. */
function numbers(format: Format): fc.Arbitrary<bigint> {
  const fraction = format.precision - 1;
  const exponents = 1 << (format.bits - format.precision);
  const bias = format.exponentMax;
  const parts = (exponent: fc.Arbitrary<number>, low: fc.Arbitrary<bigint>) =>
    fc.tuple(fc.boolean(), exponent, low).map(([negative, e, f]) => {
      const sign = negative ? 1n << BigInt(format.bits - 1) : 0n;
      return sign | (BigInt(e) << BigInt(fraction)) | (f & ((1n << BigInt(fraction)) - 1n));
    });
  const anyFraction = fc.bigInt({ min: 0n, max: (1n << BigInt(fraction)) - 1n });
  const edges = fc.constantFrom(
    0n,
    1n,
    2n,
    (1n << BigInt(fraction)) - 1n,
    1n << BigInt(fraction - 1),
    (1n << BigInt(fraction - 1)) + 1n,
  );
  const exponentEdges = fc.constantFrom(
    0,
    1,
    2,
    bias - fraction,
    bias - 1,
    bias,
    bias + 1,
    bias + fraction,
    exponents - 2,
    exponents - 1,
  );
  return fc.oneof(
    parts(exponentEdges, edges),
    parts(exponentEdges, anyFraction),
    parts(fc.integer({ min: bias - 4, max: bias + 4 }), anyFraction),
    parts(fc.integer({ min: 0, max: exponents - 1 }), edges),
    parts(fc.integer({ min: 0, max: exponents - 1 }), anyFraction),
    parts(
      fc.integer({ min: bias, max: bias + 8 }),
      fc.bigInt({ min: 0n, max: 15n }).map((x) => x << BigInt(fraction - 4)),
    ),
  );
}

/** MXCSR: any flags, rounding, FTZ, DAZ; mostly everything masked. */
const words = fc.oneof(
  fc.constantFrom(0x1f80, 0x1fa0),
  fc.integer({ min: 0, max: 0xffff }).map((word) => word | 0x1f80),
  fc.integer({ min: 0, max: 0xffff }),
);

describe.each([
  ['single', SINGLE],
  ['double', DOUBLE],
] as const)('%s precision', (name, format) => {
  test.each(OPERATORS)('%s', (operator) => {
    const kind = OPERATORS.indexOf(operator);
    fc.assert(
      fc.property(numbers(format), numbers(format), words, (a, b, mxcsr) => {
        const [x, y] = format.bits === 32 ? [Number(a), Number(b)] : [a, b];
        const got = kernel(format, mxcsr, () => part.exports[name]!(VCPU, kind, x, y));
        expect(got).toEqual(expected(operate(format, operator, a, b, mxcsr), mxcsr));
      }),
      { numRuns: 4000 },
    );
  });

  test('from integers', () => {
    const run = part.exports[name === 'single' ? 'integerToSingle' : 'integerToDouble']!;
    const integers = fc.oneof(
      fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
      fc
        .tuple(fc.integer({ min: 20, max: 62 }), fc.integer({ min: -3, max: 3 }))
        .map(([e, d]) => (1n << BigInt(e)) + BigInt(d)),
    );
    fc.assert(
      fc.property(integers, words, (value, mxcsr) => {
        fc.pre(value !== 0n);
        const got = kernel(format, mxcsr, () => run(VCPU, value));
        expect(got).toEqual(expected(fromInteger(format, value, mxcsr), mxcsr));
      }),
      { numRuns: 2000 },
    );
  });
});

test('double to single', () => {
  const near = numbers(SINGLE).map((x) => {
    const view = new DataView(new ArrayBuffer(8));
    view.setUint32(0, Number(x));
    view.setFloat64(0, view.getFloat32(0));
    return view.getBigUint64(0);
  });
  const nudged = fc.tuple(near, fc.integer({ min: -2, max: 2 })).map(([x, d]) => BigInt.asUintN(64, x + BigInt(d)));
  fc.assert(
    fc.property(fc.oneof(numbers(DOUBLE), nudged), words, (x, mxcsr) => {
      const got = kernel(SINGLE, mxcsr, () => part.exports.toSingle!(VCPU, x));
      expect(got).toEqual(expected(narrow(x, mxcsr), mxcsr));
    }),
    { numRuns: 4000 },
  );
});
