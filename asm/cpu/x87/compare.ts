// Comparison and classification of extended values.
import { isDenormal, isInfinite, isNaN, isOdd, isSignalling, isUnsupported, isZero } from "./classify";
import { C0, C1, C2, C3, DE, EXPONENT, IE, note, SIGN } from "./state";

export const UNORDERED: u32 = C0 | C2 | C3;
export const LESS: u32 = C0;
export const EQUAL: u32 = C3;
export const GREATER: u32 = 0;

/** a against b as C0, C2 and C3. An ordered comparison finds every NaN invalid; a `quiet` one only what signals. */
export function compare(cpu: u32, aSe: u32, aSig: u64, bSe: u32, bSig: u64, quiet: bool): u32 {
  if (isOdd(aSe, aSig) || isOdd(bSe, bSig)) {
    const unsupported = isUnsupported(aSe, aSig) || isUnsupported(bSe, bSig);
    if (!quiet || unsupported || isSignalling(aSe, aSig) || isSignalling(bSe, bSig)) note(cpu, IE);
    return UNORDERED;
  }
  if (isDenormal(aSe, aSig) || isDenormal(bSe, bSig)) note(cpu, DE);
  if (aSig == 0 && bSig == 0) return EQUAL;
  if ((aSe ^ bSe) & SIGN) return aSe & SIGN ? LESS : GREATER;
  const order = compareMagnitude(aSe & EXPONENT, aSig, bSe & EXPONENT, bSig);
  if (order == 0) return EQUAL;
  return order < 0 == !(aSe & SIGN) ? LESS : GREATER;
}

/** −1, 0 or 1. A pseudo-denormal equals the normal number of exponent 1. */
function compareMagnitude(aExp: u32, aSig: u64, bExp: u32, bSig: u64): i32 {
  const a = aExp | u32(aExp == 0);
  const b = bExp | u32(bExp == 0);
  if (a != b && aSig != 0 && bSig != 0) return a < b ? -1 : 1;
  return aSig < bSig ? -1 : i32(aSig > bSig);
}

/** FXAM's class of a value, as C0–C3 (Intel SDM vol. 2, FXAM). */
export function examine(se: u32, sig: u64, empty: bool): u32 {
  const sign = se & SIGN ? C1 : 0;
  if (empty) return sign | C3 | C0;
  if (isUnsupported(se, sig)) return sign;
  if (isNaN(se, sig)) return sign | C0;
  if (isInfinite(se, sig)) return sign | C2 | C0;
  if (isZero(se, sig)) return sign | C3;
  if (isDenormal(se, sig)) return sign | C3 | C2;
  return sign | C2;
}
