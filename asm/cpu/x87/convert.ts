// Conversions between the extended format and what memory holds: single and double precision, integers, packed BCD.
import { isInfinite, isNaN, isOdd, isUnsupported, isZero } from "./classify";
import { increment, normaliseExponent, RC_DOWN, RC_UP, roundingControl } from "./round";
import { BIAS, C1, DE, EXPONENT, IE, INTEGER_BIT, note, OE, PE, QUIET_BIT, SIGN, UE, value, X_FLAGS, X_SE } from "./state";
import { FCW } from "../../layout/cpu";
import { fromInteger } from "./remainder";

/** Single precision widened, exactly. Notes DE for a denormal; a signalling NaN stays one. */
export function fromSingle(cpu: u32, bits: u32): u64 {
  const exp = (bits >> 23) & 0xff;
  const fraction = <u64>(bits & 0x7fffff) << 40;
  return fromFormat(cpu, (bits >> 16) & SIGN, exp, 0xff, 127, fraction);
}

/** Double precision widened, exactly. */
export function fromDouble(cpu: u32, bits: u64): u64 {
  const exp = <u32>(bits >> 52) & 0x7ff;
  const fraction = (bits & 0xfffffffffffff) << 11;
  return fromFormat(cpu, <u32>(bits >> 48) & SIGN, exp, 0x7ff, 1023, fraction);
}

@inline
function fromFormat(cpu: u32, sign: u32, exp: u32, special: u32, bias: u32, fraction: u64): u64 {
  if (exp == special) return value(cpu, sign | EXPONENT, fraction | INTEGER_BIT);
  if (exp) return value(cpu, sign | (exp + BIAS - bias), fraction | INTEGER_BIT);
  if (!fraction) return value(cpu, sign, 0);
  note(cpu, DE);
  return value(cpu, sign | <u32>(BIAS - <i32>bias + normaliseExponent(fraction)), fraction << clz(fraction));
}

/** Rounded to single precision. */
export function toSingle(cpu: u32, se: u32, sig: u64): u32 {
  return <u32>toFormat(cpu, se, sig, 8, 23);
}

/** Rounded to double precision. */
export function toDouble(cpu: u32, se: u32, sig: u64): u64 {
  return toFormat(cpu, se, sig, 11, 52);
}

/** Bits of a format of `width` exponent and `fraction` fraction bits. */
function toFormat(cpu: u32, se: u32, sig: u64, width: u32, fraction: u32): u64 {
  const special = ((<u64>1 << width) - 1) << fraction;
  const sign = <u64>(se >> 15) << (width + fraction);
  if (isUnsupported(se, sig)) {
    note(cpu, IE);
    return (<u64>1 << (width + fraction)) | special | (<u64>1 << (fraction - 1));
  }
  if (isNaN(se, sig)) {
    if (!(sig & QUIET_BIT)) note(cpu, IE);
    return sign | special | (((sig | QUIET_BIT) << 1) >> (64 - fraction));
  }
  if (isInfinite(se, sig)) return sign | special;
  if (isZero(se, sig)) return sign;
  let exp = <i32>(se & EXPONENT);
  if (!exp) {
    exp = normaliseExponent(sig);
    sig <<= clz(sig);
  }
  return sign | roundTo(cpu, se & SIGN, exp - BIAS + (1 << (width - 1)) - 1, sig, special, fraction);
}

/** Magnitude bits of sig × 2^exp, exp already biased for the format. */
function roundTo(cpu: u32, sign: u32, exp: i32, sig: u64, special: u64, fraction: u32): u64 {
  const rc = roundingControl(cpu);
  const drop = 63 - fraction;
  let rest = sig << (64 - drop);
  let kept = sig >> drop;
  let up = increment(rc, sign, kept & 1, rest);
  let tiny = false;
  if (exp <= 0) {
    tiny = exp < 0 || !up || kept != (<u64>2 << fraction) - 1;
    const n: u32 = drop + 1 - exp;
    rest = n < 64 ? sig << (64 - n) : n == 64 ? sig : 1;
    kept = n < 64 ? sig >> n : 0;
    up = increment(rc, sign, kept & 1, rest);
    exp = 1;
    if (tiny && !(<u32>load<u16>(cpu + FCW) & UE)) note(cpu, UE);
  }
  // The integer bit adds one to the exponent, as does a carry out of the significand.
  const bits = (<u64>(exp - 1) << fraction) + kept + up;
  if (exp >= 0x7ff || bits >= special) return overflowed(cpu, rc, sign, special);
  if (rest) note(cpu, PE | (tiny ? UE : 0) | (<u32>up << 9));
  return bits;
}

function overflowed(cpu: u32, rc: u32, sign: u32, special: u64): u64 {
  const infinite = rc == 0 || (rc == RC_DOWN && sign) || (rc == RC_UP && !sign);
  note(cpu, OE | PE | (infinite ? C1 : 0));
  return infinite ? special : special - 1;
}

/**
 * Rounded to a signed integer of `bits` bits by rounding control `rc`; out of range is invalid and gives the most
 * negative integer.
 */
export function toInteger(cpu: u32, se: u32, sig: u64, bits: u32, rc: u32): i64 {
  const limit = <u64>1 << (bits - 1);
  if (isOdd(se, sig)) return outOfRange(cpu, limit);
  const n = BIAS + 63 - <i32>(se & EXPONENT);
  if (n < 0) return outOfRange(cpu, limit);
  const rest = n == 0 ? 0 : n < 64 ? sig << (64 - n) : n == 64 ? sig : u64(sig != 0);
  let whole = n < 64 ? sig >> n : 0;
  const up = increment(rc, se & SIGN, whole & 1, rest);
  whole += up;
  if (whole >= limit + u64(se >> 15)) return outOfRange(cpu, limit);
  if (rest) note(cpu, PE | (<u32>up << 9));
  return se & SIGN ? 0 - whole : whole;
}

function outOfRange(cpu: u32, limit: u64): i64 {
  note(cpu, IE);
  return 0 - limit;
}

/** Largest magnitude of 18 decimal digits. */
const BCD_MAX: i64 = 999999999999999999;

/** Packed BCD (18 digits, sign in the last byte) at `at` as extended value. */
export function fromBcd(cpu: u32, at: u32): u64 {
  let n: u64 = 0;
  for (let i: i32 = 8; i >= 0; i--) {
    const byte = <u64>load<u8>(at + i);
    n = n * 100 + (byte >> 4) * 10 + (byte & 15);
  }
  const sig = fromInteger(cpu, n);
  return value(cpu, load<u32>(cpu + X_SE) | (<u32>load<u8>(at + 9) & 0x80) << 8, sig);
}

/** Rounded to 18 decimal digits; the most negative i64 when out of range, which is invalid. */
export function toDecimal(cpu: u32, se: u32, sig: u64): i64 {
  const flags = load<u32>(cpu + X_FLAGS);
  const n = toInteger(cpu, se, sig, 64, roundingControl(cpu));
  if (n >= -BCD_MAX && n <= BCD_MAX) return n;
  store<u32>(cpu + X_FLAGS, flags | IE);
  return i64.MIN_VALUE;
}

/** Store `toDecimal`'s result as packed BCD: 10 bytes. `sign` is kept apart for the sake of minus zero. */
export function storeBcd(at: u32, n: i64, sign: u32): void {
  if (n == i64.MIN_VALUE) {
    store<u64>(at, 0xc000000000000000);
    store<u16>(at + 8, 0xffff);
    return;
  }
  let rest: u64 = n < 0 ? 0 - n : n;
  for (let i: u32 = 0; i < 9; i++) {
    const pair = <u32>(rest % 100);
    rest /= 100;
    store<u8>(at + i, <u8>(((pair / 10) << 4) | (pair % 10)));
  }
  store<u8>(at + 9, <u8>(sign >> 8));
}
