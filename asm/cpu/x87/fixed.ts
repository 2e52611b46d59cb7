// 128-bit arithmetic for the transcendental functions. A positive number is (high:low) in units that the caller keeps in
// mind; a function that makes one returns the high word and leaves the low word in W_LOW. Floating ones are normalised,
// 1 ≤ (high:low) / 2^127 < 2, with their binary exponent in W_EXP.
import { X_WIDE } from "./state";
import { mulHigh } from "./wide";

export const W_LOW: u32 = X_WIDE;
export const W_EXP: u32 = X_WIDE + 8;

@inline
export function low(cpu: u32): u64 {
  return load<u64>(cpu + W_LOW);
}

@inline
export function exponent(cpu: u32): i32 {
  return load<i32>(cpu + W_EXP);
}

@inline
export function wide(cpu: u32, hi: u64, lo: u64): u64 {
  store<u64>(cpu + W_LOW, lo);
  return hi;
}

/** a × b / 2^128, at most three units too small. */
export function product(cpu: u32, aHi: u64, aLo: u64, bHi: u64, bLo: u64): u64 {
  const first = aHi * bHi;
  const second = first + mulHigh(aHi, bLo);
  const carry = u64(second < first);
  const third = second + mulHigh(aLo, bHi);
  return wide(cpu, mulHigh(aHi, bHi) + carry + u64(third < second), third);
}

/** a ≥ b */
@inline
export function atLeast(aHi: u64, aLo: u64, bHi: u64, bLo: u64): bool {
  return aHi > bHi || (aHi == bHi && aLo >= bLo);
}

@inline
export function sum(cpu: u32, aHi: u64, aLo: u64, bHi: u64, bLo: u64): u64 {
  const lo = aLo + bLo;
  return wide(cpu, aHi + bHi + u64(lo < aLo), lo);
}

@inline
export function difference(cpu: u32, aHi: u64, aLo: u64, bHi: u64, bLo: u64): u64 {
  return wide(cpu, aHi - bHi - u64(aLo < bLo), aLo - bLo);
}

/** a >> n for any n ≥ 0. */
export function shiftedRight(cpu: u32, hi: u64, lo: u64, n: u32): u64 {
  if (n == 0) return wide(cpu, hi, lo);
  if (n < 64) return wide(cpu, hi >> n, (hi << (64 - n)) | (lo >> n));
  return wide(cpu, 0, n < 128 ? hi >> (n - 64) : 0);
}

/** Normalise a value that is not zero; `exp` is its exponent if its highest bit is set. */
export function normalise(cpu: u32, exp: i32, hi: u64, lo: u64): u64 {
  if (hi == 0) {
    hi = lo;
    lo = 0;
    exp -= 64;
  }
  const n = <u32>clz(hi);
  store<i32>(cpu + W_EXP, exp - <i32>n);
  return n ? wide(cpu, (hi << n) | (lo >> (64 - n)), lo << n) : wide(cpu, hi, lo);
}

/** Product of two floating numbers. */
export function times(cpu: u32, aExp: i32, aHi: u64, aLo: u64, bExp: i32, bHi: u64, bLo: u64): u64 {
  const hi = product(cpu, aHi, aLo, bHi, bLo);
  return normalise(cpu, aExp + bExp + 1, hi, low(cpu));
}

/** Quotient of two floating numbers, truncated. */
export function over(cpu: u32, aExp: i32, aHi: u64, aLo: u64, bExp: i32, bHi: u64, bLo: u64): u64 {
  let exp = aExp - bExp;
  let restHi = aHi;
  let restLo = aLo;
  let hi: u64 = 0;
  let lo: u64 = 0;
  if (atLeast(aHi, aLo, bHi, bLo)) {
    restLo = aLo - bLo;
    restHi = aHi - bHi - u64(aLo < bLo);
    lo = 1;
  }
  // 127 more bits; where the quotient is below one its first bit is lost to normalising.
  for (let i: u32 = 0; i < 127; i++) {
    const carry = restHi >> 63;
    restHi = (restHi << 1) | (restLo >> 63);
    restLo <<= 1;
    hi = (hi << 1) | (lo >> 63);
    lo <<= 1;
    if (carry || atLeast(restHi, restLo, bHi, bLo)) {
      restHi = restHi - bHi - u64(restLo < bLo);
      restLo -= bLo;
      lo |= 1;
    }
  }
  return normalise(cpu, exp, hi, lo);
}

/** Square of a floating number below 1, in units of 2^−128. */
export function squareBelowOne(cpu: u32, exp: i32, hi: u64, lo: u64): u64 {
  const square = product(cpu, hi, lo, hi, lo);
  return shiftedRight(cpu, square, low(cpu), -2 * (exp + 1));
}

/** Floating number below 1 in units of 2^−128. */
export function fraction(cpu: u32, exp: i32, hi: u64, lo: u64): u64 {
  return shiftedRight(cpu, hi, lo, -(exp + 1));
}

/** c0 ± c1 y + c2 y² ± …, of coefficients in units of 2^−127 (the result's too), y in units of 2^−128. */
export function series(cpu: u32, table: StaticArray<u64>, terms: u32, alternating: bool, yHi: u64, yLo: u64): u64 {
  const base = changetype<u32>(table);
  let hi: u64 = 0;
  let lo: u64 = 0;
  for (let i = <i32>terms - 1; i >= 0; i--) {
    const tail = product(cpu, hi, lo, yHi, yLo);
    const tailLow = low(cpu);
    const cHi = load<u64>(base + 16 * i);
    const cLo = load<u64>(base + 16 * i + 8);
    hi = alternating ? difference(cpu, cHi, cLo, tail, tailLow) : sum(cpu, cHi, cLo, tail, tailLow);
    lo = low(cpu);
  }
  // Whatever got lost of a tail lies below c0.
  if (alternating && lo == 0 && hi == load<u64>(base)) return wide(cpu, hi - 1, ~(<u64>0));
  return wide(cpu, hi, lo);
}
