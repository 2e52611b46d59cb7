// Rounding to the extended format (Intel SDM vol. 1, 4.8.4 and 4.9.1.5; 8.1.5.2 for precision control).
import { FCW } from "../../layout/cpu";
import { C1, EXPONENT, INTEGER_BIT, note, OE, PE, SIGN, UE, value } from "./state";
import { shiftRightHigh, shiftRightLow } from "./wide";

/** Exponent adjustment of results delivered despite an unmasked overflow or underflow. */
const WRAP: i32 = 0x6000;

/** Rounding control. */
export const RC_NEAREST: u32 = 0;
export const RC_DOWN: u32 = 1;
export const RC_UP: u32 = 2;

@inline
export function roundingControl(cpu: u32): u32 {
  return (<u32>load<u16>(cpu + FCW) >> 10) & 3;
}

/** Whether a magnitude is rounded up: `rest` holds what is cut off, half a unit at its highest bit. 0 or 1. */
@inline
export function increment(rc: u32, sign: u32, odd: u64, rest: u64): u64 {
  if (rc == RC_NEAREST) return (rest >> 63) & (odd | u64(rest << 1 != 0));
  if (rc == RC_DOWN) return u64(sign != 0 && rest != 0);
  if (rc == RC_UP) return u64(sign == 0 && rest != 0);
  return 0;
}

/**
 * Round (−1)^sign × hi.lo × 2^(exp − bias) to the precision that the control word asks for. hi has its highest bit set; lo
 * is the fraction below it, its bit 0 standing for anything lower too. `sign` is 0 or SIGN.
 */
export function roundPack(cpu: u32, sign: u32, exp: i32, hi: u64, lo: u64): u64 {
  const fcw = <u32>load<u16>(cpu + FCW);
  if ((fcw & 0xf00) == 0x300 && <u32>(exp - 1) < 0x7ffd) {
    if (lo == 0) return value(cpu, sign | exp, hi);
    const up = (lo >> 63) & (hi | u64(lo << 1 != 0));
    note(cpu, PE | (<u32>up << 9));
    hi += up;
    if (hi != 0) return value(cpu, sign | exp, hi);
    return value(cpu, sign | (exp + 1), INTEGER_BIT);
  }
  const pc = (fcw >> 8) & 3;
  return roundAt(cpu, sign, exp, hi, lo, pc == 0 ? 40 : pc == 2 ? 11 : 0);
}

/** The same, to 64 bits whatever the precision control. */
export function roundFull(cpu: u32, sign: u32, exp: i32, hi: u64, lo: u64): u64 {
  return roundAt(cpu, sign, exp, hi, lo, 0);
}

@inline
function below(hi: u64, lo: u64, drop: u32): u64 {
  return drop ? (hi << (64 - drop)) | u64(lo != 0) : lo;
}

/** Round with the low `drop` bits (0, 11, 40) of hi cut off. */
function roundAt(cpu: u32, sign: u32, exp: i32, hi: u64, lo: u64, drop: u32): u64 {
  const fcw = <u32>load<u16>(cpu + FCW);
  const rc = (fcw >> 10) & 3;
  let rest = below(hi, lo, drop);
  let up = increment(rc, sign, (hi >> drop) & 1, rest);
  if (exp <= 0) {
    // Tiny after rounding: rounding as if exponents had no end does not carry into the normal range.
    const tiny = exp < 0 || !up || hi >> drop != ~(<u64>0) >> drop;
    if (!tiny || fcw & UE) return denormal(cpu, sign, exp, hi, lo, drop, tiny);
    note(cpu, UE);
    exp += WRAP;
    if (exp <= 0) {
      // Only FSCALE gets so far down, or so far up below.
      note(cpu, PE);
      return value(cpu, sign, 0);
    }
  }
  let kept = ((hi >> drop) + up) << drop;
  if (up && kept == 0) {
    kept = INTEGER_BIT;
    exp++;
  }
  if (exp >= 0x7fff) {
    note(cpu, OE);
    if (fcw & OE) return overflowed(cpu, sign, rc, drop);
    exp -= WRAP;
    if (exp >= 0x7fff) {
      note(cpu, PE | C1);
      return value(cpu, sign | EXPONENT, INTEGER_BIT);
    }
  }
  if (rest) note(cpu, PE | (<u32>up << 9));
  return value(cpu, sign | exp, kept);
}

/** exp ≤ 0: make the significand denormal and round that. */
function denormal(cpu: u32, sign: u32, exp: i32, hi: u64, lo: u64, drop: u32, tiny: bool): u64 {
  const n: u32 = 1 - exp;
  const high = shiftRightHigh(hi, n);
  const low = shiftRightLow(hi, lo, n);
  const rest = below(high, low, drop);
  const up = increment(roundingControl(cpu), sign, (high >> drop) & 1, rest);
  const kept = ((high >> drop) + up) << drop;
  if (rest) note(cpu, PE | (tiny ? UE : 0) | (<u32>up << 9));
  return value(cpu, sign | <u32>(kept >> 63), kept);
}

/** Masked overflow: infinity or the largest number, by direction (Intel SDM vol. 1, table 4-10). */
function overflowed(cpu: u32, sign: u32, rc: u32, drop: u32): u64 {
  const infinite = rc == RC_NEAREST || (rc == RC_DOWN && sign) || (rc == RC_UP && !sign);
  note(cpu, PE | (infinite ? C1 : 0));
  if (infinite) return value(cpu, sign | EXPONENT, INTEGER_BIT);
  return value(cpu, sign | (EXPONENT - 1), (~(<u64>0) >> drop) << drop);
}

/** Exponent that a number with exponent field 0 has once it is normalised: 0 or less, or 1 for a pseudo-denormal. */
@inline
export function normaliseExponent(sig: u64): i32 {
  return 1 - <i32>clz(sig);
}

/** Sign of an exact zero sum: minus only when rounding down. */
@inline
export function zeroSign(cpu: u32): u32 {
  return roundingControl(cpu) == RC_DOWN ? SIGN : 0;
}
