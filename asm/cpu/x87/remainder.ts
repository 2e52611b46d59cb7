// FPREM, FPREM1, FSCALE, FXTRACT and FRNDINT.
import { isDenormal, isInfinite, isOdd, isZero, oddResult, oddResult2 } from "./classify";
import { increment, normaliseExponent, roundFull, roundingControl } from "./round";
import {
  BIAS, C0, C1, C2, C3, DE, EXPONENT, INTEGER_BIT, invalid, note, PE, QUOTIENT, SIGN, value, X_SE, X_SE2, X_SIG2, ZE,
} from "./state";
import { div128 } from "./wide";

/**
 * Partial remainder of a by b: FPREM (quotient truncated) or FPREM1 (`nearest`: rounded to nearest even). Notes C2 when
 * the exponents differ by 64 or more and only some of that was taken off, else the quotient's low bits in C0, C3, C1.
 */
export function remainder(cpu: u32, aSe: u32, aSig: u64, bSe: u32, bSig: u64, nearest: bool): u64 {
  if (isOdd(aSe, aSig) || isOdd(bSe, bSig)) return oddResult2(cpu, aSe, aSig, bSe, bSig);
  if (isInfinite(aSe, aSig) || isZero(bSe, bSig)) return invalid(cpu);
  note(cpu, QUOTIENT);
  if (isDenormal(aSe, aSig) || isDenormal(bSe, bSig)) note(cpu, DE);
  if (isZero(aSe, aSig)) return value(cpu, aSe, aSig);
  let aExp = <i32>(aSe & EXPONENT);
  let bExp = <i32>(bSe & EXPONENT);
  if (!aExp) {
    aExp = normaliseExponent(aSig);
    aSig <<= clz(aSig);
  }
  if (isInfinite(bSe, bSig)) return roundFull(cpu, aSe & SIGN, aExp, aSig, 0);
  if (!bExp) {
    bExp = normaliseExponent(bSig);
    bSig <<= clz(bSig);
  }
  const distance = aExp - bExp;
  const least: i32 = nearest ? -1 : 0;
  if (distance < least) return roundFull(cpu, aSe & SIGN, aExp, aSig, 0);
  if (distance >= 64) {
    const n: u32 = 32 + (distance & 31);
    note(cpu, C2);
    return packRemainder(cpu, aSe & SIGN, aExp - n, modulo(aSig, n, bSig), aSe);
  }
  return reduce(cpu, aSe & SIGN, aSig, distance, bExp, bSig, nearest);
}

/** (a × 2^n) mod b, 0 ≤ n < 64, b normalised. */
@inline
function modulo(a: u64, n: u32, b: u64): u64 {
  const lo = a << n;
  return lo - div128(n ? a >> (64 - n) : 0, lo, b) * b;
}

/** The whole remainder of sig × 2^distance by b, distance −1 … 63, in units of b's last place. */
function reduce(cpu: u32, sign: u32, aSig: u64, distance: i32, bExp: i32, bSig: u64, nearest: bool): u64 {
  if (distance < 0) return reduceHalf(cpu, sign, aSig, bExp, bSig);
  const lo = aSig << distance;
  const quotient = div128(distance ? aSig >> (64 - distance) : 0, lo, bSig);
  const rest = lo - quotient * bSig;
  const other = bSig - rest;
  if (nearest && (rest > other || (rest == other && (quotient & 1) != 0))) {
    noteQuotient(cpu, quotient + 1);
    return packRemainder(cpu, sign ^ SIGN, bExp, other, sign);
  }
  noteQuotient(cpu, quotient);
  return packRemainder(cpu, sign, bExp, rest, sign);
}

/** FPREM1 of a that lies one exponent below b: the quotient is 1 where a is above b/2, else 0. */
function reduceHalf(cpu: u32, sign: u32, aSig: u64, bExp: i32, bSig: u64): u64 {
  if (aSig <= bSig) return packRemainder(cpu, sign, bExp - 1, aSig, sign);
  noteQuotient(cpu, 1);
  return packRemainder(cpu, sign ^ SIGN, bExp - 1, bSig - (aSig - bSig), sign);
}

@inline
function noteQuotient(cpu: u32, quotient: u64): void {
  const q = <u32>quotient;
  note(cpu, (q & 4 ? C0 : 0) | (q & 2 ? C3 : 0) | (q & 1 ? C1 : 0));
}

function packRemainder(cpu: u32, sign: u32, exp: i32, sig: u64, zeroSe: u32): u64 {
  if (sig == 0) return value(cpu, zeroSe & SIGN, 0);
  return roundFull(cpu, sign, exp - <i32>clz(sig), sig << clz(sig), 0);
}

/** a × 2^trunc(b). */
export function scale(cpu: u32, aSe: u32, aSig: u64, bSe: u32, bSig: u64): u64 {
  if (isOdd(aSe, aSig) || isOdd(bSe, bSig)) return oddResult2(cpu, aSe, aSig, bSe, bSig);
  const aZero = isZero(aSe, aSig);
  const aInfinite = isInfinite(aSe, aSig);
  if (isInfinite(bSe, bSig)) {
    const down = (bSe & SIGN) != 0;
    if (down ? aInfinite : aZero) return invalid(cpu);
    if (isDenormal(aSe, aSig)) note(cpu, DE);
    if (down) return value(cpu, aSe & SIGN, 0);
    return value(cpu, (aSe & SIGN) | EXPONENT, INTEGER_BIT);
  }
  if (isDenormal(aSe, aSig) || isDenormal(bSe, bSig)) note(cpu, DE);
  if (aZero || aInfinite) return value(cpu, aSe, aSig);
  let exp = <i32>(aSe & EXPONENT);
  if (!exp) {
    exp = normaliseExponent(aSig);
    aSig <<= clz(aSig);
  }
  const magnitude = <i32>(bSe & EXPONENT) - BIAS;
  if (magnitude >= 0) {
    const by = magnitude > 16 ? 0x20000 : <i32>(bSig >> (63 - magnitude));
    exp += bSe & SIGN ? -by : by;
  }
  return roundFull(cpu, aSe & SIGN, exp, aSig, 0);
}

/** Exponent of a as a number (returned) and its significand in 1 … 2 (X_SIG2, X_SE2). */
export function extract(cpu: u32, se: u32, sig: u64): u64 {
  if (isOdd(se, sig)) {
    const nan = oddResult(cpu, se, sig);
    store<u64>(cpu + X_SIG2, nan);
    store<u32>(cpu + X_SE2, load<u32>(cpu + X_SE));
    return nan;
  }
  store<u64>(cpu + X_SIG2, sig);
  store<u32>(cpu + X_SE2, se);
  if (isZero(se, sig)) {
    note(cpu, ZE);
    return value(cpu, SIGN | EXPONENT, INTEGER_BIT);
  }
  if (isInfinite(se, sig)) return value(cpu, EXPONENT, INTEGER_BIT);
  let exp = <i32>(se & EXPONENT);
  if (!exp) {
    note(cpu, DE);
    exp = normaliseExponent(sig);
    store<u64>(cpu + X_SIG2, sig << clz(sig));
  }
  store<u32>(cpu + X_SE2, (se & SIGN) | BIAS);
  return fromInteger(cpu, exp - BIAS);
}

/** An integer as extended value, exactly. */
export function fromInteger(cpu: u32, n: i64): u64 {
  if (n == 0) return value(cpu, 0, 0);
  const magnitude: u64 = n < 0 ? 0 - n : n;
  const shift = clz(magnitude);
  return value(cpu, (n < 0 ? SIGN : 0) | <u32>(BIAS + 63 - <i32>shift), magnitude << shift);
}

/** a rounded to an integer. */
export function roundToInteger(cpu: u32, se: u32, sig: u64): u64 {
  if (isOdd(se, sig)) return oddResult(cpu, se, sig);
  const magnitude = <i32>(se & EXPONENT) - BIAS;
  if (magnitude >= 63 || isZero(se, sig)) return value(cpu, se, sig);
  if (isDenormal(se, sig)) note(cpu, DE);
  const n: u32 = 63 - magnitude;
  const rest = n < 64 ? sig << (64 - n) : n == 64 ? sig : 1;
  if (rest == 0) return value(cpu, se, sig);
  let whole = n < 64 ? sig >> n : 0;
  const up = increment(roundingControl(cpu), se & SIGN, whole & 1, rest);
  note(cpu, PE | (<u32>up << 9));
  whole += up;
  if (whole == 0) return value(cpu, se & SIGN, 0);
  const shift = clz(whole);
  return value(cpu, (se & SIGN) | <u32>(BIAS + 63 - <i32>shift), whole << shift);
}
