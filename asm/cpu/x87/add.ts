// Addition and subtraction of extended values.
import { isDenormal, isInfinite, isNormal, isOdd, isZero, oddResult2 } from "./classify";
import { normaliseExponent, roundPack, zeroSign } from "./round";
import { DE, EXPONENT, INTEGER_BIT, invalid, note, SIGN, value } from "./state";

/** a + b, or a − b when `flip` is SIGN rather than 0. */
export function add(cpu: u32, aSe: u32, aSig: u64, bSe: u32, bSig: u64, flip: u32): u64 {
  if (isNormal(aSe, aSig) && isNormal(bSe, bSig)) {
    return sum(cpu, aSe & SIGN, aSe & EXPONENT, aSig, (bSe ^ flip) & SIGN, bSe & EXPONENT, bSig);
  }
  return addSpecial(cpu, aSe, aSig, bSe, bSig, flip);
}

function addSpecial(cpu: u32, aSe: u32, aSig: u64, bSe: u32, bSig: u64, flip: u32): u64 {
  if (isOdd(aSe, aSig) || isOdd(bSe, bSig)) return oddResult2(cpu, aSe, aSig, bSe, bSig);
  bSe ^= flip;
  const aInfinite = isInfinite(aSe, aSig);
  const bInfinite = isInfinite(bSe, bSig);
  if (aInfinite && bInfinite && aSe != bSe) return invalid(cpu);
  if (isDenormal(aSe, aSig) || isDenormal(bSe, bSig)) note(cpu, DE);
  if (aInfinite) return value(cpu, aSe, aSig);
  if (bInfinite) return value(cpu, bSe, bSig);
  const aZero = isZero(aSe, aSig);
  const bZero = isZero(bSe, bSig);
  if (aZero && bZero) return value(cpu, aSe == bSe ? aSe : zeroSign(cpu), 0);
  let aExp: i32 = aSe & EXPONENT;
  let bExp: i32 = bSe & EXPONENT;
  if (aExp == 0 && !aZero) {
    aExp = normaliseExponent(aSig);
    aSig <<= clz(aSig);
  }
  if (bExp == 0 && !bZero) {
    bExp = normaliseExponent(bSig);
    bSig <<= clz(bSig);
  }
  if (aZero) return roundPack(cpu, bSe & SIGN, bExp, bSig, 0);
  if (bZero) return roundPack(cpu, aSe & SIGN, aExp, aSig, 0);
  return sum(cpu, aSe & SIGN, aExp, aSig, bSe & SIGN, bExp, bSig);
}

/** Sum of two normalised values. */
function sum(cpu: u32, aSign: u32, aExp: i32, aSig: u64, bSign: u32, bExp: i32, bSig: u64): u64 {
  if (aExp < bExp || (aExp == bExp && aSig < bSig)) {
    const sign = aSign;
    const exp = aExp;
    const sig = aSig;
    aSign = bSign;
    aExp = bExp;
    aSig = bSig;
    bSign = sign;
    bExp = exp;
    bSig = sig;
  }
  const n: u32 = aExp - bExp;
  let high = bSig;
  let low: u64 = 0;
  if (n >= 64) {
    high = 0;
    low = n == 64 ? bSig : n < 128 ? (bSig >> (n - 64)) | u64(bSig << (128 - n) != 0) : 1;
  } else if (n) {
    high = bSig >> n;
    low = bSig << (64 - n);
  }
  if (aSign == bSign) {
    const hi = aSig + high;
    if (hi >= aSig) return roundPack(cpu, aSign, aExp, hi, low);
    return roundPack(cpu, aSign, aExp + 1, (hi >> 1) | INTEGER_BIT, (hi << 63) | (low >> 1) | (low & 1));
  }
  const lo = 0 - low;
  const hi = aSig - high - u64(low != 0);
  if (<i64>hi < 0) return roundPack(cpu, aSign, aExp, hi, lo);
  if (hi == 0) {
    if (lo == 0) return value(cpu, zeroSign(cpu), 0);
    return roundPack(cpu, aSign, aExp - 64 - <i32>clz(lo), lo << clz(lo), 0);
  }
  const shift = clz(hi);
  return roundPack(cpu, aSign, aExp - <i32>shift, (hi << shift) | (lo >> (64 - shift)), lo << shift);
}
