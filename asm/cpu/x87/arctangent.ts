// FPATAN: atan2 of finite numbers other than zero. atan(a/b) is taken about the nearest sixteenth.
import { ARCTANGENT, ODD, PI_HIGH, PI_LOW } from "./constants";
import { difference, exponent, low, normalise, over, series, shiftedRight, squareBelowOne, sum, times } from "./fixed";
import { roundFull } from "./round";
import { BIAS } from "./state";
import { mulHigh } from "./wide";

/** Angle of (x, y), −π … π; both given by sign, exponent (unbiased) and normalised significand. */
export function arctangent(cpu: u32, ySign: u32, yExp: i32, ySig: u64, xSign: u32, xExp: i32, xSig: u64): u64 {
  const steep = yExp > xExp || (yExp == xExp && ySig > xSig);
  let hi = steep ? firstOctant(cpu, xExp, xSig, yExp, ySig) : firstOctant(cpu, yExp, ySig, xExp, xSig);
  let lo = low(cpu);
  if (!steep && !xSign) return roundFull(cpu, ySign, exponent(cpu) + BIAS, hi, lo | 1);
  // In units of 2^−126 now; something always remains to be taken off π.
  hi = shiftedRight(cpu, hi, lo, 1 - exponent(cpu));
  lo = low(cpu);
  if (!(hi | lo)) lo = 1;
  if (steep) {
    if (xSign) hi = sum(cpu, PI_HIGH >> 1, (PI_HIGH << 63) | (PI_LOW >> 1), hi, lo);
    else hi = difference(cpu, PI_HIGH >> 1, (PI_HIGH << 63) | (PI_LOW >> 1), hi, lo);
  } else hi = difference(cpu, PI_HIGH, PI_LOW, hi, lo);
  return roundAngle(cpu, ySign, hi, low(cpu));
}

/** Round an angle in units of 2^−126. */
function roundAngle(cpu: u32, sign: u32, hi: u64, lo: u64): u64 {
  const top = normalise(cpu, 1, hi, lo);
  return roundFull(cpu, sign, exponent(cpu) + BIAS, top, low(cpu) | 1);
}

/** `eighths` × π/4 with a sign. */
export function multipleOfPi(cpu: u32, sign: u32, eighths: u32): u64 {
  const hi = (PI_HIGH >> 2) * eighths + mulHigh((PI_HIGH << 62) | (PI_LOW >> 2), eighths);
  return roundAngle(cpu, sign, hi, ((PI_HIGH << 62) | (PI_LOW >> 2)) * eighths);
}

/** atan(a/b) for 0 < a ≤ b, floating. */
function firstOctant(cpu: u32, aExp: i32, aSig: u64, bExp: i32, bSig: u64): u64 {
  const distance: u32 = bExp - aExp;
  let k: u32 = 0;
  if (distance < 6) k = <u32>((<f64>aSig / <f64>bSig) * 16.0 / <f64>(1 << distance) + 0.5);
  if (k == 0) {
    const ratio = over(cpu, aExp, aSig, 0, bExp, bSig, 0);
    return smallArctangent(cpu, exponent(cpu), ratio, low(cpu));
  }
  // a/b = tan(φ + ψ) with tan φ = k/16 and tan ψ = (16a − kb) / (16b + ka), exactly, in units of a's last place.
  const bHi = distance ? bSig >> (64 - distance) : 0;
  const bLo = bSig << distance;
  const topHi = aSig >> 60;
  const topLo = aSig << 4;
  const kbHi = bHi * k + mulHigh(bLo, k);
  const kbLo = bLo * k;
  const negative = topHi < kbHi || (topHi == kbHi && topLo < kbLo);
  let nHi = negative ? difference(cpu, kbHi, kbLo, topHi, topLo) : difference(cpu, topHi, topLo, kbHi, kbLo);
  let nLo = low(cpu);
  const phiHi = load<u64>(changetype<u32>(ARCTANGENT) + 16 * k);
  const phiLo = load<u64>(changetype<u32>(ARCTANGENT) + 16 * k + 8);
  if (!(nHi | nLo)) return normalise(cpu, 0, phiHi, phiLo);
  nHi = normalise(cpu, 0, nHi, nLo);
  nLo = low(cpu);
  const nExp = exponent(cpu);
  let dHi = sum(cpu, (bHi << 4) | (bLo >> 60), bLo << 4, mulHigh(aSig, k), aSig * k);
  dHi = normalise(cpu, 0, dHi, low(cpu));
  const ratio = over(cpu, nExp, nHi, nLo, exponent(cpu), dHi, low(cpu));
  let psi = smallArctangent(cpu, exponent(cpu), ratio, low(cpu));
  psi = shiftedRight(cpu, psi, low(cpu), -exponent(cpu));
  const angle = negative ? difference(cpu, phiHi, phiLo, psi, low(cpu)) : sum(cpu, phiHi, phiLo, psi, low(cpu));
  return normalise(cpu, 0, angle, low(cpu));
}

/** atan z for |z| ≤ 1/31, floating. */
function smallArctangent(cpu: u32, exp: i32, hi: u64, lo: u64): u64 {
  const square = squareBelowOne(cpu, exp, hi, lo);
  const ratio = series(cpu, ODD, 12, true, square, low(cpu));
  return times(cpu, 0, ratio, low(cpu), exp, hi, lo);
}
