// Sine, cosine and tangent of finite numbers other than zero, |x| < 2^63. The argument is reduced exactly by the 66-bit π
// of real processors; what remains goes through Taylor series at 128 bits, so that results are rounded all but correctly.
import { COSINE, REDUCTION_HIGH, REDUCTION_LOW, SINE } from "./constants";
import { atLeast, exponent, low, normalise, over, series, squareBelowOne, times } from "./fixed";
import { roundFull } from "./round";
import { BIAS, SIGN, X_WIDE } from "./state";

/** The reduced argument: exponent, significand; its sign; the quadrant. */
const R_EXP: u32 = X_WIDE + 0x10;
const R_NEGATIVE: u32 = X_WIDE + 0x14;
const R_QUADRANT: u32 = X_WIDE + 0x18;
const R_HIGH: u32 = X_WIDE + 0x20;
const R_LOW: u32 = X_WIDE + 0x28;

/** π/4 rounded to 64 bits, as significand of exponent −1. */
const QUARTER: u64 = 0xc90fdaa22168c235;

/** Reduce |x| = sig × 2^(exp − 63) to |r| ≤ π/4 and a quadrant. */
export function reduceAngle(cpu: u32, exp: i32, sig: u64): void {
  let quadrant: u32 = 0;
  let negative: u32 = 0;
  let hi: u64 = sig;
  let lo: u64 = 0;
  if (exp > -1 || (exp == -1 && sig >= QUARTER)) {
    // In units of 2^−65: π/2 is REDUCTION, x is sig << (exp + 2).
    hi = 0;
    lo = sig;
    for (let i: i32 = exp + 2; i > 0; i--) {
      hi = (hi << 1) | (lo >> 63);
      lo <<= 1;
      quadrant <<= 1;
      if (atLeast(hi, lo, REDUCTION_HIGH, REDUCTION_LOW)) {
        hi = hi - REDUCTION_HIGH - u64(lo < REDUCTION_LOW);
        lo -= REDUCTION_LOW;
        quadrant |= 1;
      }
    }
    if (atLeast((hi << 1) | (lo >> 63), lo << 1, REDUCTION_HIGH, REDUCTION_LOW)) {
      hi = REDUCTION_HIGH - hi - u64(REDUCTION_LOW < lo);
      lo = REDUCTION_LOW - lo;
      quadrant++;
      negative = 1;
    }
    hi = normalise(cpu, 62, hi, lo);
    lo = low(cpu);
    exp = exponent(cpu);
  }
  store<i32>(cpu + R_EXP, exp);
  store<u32>(cpu + R_NEGATIVE, negative);
  store<u32>(cpu + R_QUADRANT, quadrant & 3);
  store<u64>(cpu + R_HIGH, hi);
  store<u64>(cpu + R_LOW, lo);
}

/** sin |r|, floating. */
function sine(cpu: u32): u64 {
  const exp = load<i32>(cpu + R_EXP);
  const hi = load<u64>(cpu + R_HIGH);
  const lo = load<u64>(cpu + R_LOW);
  const square = squareBelowOne(cpu, exp, hi, lo);
  const ratio = series(cpu, SINE, 14, true, square, low(cpu));
  return times(cpu, 0, ratio, low(cpu), exp, hi, lo);
}

/** cos r, floating. */
function cosine(cpu: u32): u64 {
  const square = squareBelowOne(cpu, load<i32>(cpu + R_EXP), load<u64>(cpu + R_HIGH), load<u64>(cpu + R_LOW));
  const value = series(cpu, COSINE, 15, true, square, low(cpu));
  return normalise(cpu, 0, value, low(cpu));
}

/** Round the floating number at hand; it is never exact. */
@inline
function rounded(cpu: u32, sign: u32, hi: u64): u64 {
  return roundFull(cpu, sign, exponent(cpu) + BIAS, hi, low(cpu) | 1);
}

/** sin x, of the angle last reduced; `sign` is x's. */
export function sineOf(cpu: u32, sign: u32): u64 {
  const quadrant = load<u32>(cpu + R_QUADRANT);
  if (quadrant & 2) sign ^= SIGN;
  if (quadrant & 1) return rounded(cpu, sign, cosine(cpu));
  if (load<u32>(cpu + R_NEGATIVE)) sign ^= SIGN;
  return rounded(cpu, sign, sine(cpu));
}

/** cos x, of the angle last reduced. */
export function cosineOf(cpu: u32): u64 {
  const quadrant = load<u32>(cpu + R_QUADRANT);
  const sign = (quadrant + 1) & 2 ? SIGN : 0;
  if (!(quadrant & 1)) return rounded(cpu, sign, cosine(cpu));
  return rounded(cpu, load<u32>(cpu + R_NEGATIVE) ? sign ^ SIGN : sign, sine(cpu));
}

/** tan x, of the angle last reduced; `sign` is x's. */
export function tangentOf(cpu: u32, sign: u32): u64 {
  // Too small for the series to see the difference: just above x.
  if (load<i32>(cpu + R_EXP) < -64) {
    return roundFull(cpu, sign, load<i32>(cpu + R_EXP) + BIAS, load<u64>(cpu + R_HIGH), 1);
  }
  const sHi = sine(cpu);
  const sLo = low(cpu);
  const sExp = exponent(cpu);
  const cHi = cosine(cpu);
  const cLo = low(cpu);
  const cExp = exponent(cpu);
  if (load<u32>(cpu + R_NEGATIVE)) sign ^= SIGN;
  if (load<u32>(cpu + R_QUADRANT) & 1) return rounded(cpu, sign ^ SIGN, over(cpu, cExp, cHi, cLo, sExp, sHi, sLo));
  return rounded(cpu, sign, over(cpu, sExp, sHi, sLo, cExp, cHi, cLo));
}
