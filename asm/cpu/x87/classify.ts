// What an extended value is, and what becomes of NaNs (Intel SDM vol. 1, 4.8.3 and table 4-7; 8.2.2 for the encodings
// that the 387 and later do not support).
import { EXPONENT, IE, INDEFINITE_SE, INDEFINITE_SIG, INTEGER_BIT, note, QUIET_BIT, value } from "./state";

/** A normal number: neither zero nor denormal, infinity, NaN or unsupported. */
@inline
export function isNormal(se: u32, sig: u64): bool {
  return (se & EXPONENT) - 1 < 0x7ffe && <i64>sig < 0;
}

/** Unnormal, pseudo-infinity or pseudo-NaN. */
@inline
export function isUnsupported(se: u32, sig: u64): bool {
  return (se & EXPONENT) != 0 && <i64>sig >= 0;
}

@inline
export function isNaN(se: u32, sig: u64): bool {
  return (se & EXPONENT) == EXPONENT && sig > INTEGER_BIT;
}

@inline
export function isSignalling(se: u32, sig: u64): bool {
  return isNaN(se, sig) && !(sig & QUIET_BIT);
}

@inline
export function isInfinite(se: u32, sig: u64): bool {
  return (se & EXPONENT) == EXPONENT && sig == INTEGER_BIT;
}

@inline
export function isZero(se: u32, sig: u64): bool {
  return (se & EXPONENT) == 0 && sig == 0;
}

/** A denormal or pseudo-denormal. */
@inline
export function isDenormal(se: u32, sig: u64): bool {
  return (se & EXPONENT) == 0 && sig != 0;
}

/** A NaN, or an encoding that is treated like one. */
@inline
export function isOdd(se: u32, sig: u64): bool {
  return isNaN(se, sig) || isUnsupported(se, sig);
}

/** Result of an instruction on one value for which isOdd holds. */
export function oddResult(cpu: u32, se: u32, sig: u64): u64 {
  if (isUnsupported(se, sig)) {
    note(cpu, IE);
    return value(cpu, INDEFINITE_SE, INDEFINITE_SIG);
  }
  if (!(sig & QUIET_BIT)) note(cpu, IE);
  return value(cpu, se, sig | QUIET_BIT);
}

/** Result of an instruction on two values of which at least one isOdd. */
export function oddResult2(cpu: u32, aSe: u32, aSig: u64, bSe: u32, bSig: u64): u64 {
  if (isUnsupported(aSe, aSig)) return oddResult(cpu, aSe, aSig);
  if (isUnsupported(bSe, bSig)) return oddResult(cpu, bSe, bSig);
  const aSignals = isSignalling(aSe, aSig);
  const bSignals = isSignalling(bSe, bSig);
  if (aSignals || bSignals) note(cpu, IE);
  let a: bool;
  if (!isNaN(bSe, bSig)) a = true;
  else if (!isNaN(aSe, aSig)) a = false;
  else if (aSignals != bSignals) a = bSignals;
  else a = aSig != bSig ? aSig > bSig : aSe < bSe;
  if (a) return value(cpu, aSe, aSig | QUIET_BIT);
  return value(cpu, bSe, bSig | QUIET_BIT);
}
