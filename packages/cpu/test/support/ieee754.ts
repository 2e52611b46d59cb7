// IEEE 754 arithmetic as the SSE units do it, on exact integers of any size: the oracle for the CPU kernel's arithmetic.
// Nothing here knows how the kernel works; speed does not matter.

export interface Format {
  readonly bits: number;
  /** Bits of the significand, the implicit one included. */
  readonly precision: number;
  readonly exponentMin: number;
  readonly exponentMax: number;
}

export const SINGLE: Format = Object.freeze({ bits: 32, precision: 24, exponentMin: -126, exponentMax: 127 });
export const DOUBLE: Format = Object.freeze({ bits: 64, precision: 53, exponentMin: -1022, exponentMax: 1023 });

export const MXCSR = Object.freeze({
  IE: 1,
  DE: 2,
  ZE: 4,
  OE: 8,
  UE: 16,
  PE: 32,
  DAZ: 64,
  UM: 0x800,
  OM: 0x400,
  FTZ: 0x8000,
});
export type Operator = 'add' | 'sub' | 'mul' | 'div' | 'sqrt' | 'min' | 'max';

/** (−1)^negative × significand × 2^exponent, plus something below the last bit when `more`. */
interface Exact {
  readonly negative: boolean;
  readonly significand: bigint;
  readonly exponent: number;
  readonly more: boolean;
}

export interface Outcome {
  readonly bits: bigint;
  readonly flags: number;
}

const lengthOf = (x: bigint): number => (x === 0n ? 0 : x.toString(2).length);
const fractionBits = (format: Format): number => format.precision - 1;
const signBit = (format: Format): bigint => 1n << BigInt(format.bits - 1);
const infinity = (format: Format): bigint =>
  ((1n << BigInt(format.bits - format.precision)) - 1n) << BigInt(fractionBits(format));
const quietBit = (format: Format): bigint => 1n << BigInt(format.precision - 2);
const magnitude = (format: Format, x: bigint): bigint => x & (signBit(format) - 1n);
const isNan = (format: Format, x: bigint): boolean => magnitude(format, x) > infinity(format);
const isSignaling = (format: Format, x: bigint): boolean => isNan(format, x) && (x & quietBit(format)) === 0n;
const isDenormal = (format: Format, x: bigint): boolean =>
  magnitude(format, x) !== 0n && magnitude(format, x) < 1n << BigInt(fractionBits(format));
const isNegative = (format: Format, x: bigint): boolean => (x & signBit(format)) !== 0n;

function exactOf(format: Format, x: bigint): Exact {
  const fraction = magnitude(format, x) & ((1n << BigInt(fractionBits(format))) - 1n);
  const field = Number(magnitude(format, x) >> BigInt(fractionBits(format)));
  const exponent = (field === 0 ? format.exponentMin : field - format.exponentMax) - fractionBits(format);
  const significand = field === 0 ? fraction : fraction | (1n << BigInt(fractionBits(format)));
  return { negative: isNegative(format, x), significand, exponent, more: false };
}

/** Round to a multiple of 2^unit: the multiple, and whether anything was lost. */
function roundAt(x: Exact, unit: number, rc: number): { multiple: bigint; inexact: boolean } {
  const shift = unit - x.exponent;
  if (shift <= 0) return { multiple: x.significand << BigInt(-shift), inexact: x.more };
  const down = x.significand >> BigInt(shift);
  const rest = x.significand - (down << BigInt(shift));
  const half = 1n << BigInt(shift - 1);
  const inexact = rest !== 0n || x.more;
  const nearestUp = rest > half || (rest === half && (x.more || (down & 1n) === 1n));
  const up = rc === 0 ? nearestUp : rc === 3 ? false : inexact && (rc === 2) !== x.negative;
  return { multiple: up ? down + 1n : down, inexact };
}

/** A number other than 0, rounded to a format (Intel SDM vol. 1, 4.9.1.4 to 4.9.1.6 and 11.5.2). */
export function round(format: Format, x: Exact, mxcsr: number): Outcome {
  const rc = (mxcsr >> 13) & 3;
  const sign = x.negative ? signBit(format) : 0n;
  const top = lengthOf(x.significand) - 1 + x.exponent;
  const unbounded = roundAt(x, top - fractionBits(format), rc);
  const rounded = top + (lengthOf(unbounded.multiple) > format.precision ? 1 : 0);
  if (rounded > format.exponentMax) {
    const flags = MXCSR.OE | ((mxcsr & MXCSR.OM) !== 0 || unbounded.inexact ? MXCSR.PE : 0);
    const toInfinity = rc === 0 || (rc !== 3 && (rc === 2) !== x.negative);
    return { bits: sign | (toInfinity ? infinity(format) : infinity(format) - 1n), flags };
  }
  const tiny = rounded < format.exponentMin;
  if (tiny && (mxcsr & MXCSR.UM) === 0) {
    return { bits: 0n, flags: MXCSR.UE | (unbounded.inexact ? MXCSR.PE : 0) };
  }
  if (tiny && (mxcsr & MXCSR.FTZ) !== 0) return { bits: sign, flags: MXCSR.UE | MXCSR.PE };
  const lowest = Math.max(top, format.exponentMin) - fractionBits(format);
  const { multiple, inexact } = roundAt(x, lowest, rc);
  const field = BigInt(lowest - (format.exponentMin - fractionBits(format)));
  const flags = inexact ? MXCSR.PE | (tiny ? MXCSR.UE : 0) : 0;
  return { bits: sign | ((field << BigInt(fractionBits(format))) + multiple), flags };
}

function squareRoot(x: bigint): bigint {
  let root = 1n << BigInt((lengthOf(x) + 1) >> 1);
  for (;;) {
    const next = (root + x / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** `a operator b` (sqrt: of b). Exceptions are flags only; nothing is unmasked here but underflow and overflow. */
export function operate(format: Format, operator: Operator, left: bigint, right: bigint, mxcsr: number): Outcome {
  const seen = (x: bigint) => ((mxcsr & MXCSR.DAZ) !== 0 && isDenormal(format, x) ? x & signBit(format) : x);
  const a = operator === 'sqrt' ? seen(right) : seen(left);
  const b = seen(right);
  const nan = isNan(format, a) || isNan(format, b);
  const denormal = isDenormal(format, a) || isDenormal(format, b) ? MXCSR.DE : 0;
  if (operator === 'min' || operator === 'max') {
    if (nan) return { bits: b, flags: MXCSR.IE };
    const [x, y] = [numberOf(format, a), numberOf(format, b)];
    return { bits: (operator === 'min' ? x < y : x > y) ? a : b, flags: denormal };
  }
  if (nan) {
    const flags = isSignaling(format, a) || isSignaling(format, b) ? MXCSR.IE : 0;
    return { bits: (isNan(format, a) ? a : b) | quietBit(format), flags };
  }
  const [x, y] = [numberOf(format, a), numberOf(format, b)];
  const approximate = { add: x + y, sub: x - y, mul: x * y, div: x / y, sqrt: Math.sqrt(y) }[operator];
  if (Number.isNaN(approximate))
    return { bits: signBit(format) | infinity(format) | quietBit(format), flags: MXCSR.IE };
  const special = exactCase(format, operator, a, b, mxcsr);
  if (special !== undefined) {
    const byZero = operator === 'div' && y === 0 && Number.isFinite(x);
    return { bits: special, flags: byZero ? MXCSR.ZE : denormal };
  }
  const { bits, flags } = round(format, combine(operator, exactOf(format, a), exactOf(format, b)), mxcsr);
  return { bits, flags: flags | denormal };
}

/** The number itself, for comparisons: a single is a double too. */
function numberOf(format: Format, x: bigint): number {
  const view = new DataView(new ArrayBuffer(8));
  if (format.bits === 32) {
    view.setUint32(0, Number(x));
    return view.getFloat32(0);
  }
  view.setBigUint64(0, x);
  return view.getFloat64(0);
}

/** Results that are zero or infinite because an operand is, or because equal numbers cancel. */
function exactCase(format: Format, operator: Operator, a: bigint, b: bigint, mxcsr: number): bigint | undefined {
  const [x, y] = [numberOf(format, a), numberOf(format, b)];
  const sign = (a ^ b) & signBit(format);
  switch (operator) {
    case 'add':
    case 'sub': {
      const other = operator === 'sub' ? b ^ signBit(format) : b;
      if (!Number.isFinite(x)) return a;
      if (!Number.isFinite(y)) return other;
      if (x !== numberOf(format, other) * -1) return undefined;
      if (x === 0 && isNegative(format, a) === isNegative(format, other)) return a;
      return ((mxcsr >> 13) & 3) === 1 ? signBit(format) : 0n;
    }
    case 'mul':
      if (!Number.isFinite(x) || !Number.isFinite(y)) return sign | infinity(format);
      return x === 0 || y === 0 ? sign : undefined;
    case 'div':
      if (!Number.isFinite(x) || y === 0) return sign | infinity(format);
      return x === 0 || !Number.isFinite(y) ? sign : undefined;
    default:
      return y === 0 || !Number.isFinite(y) ? b : undefined;
  }
}

function combine(operator: Operator, a: Exact, b: Exact): Exact {
  switch (operator) {
    case 'add':
    case 'sub': {
      const exponent = Math.min(a.exponent, b.exponent);
      const signed = (x: Exact, flip: boolean) =>
        (x.significand << BigInt(x.exponent - exponent)) * (x.negative !== flip ? -1n : 1n);
      const sum = signed(a, false) + signed(b, operator === 'sub');
      return { negative: sum < 0n, significand: sum < 0n ? -sum : sum, exponent, more: false };
    }
    case 'mul':
      return {
        negative: a.negative !== b.negative,
        significand: a.significand * b.significand,
        exponent: a.exponent + b.exponent,
        more: false,
      };
    case 'div': {
      const wide = a.significand << 200n;
      return {
        negative: a.negative !== b.negative,
        significand: wide / b.significand,
        exponent: a.exponent - b.exponent - 200,
        more: wide % b.significand !== 0n,
      };
    }
    default: {
      const shift = 200 + (b.exponent & 1);
      const wide = b.significand << BigInt(shift);
      const root = squareRoot(wide);
      return { negative: false, significand: root, exponent: (b.exponent - shift) / 2, more: root * root !== wide };
    }
  }
}

/** Double to single. */
export function narrow(x: bigint, mxcsr: number): Outcome {
  const seen = (mxcsr & MXCSR.DAZ) !== 0 && isDenormal(DOUBLE, x) ? x & signBit(DOUBLE) : x;
  const sign = isNegative(DOUBLE, seen) ? signBit(SINGLE) : 0n;
  if (isNan(DOUBLE, seen)) {
    const fraction = (seen >> 29n) & 0x7fffffn;
    return {
      bits: sign | infinity(SINGLE) | quietBit(SINGLE) | fraction,
      flags: isSignaling(DOUBLE, seen) ? MXCSR.IE : 0,
    };
  }
  const size = magnitude(DOUBLE, seen);
  if (size === 0n) return { bits: sign, flags: 0 };
  if (size === infinity(DOUBLE)) return { bits: sign | infinity(SINGLE), flags: 0 };
  const { bits, flags } = round(SINGLE, exactOf(DOUBLE, seen), mxcsr);
  return { bits, flags: flags | (isDenormal(DOUBLE, seen) ? MXCSR.DE : 0) };
}

/** 64-bit integer other than 0 to a floating-point format. */
export function fromInteger(format: Format, value: bigint, mxcsr: number): Outcome {
  const negative = value < 0n;
  return round(format, { negative, significand: negative ? -value : value, exponent: 0, more: false }, mxcsr);
}
