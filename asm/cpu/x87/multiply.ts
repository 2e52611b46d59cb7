// Multiplication, division and square root of extended values.
import { isDenormal, isInfinite, isNormal, isOdd, isZero, oddResult, oddResult2 } from "./classify";
import { normaliseExponent, roundPack } from "./round";
import { BIAS, DE, EXPONENT, INTEGER_BIT, invalid, note, SIGN, value, ZE } from "./state";
import { div128, mulHigh } from "./wide";

/** a × b. */
export function multiply(cpu: u32, aSe: u32, aSig: u64, bSe: u32, bSig: u64): u64 {
  const sign = (aSe ^ bSe) & SIGN;
  let exp = <i32>(aSe & EXPONENT) + <i32>(bSe & EXPONENT);
  if (!isNormal(aSe, aSig) || !isNormal(bSe, bSig)) {
    if (isOdd(aSe, aSig) || isOdd(bSe, bSig)) return oddResult2(cpu, aSe, aSig, bSe, bSig);
    const zero = isZero(aSe, aSig) || isZero(bSe, bSig);
    const infinite = isInfinite(aSe, aSig) || isInfinite(bSe, bSig);
    if (zero && infinite) return invalid(cpu);
    if (isDenormal(aSe, aSig) || isDenormal(bSe, bSig)) note(cpu, DE);
    if (infinite) return value(cpu, sign | EXPONENT, INTEGER_BIT);
    if (zero) return value(cpu, sign, 0);
    if (!(aSe & EXPONENT)) {
      exp += normaliseExponent(aSig);
      aSig <<= clz(aSig);
    }
    if (!(bSe & EXPONENT)) {
      exp += normaliseExponent(bSig);
      bSig <<= clz(bSig);
    }
  }
  const hi = mulHigh(aSig, bSig);
  const lo = aSig * bSig;
  if (<i64>hi < 0) return roundPack(cpu, sign, exp - BIAS + 1, hi, lo);
  return roundPack(cpu, sign, exp - BIAS, (hi << 1) | (lo >> 63), lo << 1);
}

/** a ÷ b. */
export function divide(cpu: u32, aSe: u32, aSig: u64, bSe: u32, bSig: u64): u64 {
  const sign = (aSe ^ bSe) & SIGN;
  let exp = <i32>(aSe & EXPONENT) - <i32>(bSe & EXPONENT) + BIAS;
  if (!isNormal(aSe, aSig) || !isNormal(bSe, bSig)) {
    if (isOdd(aSe, aSig) || isOdd(bSe, bSig)) return oddResult2(cpu, aSe, aSig, bSe, bSig);
    const aZero = isZero(aSe, aSig);
    const bZero = isZero(bSe, bSig);
    const aInfinite = isInfinite(aSe, aSig);
    const bInfinite = isInfinite(bSe, bSig);
    if ((aZero && bZero) || (aInfinite && bInfinite)) return invalid(cpu);
    if (bZero && !aInfinite) {
      note(cpu, ZE);
      return value(cpu, sign | EXPONENT, INTEGER_BIT);
    }
    if (isDenormal(aSe, aSig) || isDenormal(bSe, bSig)) note(cpu, DE);
    if (aInfinite) return value(cpu, sign | EXPONENT, INTEGER_BIT);
    if (aZero || bInfinite) return value(cpu, sign, 0);
    if (!(aSe & EXPONENT)) {
      exp += normaliseExponent(aSig);
      aSig <<= clz(aSig);
    }
    if (!(bSe & EXPONENT)) {
      exp -= normaliseExponent(bSig);
      bSig <<= clz(bSig);
    }
  }
  const less = aSig < bSig;
  const hi = less ? aSig : aSig >> 1;
  const lo = less ? 0 : aSig << 63;
  const quotient = div128(hi, lo, bSig);
  const remainder = lo - quotient * bSig;
  return roundPack(cpu, sign, exp - i32(less), quotient, againstHalf(remainder, bSig - remainder));
}

/** Fraction below a truncated result, as far as rounding cares: zero, under, at or over one half. */
@inline
function againstHalf(remainder: u64, complement: u64): u64 {
  if (remainder == 0) return 0;
  return remainder < complement ? 1 : remainder == complement ? INTEGER_BIT : INTEGER_BIT | 1;
}

/** √a. */
export function squareRoot(cpu: u32, se: u32, sig: u64): u64 {
  let exp = <i32>(se & EXPONENT);
  if (!isNormal(se, sig) || se & SIGN) {
    if (isOdd(se, sig)) return oddResult(cpu, se, sig);
    if (isZero(se, sig)) return value(cpu, se, sig);
    if (se & SIGN) return invalid(cpu);
    if (isInfinite(se, sig)) return value(cpu, se, sig);
    note(cpu, DE);
    exp = normaliseExponent(sig);
    sig <<= clz(sig);
  }
  const odd = (exp - BIAS) & 1;
  const hi = odd ? sig : sig >> 1;
  const lo = odd ? 0 : sig << 63;
  const root = integerRoot(hi, lo);
  // The remainder lies in 0 … 2 × root, and the root is above one half when it exceeds root.
  const low = lo - root * root;
  const high = hi - mulHigh(root, root) - u64(low > lo);
  const over = high != 0 || low > root;
  return roundPack(cpu, 0, ((exp - BIAS) >> 1) + BIAS, root, over ? INTEGER_BIT | 1 : u64(low != 0));
}

/** ⌊√(hi:lo)⌋ for hi ≥ 2^62: a double's root, one Newton step, and a last correction. */
function integerRoot(hi: u64, lo: u64): u64 {
  const estimate = Math.sqrt(<f64>hi) * 4294967296.0;
  const guess = estimate >= 18446744073709551615.0 ? ~(<u64>0) : <u64>estimate;
  const quotient = hi < guess ? div128(hi, lo, guess) : ~(<u64>0);
  let root = (guess >> 1) + (quotient >> 1) + (guess & quotient & 1);
  while (isBelowSquare(hi, lo, root)) root--;
  while (root != ~(<u64>0) && !isBelowSquare(hi, lo, root + 1)) root++;
  return root;
}

/** hi:lo < root² */
@inline
function isBelowSquare(hi: u64, lo: u64, root: u64): bool {
  const high = mulHigh(root, root);
  return hi < high || (hi == high && lo < root * root);
}
