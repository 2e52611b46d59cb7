// FYL2X, FYL2XP1 and F2XM1 of finite numbers. log2 m is taken about the nearest sixteenth c, as
// log2 c + 2/ln 2 × atanh((m − c) / (m + c)).
import { EXPONENTIAL, LN2_HIGH, LN2_LOW, LOGARITHM, ODD, TWO_OVER_LN2_HIGH, TWO_OVER_LN2_LOW } from "./constants";
import {
  difference, exponent, fraction, low, normalise, over, series, shiftedRight, squareBelowOne, sum, times,
} from "./fixed";
import { roundFull } from "./round";
import { BIAS, EXPONENT, INTEGER_BIT, note, PE, SIGN, UE, X_SE, X_WIDE } from "./state";
import { mulHigh } from "./wide";

/** Sign of the logarithm last taken. */
const L_SIGN: u32 = X_WIDE + 0x10;
/** √2 in units of 2^−63. */
const ROOT: u64 = 0xb504f333f9de6484;

/** y × log2 x for x = sig × 2^(exp − 63) > 0 other than 1. */
export function logarithm(cpu: u32, ySign: u32, yExp: i32, ySig: u64, exp: i32, sig: u64): u64 {
  if (sig == INTEGER_BIT) return timesInteger(cpu, ySign, yExp, ySig, exp);
  const hi = log2(cpu, exp, sig, 0);
  return scaled(cpu, ySign, yExp, ySig, hi);
}

/** y × log2(1 + x) for x = ±sig × 2^(exp − 63) > −1, other than 0. */
export function logarithmOnePlus(cpu: u32, ySign: u32, yExp: i32, ySig: u64, sign: u32, exp: i32, sig: u64): u64 {
  let hi: u64;
  if (exp < -5) {
    // About 1: atanh(x / (2 + x)).
    let dHi = shiftedRight(cpu, sig, 0, 1 - exp);
    const dLo = low(cpu);
    dHi = sign ? difference(cpu, INTEGER_BIT, 0, dHi, dLo) : sum(cpu, INTEGER_BIT, 0, dHi, dLo);
    dHi = normalise(cpu, 1, dHi, low(cpu));
    const ratio = over(cpu, exp, sig, 0, exponent(cpu), dHi, low(cpu));
    store<u32>(cpu + L_SIGN, sign);
    hi = areaTangent(cpu, exponent(cpu), ratio, low(cpu));
  } else {
    hi = onePlus(cpu, sign, exp, sig);
    const lo = low(cpu);
    const top = exponent(cpu);
    if (hi == INTEGER_BIT && lo == 0) return timesInteger(cpu, ySign, yExp, ySig, top);
    hi = log2(cpu, top, hi, lo);
  }
  return scaled(cpu, ySign, yExp, ySig, hi);
}

/** 1 ± sig × 2^(exp − 63), floating. */
function onePlus(cpu: u32, sign: u32, exp: i32, sig: u64): u64 {
  if (exp < 0) {
    let hi = shiftedRight(cpu, sig, 0, 1 - exp);
    const lo = low(cpu);
    hi = sign ? difference(cpu, INTEGER_BIT >> 1, 0, hi, lo) : sum(cpu, INTEGER_BIT >> 1, 0, hi, lo);
    return normalise(cpu, 1, hi, low(cpu));
  }
  const hi = shiftedRight(cpu, INTEGER_BIT, 0, exp + 1);
  const total = sum(cpu, sig >> 1, sig << 63, hi, low(cpu));
  return normalise(cpu, exp + 1, total, low(cpu));
}

/** log2 of a floating number other than a power of 2, floating; sign in L_SIGN. */
function log2(cpu: u32, exp: i32, hi: u64, lo: u64): u64 {
  // m in units of 2^−126, between √½ and √2.
  const halve = hi >= ROOT;
  let mHi = shiftedRight(cpu, hi, lo, halve ? 2 : 1);
  let mLo = low(cpu);
  const whole = exp + i32(halve);
  const k = <u32>((mHi + (<u64>1 << 57)) >> 58);
  const cHi = <u64>k << 58;
  const negative = mHi < cHi;
  let nHi = negative ? difference(cpu, cHi, 0, mHi, mLo) : difference(cpu, mHi, mLo, cHi, 0);
  let nLo = low(cpu);
  let tail: u64 = 0;
  if (nHi | nLo) {
    nHi = normalise(cpu, 1, nHi, nLo);
    nLo = low(cpu);
    const nExp = exponent(cpu);
    mHi = sum(cpu, mHi, mLo, cHi, 0);
    mHi = normalise(cpu, 1, mHi, low(cpu));
    const ratio = over(cpu, nExp, nHi, nLo, exponent(cpu), mHi, low(cpu));
    tail = areaTangent(cpu, exponent(cpu), ratio, low(cpu));
    if (whole == 0 && k == 16) {
      store<u32>(cpu + L_SIGN, negative ? SIGN : 0);
      return tail;
    }
    // In units of 2^−112.
    tail = shiftedRight(cpu, tail, low(cpu), 15 - exponent(cpu));
    mLo = low(cpu);
  } else mLo = 0;
  const at = changetype<u32>(LOGARITHM) + 16 * (k - 11);
  let sumHi = load<u64>(at) + (<u64>(<i64>whole) << 48);
  sumHi = negative
    ? difference(cpu, sumHi, load<u64>(at + 8), tail, mLo)
    : sum(cpu, sumHi, load<u64>(at + 8), tail, mLo);
  let sumLo = low(cpu);
  store<u32>(cpu + L_SIGN, <i64>sumHi < 0 ? SIGN : 0);
  if (<i64>sumHi < 0) {
    sumHi = difference(cpu, 0, 0, sumHi, sumLo);
    sumLo = low(cpu);
  }
  return normalise(cpu, 15, sumHi, sumLo);
}

/** 2/ln 2 × atanh z for small floating z, floating. */
function areaTangent(cpu: u32, exp: i32, hi: u64, lo: u64): u64 {
  const square = squareBelowOne(cpu, exp, hi, lo);
  const ratio = series(cpu, ODD, 12, false, square, low(cpu));
  const top = times(cpu, 0, ratio, low(cpu), exp, hi, lo);
  return times(cpu, exponent(cpu), top, low(cpu), 1, TWO_OVER_LN2_HIGH, TWO_OVER_LN2_LOW);
}

/** y × the logarithm at hand, never exact. */
function scaled(cpu: u32, ySign: u32, yExp: i32, ySig: u64, hi: u64): u64 {
  const sign = ySign ^ load<u32>(cpu + L_SIGN);
  const top = times(cpu, exponent(cpu), hi, low(cpu), yExp, ySig, 0);
  return roundFull(cpu, sign, exponent(cpu) + BIAS, top, low(cpu) | 1);
}

/** y × n for n other than 0. Noted as inexact like any other logarithm, as processors do. */
function timesInteger(cpu: u32, ySign: u32, yExp: i32, ySig: u64, n: i32): u64 {
  note(cpu, PE);
  const magnitude = <u64>(n < 0 ? -n : n);
  const shift = <i32>clz(magnitude);
  const factor = magnitude << shift;
  const hi = mulHigh(ySig, factor);
  const top = normalise(cpu, yExp + 64 - shift, hi, ySig * factor);
  const sig = roundFull(cpu, n < 0 ? ySign ^ SIGN : ySign, exponent(cpu) + BIAS, top, low(cpu));
  if (!(load<u32>(cpu + X_SE) & EXPONENT)) note(cpu, UE);
  return sig;
}

/** 2^x − 1 for x = ±sig × 2^(exp − 63), 0 < |x| < 1. */
export function exponentialMinusOne(cpu: u32, sign: u32, exp: i32, sig: u64): u64 {
  const hi = times(cpu, exp, sig, 0, -1, LN2_HIGH, LN2_LOW);
  const lo = low(cpu);
  const top = exponent(cpu);
  const y = fraction(cpu, top, hi, lo);
  const ratio = series(cpu, EXPONENTIAL, 29, sign != 0, y, low(cpu));
  const ratioLow = low(cpu);
  const ratioTop = normalise(cpu, 0, ratio, ratioLow);
  const result = times(cpu, exponent(cpu), ratioTop, low(cpu), top, hi, lo);
  return roundFull(cpu, sign, exponent(cpu) + BIAS, result, low(cpu) | 1);
}
