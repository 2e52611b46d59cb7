// One lane of floating-point arithmetic, on bit patterns: T is u32 (single) or u64 (double). WebAssembly's own operations
// round to nearest and say nothing of exceptions. They serve where all is ordinary: operands zero or normal, the result
// normal or an evident zero, RC nearest. What is left to find out then is whether the result is exact, and not even that
// once PE is set and masked. Everything else is computed on integers.
import { flag, IE, mxcsr, PE, PM, RC, ZE } from "./mxcsr";
import {
  bias, cancelled, exponentOf, indefinite, infinity, isDenormal, isInfinite, isNaN, isNegative, isSignaling, isZero,
  magnitude, noteDenormal, operand, quiet, roundPack, shiftRightJam, signBit, signed, significandOf, smallest,
} from "./number";

export const ADD: u32 = 0;
export const SUB: u32 = 1;
export const MUL: u32 = 2;
export const DIV: u32 = 3;
/** Of the second operand; the first is not looked at. */
export const SQRT: u32 = 4;
export const MIN: u32 = 5;
export const MAX: u32 = 6;

/** MXCSR when an ordinary result needs no more thought: PE set and masked (RC, which must be 0, is in the mask too). */
export const CARELESS: u32 = PE | PM;
export const CARELESS_MASK: u32 = PE | PM | RC;

/** `a kind b`; exceptions go to the instruction's flags. */
export function lane<T>(cpu: u32, kind: u32, a: T, b: T): T {
  const word = mxcsr(cpu);
  if ((word & RC) == 0 && kind <= SQRT) {
    if (kind == SQRT) a = b;
    const result = nearest<T>(kind, a, b);
    if (ordinary<T>(a, b, result)) {
      if ((word & CARELESS) == CARELESS) return result;
      // A first summand near the end of the range would overflow the test.
      if (magnitude<T>(a) < infinity<T>() - smallest<T>()) {
        if (!isZero<T>(result) && !exact<T>(kind, a, b, result)) flag(cpu, PE);
        return result;
      }
    }
  }
  return careful<T>(cpu, kind, a, b);
}

/** What WebAssembly makes of it. */
@inline
function nearest<T>(kind: u32, a: T, b: T): T {
  if (sizeof<T>() == 8) {
    const x = reinterpret<f64>(<u64>a);
    const y = reinterpret<f64>(<u64>b);
    switch (kind) {
      case ADD: return <T>reinterpret<u64>(x + y);
      case SUB: return <T>reinterpret<u64>(x - y);
      case MUL: return <T>reinterpret<u64>(x * y);
      case DIV: return <T>reinterpret<u64>(x / y);
      default: return <T>reinterpret<u64>(sqrt<f64>(y));
    }
  } else {
    const x = reinterpret<f32>(<u32>a);
    const y = reinterpret<f32>(<u32>b);
    switch (kind) {
      case ADD: return <T>reinterpret<u32>(x + y);
      case SUB: return <T>reinterpret<u32>(x - y);
      case MUL: return <T>reinterpret<u32>(x * y);
      case DIV: return <T>reinterpret<u32>(x / y);
      default: return <T>reinterpret<u32>(sqrt<f32>(y));
    }
  }
}

/**
 * True when the only exception can be PE: no denormal operand, and a result that is finite and clear of the denormals
 * (twice the smallest normal, so that it was not rounded up to there), or zero for an operand is.
 */
@inline
function ordinary<T>(a: T, b: T, result: T): bool {
  if (isDenormal<T>(a) || isDenormal<T>(b)) return false;
  if (magnitude<T>(result) - 2 * smallest<T>() < infinity<T>() - 2 * smallest<T>()) return true;
  return isZero<T>(result) && (isZero<T>(a) || isZero<T>(b));
}

/** True when an ordinary result other than 0 is exact. */
function exact<T>(kind: u32, a: T, b: T, result: T): bool {
  if (sizeof<T>() == 8) {
    const x = reinterpret<f64>(<u64>a);
    const y = reinterpret<f64>(<u64>b);
    const r = reinterpret<f64>(<u64>result);
    switch (kind) {
      case ADD: return sumExact<f64>(x, y, r);
      case SUB: return sumExact<f64>(x, -y, r);
      case MUL: return productIs(a, b, result);
      case DIV: return productIs(result, b, a);
      default: return productIs(result, result, b);
    }
  } else {
    const x = reinterpret<f32>(<u32>a);
    const y = reinterpret<f32>(<u32>b);
    const r = reinterpret<f32>(<u32>result);
    switch (kind) {
      case ADD: return sumExact<f32>(x, y, r);
      case SUB: return sumExact<f32>(x, -y, r);
      case MUL: return <f64>x * <f64>y == <f64>r;
      case DIV: return <f64>r * <f64>y == <f64>x;
      default: return <f64>r * <f64>r == <f64>y;
    }
  }
}

/** Knuth's TwoSum: the rounding error of `r = x + y` is itself a number of the format. */
@inline
function sumExact<F>(x: F, y: F, r: F): bool {
  const part = r - x;
  return (x - (r - part)) + (y - part) == 0;
}

/** True when `product`, a × b but for rounding, is a × b: the odd parts of the significands multiply to its odd part. */
function productIs(a: u64, b: u64, product: u64): bool {
  const x = significandOf<u64>(a) >> 10;
  const y = significandOf<u64>(b) >> 10;
  const oddX = x >> ctz<u64>(x);
  const oddY = y >> ctz<u64>(y);
  // The product of two odd numbers is odd: it must fit the precision without a bit to spare on the right.
  if (clz<u64>(oddX) + clz<u64>(oddY) < 128 - 54) return false;
  const z = significandOf<u64>(product) >> 10;
  return oddX * oddY == z >> ctz<u64>(z);
}

/** Arithmetic on integers, after the table of special operands (Intel SDM vol. 1, 4.8.3.5 and 11.5.2). */
function careful<T>(cpu: u32, kind: u32, a: T, b: T): T {
  a = operand<T>(cpu, a);
  b = operand<T>(cpu, b);
  if (kind >= MIN) return pick<T>(cpu, kind, a, b);
  if (kind == SQRT) a = b;
  if (isNaN<T>(a) || isNaN<T>(b)) {
    if (isSignaling<T>(a) || isSignaling<T>(b)) flag(cpu, IE);
    return quiet<T>(isNaN<T>(a) ? a : b);
  }
  switch (kind) {
    case ADD: return add<T>(cpu, a, b);
    case SUB: return add<T>(cpu, a, b ^ signBit<T>());
    case MUL: return multiply<T>(cpu, a, b);
    case DIV: return divide<T>(cpu, a, b);
    default: return root<T>(cpu, b);
  }
}

/** Minimum and maximum: the second operand unless the first is plainly less (greater). */
function pick<T>(cpu: u32, kind: u32, a: T, b: T): T {
  if (isNaN<T>(a) || isNaN<T>(b)) {
    flag(cpu, IE);
    return b;
  }
  noteDenormal<T>(cpu, a, b);
  return (kind == MIN ? less<T>(a, b) : less<T>(b, a)) ? a : b;
}

/** a < b, neither being NaN. */
export function less<T>(a: T, b: T): bool {
  if (isZero<T>(a) && isZero<T>(b)) return false;
  if (isNegative<T>(a) != isNegative<T>(b)) return isNegative<T>(a);
  return isNegative<T>(a) ? b < a : a < b;
}

function invalid<T>(cpu: u32): T {
  flag(cpu, IE);
  return indefinite<T>();
}

function add<T>(cpu: u32, a: T, b: T): T {
  const opposite = isNegative<T>(a) != isNegative<T>(b);
  if (isInfinite<T>(a) && isInfinite<T>(b) && opposite) return invalid<T>(cpu);
  noteDenormal<T>(cpu, a, b);
  if (isInfinite<T>(a)) return a;
  if (isInfinite<T>(b)) return b;
  if (magnitude<T>(a) < magnitude<T>(b)) {
    const swap = a;
    a = b;
    b = swap;
  }
  if (isZero<T>(a)) return opposite ? cancelled<T>(cpu) : a;
  const sign = isNegative<T>(a);
  let exponent = exponentOf<T>(a);
  let sum = significandOf<T>(a);
  if (isZero<T>(b)) return roundPack<T>(cpu, sign, exponent, sum);
  const other = shiftRightJam(significandOf<T>(b), <u32>(exponent - exponentOf<T>(b)));
  if (!opposite) {
    sum += other;
    if (sum >> 63) {
      sum = shiftRightJam(sum, 1);
      exponent++;
    }
  } else {
    sum -= other;
    if (sum == 0) return cancelled<T>(cpu);
    const shift = <i32>clz<u64>(sum) - 1;
    sum <<= shift;
    exponent -= shift;
  }
  return roundPack<T>(cpu, sign, exponent, sum);
}

function multiply<T>(cpu: u32, a: T, b: T): T {
  const sign = isNegative<T>(a) != isNegative<T>(b);
  const infinite = isInfinite<T>(a) || isInfinite<T>(b);
  const zero = isZero<T>(a) || isZero<T>(b);
  if (infinite && zero) return invalid<T>(cpu);
  noteDenormal<T>(cpu, a, b);
  if (infinite) return signed<T>(sign, infinity<T>());
  if (zero) return signed<T>(sign, 0);
  const exponent = exponentOf<T>(a) + exponentOf<T>(b) - bias<T>();
  const product = multiplyHigh(significandOf<T>(a) << 1, significandOf<T>(b) << 1);
  return product >> 63
    ? roundPack<T>(cpu, sign, exponent + 1, shiftRightJam(product, 1))
    : roundPack<T>(cpu, sign, exponent, product);
}

/** High half of the 128-bit product, the low half jammed into bit 0. */
function multiplyHigh(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const low = a0 * b0;
  const middle = a1 * b0 + (low >> 32);
  const cross = a0 * b1 + (middle & 0xffffffff);
  const rest = (cross << 32) | (low & 0xffffffff);
  return (a1 * b1 + (middle >> 32) + (cross >> 32)) | u64(rest != 0);
}

function divide<T>(cpu: u32, a: T, b: T): T {
  const sign = isNegative<T>(a) != isNegative<T>(b);
  if ((isZero<T>(a) && isZero<T>(b)) || (isInfinite<T>(a) && isInfinite<T>(b))) return invalid<T>(cpu);
  if (isZero<T>(b) && !isInfinite<T>(a)) {
    flag(cpu, ZE);
    return signed<T>(sign, infinity<T>());
  }
  noteDenormal<T>(cpu, a, b);
  if (isInfinite<T>(a)) return signed<T>(sign, infinity<T>());
  if (isZero<T>(a) || isInfinite<T>(b)) return signed<T>(sign, 0);
  let exponent = exponentOf<T>(a) - exponentOf<T>(b) + bias<T>();
  let rest = significandOf<T>(a);
  const divisor = significandOf<T>(b);
  if (rest < divisor) {
    rest <<= 1;
    exponent--;
  }
  rest -= divisor;
  let quotient: u64 = 1;
  for (let i = 0; i < 62; i++) {
    rest <<= 1;
    quotient <<= 1;
    if (rest >= divisor) {
      rest -= divisor;
      quotient |= 1;
    }
  }
  return roundPack<T>(cpu, sign, exponent, quotient | u64(rest != 0));
}

function root<T>(cpu: u32, x: T): T {
  if (isZero<T>(x)) return x;
  if (isNegative<T>(x)) return invalid<T>(cpu);
  noteDenormal<T>(cpu, x, x);
  if (isInfinite<T>(x)) return x;
  let exponent = exponentOf<T>(x) - bias<T>();
  let radicand = significandOf<T>(x);
  if (exponent & 1) {
    radicand <<= 1;
    exponent--;
  }
  // 56 bits of the root, two bits of the radicand at a time.
  let rest: u64 = 0;
  let value: u64 = 0;
  for (let i = 0; i < 56; i++) {
    rest = (rest << 2) | (radicand >> 62);
    radicand <<= 2;
    const trial = (value << 2) | 1;
    value <<= 1;
    if (rest >= trial) {
      rest -= trial;
      value |= 1;
    }
  }
  return roundPack<T>(cpu, false, (exponent >> 1) + bias<T>(), (value << 7) | u64(rest != 0));
}
