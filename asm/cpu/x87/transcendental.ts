// Transcendental instructions: execX87Transcendental. Results are within 0.51 units in the last place and follow the
// rounding control, at 64 bits whatever the precision control; PE is noted whenever the true result is irrational.
import { OK } from "../../layout/cpu";
import * as op from "../../generated/ops";
import { arctangent, multipleOfPi } from "./arctangent";
import { isDenormal, isInfinite, isOdd, isZero, oddResult, oddResult2 } from "./classify";
import { exponentialMinusOne, logarithm, logarithmOnePlus } from "./logarithm";
import { normaliseExponent } from "./round";
import {
  begin, BIAS, C1, C2, DE, EXPONENT, IE, INDEFINITE_SE, INDEFINITE_SIG, INTEGER_BIT, invalid, isEmpty, note, noteInstruction,
  PE, pop, push, setSt, settle, settleConditional, SF, SIGN, st, underflow, value, X_FLAGS, X_SE, X_SE2, X_SIG2, ZE,
} from "./state";
import { cosineOf, reduceAngle, sineOf, tangentOf } from "./trigonometric";

export function execX87Transcendental(cpu: u32, pc: u32, operation: u32): u32 {
  const blocked = begin(cpu);
  if (blocked) return blocked;
  noteInstruction(cpu, pc);
  switch (operation) {
    case op.FSIN:
    case op.FCOS: return angle(cpu, operation);
    case op.FSINCOS:
    case op.FPTAN: return anglePushing(cpu, operation);
    case op.F2XM1: return powerTop(cpu);
    default: return withNext(cpu, operation);
  }
}

/** Unbiased exponent and normalised significand of a finite number other than zero. */
@inline
function unbiased(se: u32, sig: u64): i32 {
  return (se & EXPONENT ? <i32>(se & EXPONENT) : normaliseExponent(sig)) - BIAS;
}

@inline
function normalised(sig: u64): u64 {
  return sig << clz(sig);
}

/** Out of the range of argument reduction: the operand stays and C2 says so. */
@inline
function isOutOfRange(se: u32, sig: u64): bool {
  return (se & EXPONENT) >= <u32>(BIAS + 63) && !isOdd(se, sig) && !isInfinite(se, sig);
}

function angle(cpu: u32, operation: u32): u32 {
  if (isEmpty(cpu, 0)) {
    store<u32>(cpu + X_FLAGS, IE | SF);
    if (settleConditional(cpu)) setSt(cpu, 0, INDEFINITE_SE, INDEFINITE_SIG);
    return OK;
  }
  const at = st(cpu, 0);
  const se = <u32>load<u16>(at + 8);
  const sig = load<u64>(at);
  let result: u64;
  if (isOutOfRange(se, sig)) {
    note(cpu, C2);
    result = value(cpu, se, sig);
  } else if (isOdd(se, sig)) result = oddResult(cpu, se, sig);
  else if (isInfinite(se, sig)) result = invalid(cpu);
  else if (operation == op.FSIN) result = sineValue(cpu, se, sig);
  else result = cosineValue(cpu, se, sig);
  if (settleConditional(cpu)) setSt(cpu, 0, load<u32>(cpu + X_SE), result);
  return OK;
}

function sineValue(cpu: u32, se: u32, sig: u64): u64 {
  if (isZero(se, sig)) return value(cpu, se, sig);
  if (isDenormal(se, sig)) note(cpu, DE);
  reduceAngle(cpu, unbiased(se, sig), normalised(sig));
  return sineOf(cpu, se & SIGN);
}

function cosineValue(cpu: u32, se: u32, sig: u64): u64 {
  if (isZero(se, sig)) return value(cpu, BIAS, INTEGER_BIT);
  if (isDenormal(se, sig)) note(cpu, DE);
  reduceAngle(cpu, unbiased(se, sig), normalised(sig));
  return cosineOf(cpu);
}

function tangentValue(cpu: u32, se: u32, sig: u64): u64 {
  if (isZero(se, sig)) return value(cpu, se, sig);
  if (isDenormal(se, sig)) note(cpu, DE);
  reduceAngle(cpu, unbiased(se, sig), normalised(sig));
  return tangentOf(cpu, se & SIGN);
}

/** FSINCOS and FPTAN: the first result replaces ST(0), the second (in X_SIG2, X_SE2) is pushed. */
function anglePushing(cpu: u32, operation: u32): u32 {
  if (isEmpty(cpu, 0) || !isEmpty(cpu, 7)) {
    store<u32>(cpu + X_FLAGS, IE | SF | (isEmpty(cpu, 0) ? 0 : C1));
    if (!settleConditional(cpu)) return OK;
    setSt(cpu, 0, INDEFINITE_SE, INDEFINITE_SIG);
    push(cpu, INDEFINITE_SE, INDEFINITE_SIG);
    return OK;
  }
  const at = st(cpu, 0);
  const se = <u32>load<u16>(at + 8);
  const sig = load<u64>(at);
  if (isOutOfRange(se, sig)) {
    note(cpu, C2);
    settleConditional(cpu);
    return OK;
  }
  const result = bothValues(cpu, operation, se, sig);
  if (!settleConditional(cpu)) return OK;
  setSt(cpu, 0, load<u32>(cpu + X_SE), result);
  push(cpu, load<u32>(cpu + X_SE2), load<u64>(cpu + X_SIG2));
  return OK;
}

function bothValues(cpu: u32, operation: u32, se: u32, sig: u64): u64 {
  if (isOdd(se, sig) || isInfinite(se, sig)) {
    const nan = isOdd(se, sig) ? oddResult(cpu, se, sig) : invalid(cpu);
    keep(cpu, nan);
    return nan;
  }
  if (operation == op.FPTAN) {
    const tangent = tangentValue(cpu, se, sig);
    store<u64>(cpu + X_SIG2, INTEGER_BIT);
    store<u32>(cpu + X_SE2, BIAS);
    return tangent;
  }
  keep(cpu, cosineValue(cpu, se, sig));
  // C1 is the sine's alone to say.
  store<u32>(cpu + X_FLAGS, load<u32>(cpu + X_FLAGS) & ~C1);
  return sineValue(cpu, se, sig);
}

/** Keep the value at hand as second result. */
function keep(cpu: u32, sig: u64): void {
  store<u64>(cpu + X_SIG2, sig);
  store<u32>(cpu + X_SE2, load<u32>(cpu + X_SE));
}

function powerTop(cpu: u32): u32 {
  if (isEmpty(cpu, 0)) {
    if (underflow(cpu)) setSt(cpu, 0, INDEFINITE_SE, INDEFINITE_SIG);
    return OK;
  }
  const at = st(cpu, 0);
  const result = power(cpu, load<u16>(at + 8), load<u64>(at));
  if (settle(cpu)) setSt(cpu, 0, load<u32>(cpu + X_SE), result);
  return OK;
}

/** 2^x − 1. Beyond ±1, where it is undefined, AMD processors give x. */
function power(cpu: u32, se: u32, sig: u64): u64 {
  if (isOdd(se, sig)) return oddResult(cpu, se, sig);
  const sign = se & SIGN;
  if (isInfinite(se, sig)) return sign ? value(cpu, SIGN | BIAS, INTEGER_BIT) : value(cpu, se, sig);
  if (isZero(se, sig)) return value(cpu, se, sig);
  if ((se & EXPONENT) >= <u32>BIAS) {
    note(cpu, PE);
    if (sig == INTEGER_BIT && (se & EXPONENT) == BIAS) return value(cpu, sign ? SIGN | (BIAS - 1) : BIAS, INTEGER_BIT);
    return value(cpu, se, sig);
  }
  if (isDenormal(se, sig)) note(cpu, DE);
  return exponentialMinusOne(cpu, sign, unbiased(se, sig), normalised(sig));
}

/** FYL2X, FYL2XP1, FPATAN: ST(1) ← f(ST(1), ST(0)), and pop. */
function withNext(cpu: u32, operation: u32): u32 {
  if (isEmpty(cpu, 0) || isEmpty(cpu, 1)) {
    if (!underflow(cpu)) return OK;
    setSt(cpu, 1, INDEFINITE_SE, INDEFINITE_SIG);
    pop(cpu);
    return OK;
  }
  const y = st(cpu, 1);
  const x = st(cpu, 0);
  const result = ofTwo(cpu, operation, load<u16>(y + 8), load<u64>(y), load<u16>(x + 8), load<u64>(x));
  if (!settle(cpu)) return OK;
  setSt(cpu, 1, load<u32>(cpu + X_SE), result);
  pop(cpu);
  return OK;
}

function ofTwo(cpu: u32, operation: u32, ySe: u32, ySig: u64, xSe: u32, xSig: u64): u64 {
  if (isOdd(ySe, ySig) || isOdd(xSe, xSig)) return oddResult2(cpu, xSe, xSig, ySe, ySig);
  if (operation == op.FPATAN) return angleOf(cpu, ySe, ySig, xSe, xSig);
  if (operation == op.FYL2X) return logarithmOf(cpu, ySe, ySig, xSe, xSig);
  return logarithmOnePlusOf(cpu, ySe, ySig, xSe, xSig);
}

/** Intel SDM vol. 2, FPATAN, table 3-31. */
function angleOf(cpu: u32, ySe: u32, ySig: u64, xSe: u32, xSig: u64): u64 {
  const sign = ySe & SIGN;
  if (isDenormal(ySe, ySig) || isDenormal(xSe, xSig)) note(cpu, DE);
  const back = (xSe & SIGN) != 0;
  if (isInfinite(ySe, ySig)) return multipleOfPi(cpu, sign, isInfinite(xSe, xSig) ? (back ? 3 : 1) : 2);
  if (isInfinite(xSe, xSig) || isZero(ySe, ySig)) return back ? multipleOfPi(cpu, sign, 4) : value(cpu, sign, 0);
  if (isZero(xSe, xSig)) return multipleOfPi(cpu, sign, 2);
  return arctangent(cpu, sign, unbiased(ySe, ySig), normalised(ySig), xSe & SIGN, unbiased(xSe, xSig), normalised(xSig));
}

/** Intel SDM vol. 2, FYL2X, table 3-58. */
function logarithmOf(cpu: u32, ySe: u32, ySig: u64, xSe: u32, xSig: u64): u64 {
  const sign = ySe & SIGN;
  const yZero = isZero(ySe, ySig);
  if (isZero(xSe, xSig)) {
    if (yZero) return invalid(cpu);
    if (!isInfinite(ySe, ySig)) note(cpu, ZE);
    return value(cpu, (sign ^ SIGN) | EXPONENT, INTEGER_BIT);
  }
  if (xSe & SIGN) return invalid(cpu);
  const one = xSe == BIAS && xSig == INTEGER_BIT;
  if (isInfinite(ySe, ySig) ? one : isInfinite(xSe, xSig) && yZero) return invalid(cpu);
  if (isDenormal(ySe, ySig) || isDenormal(xSe, xSig)) note(cpu, DE);
  const below = xSe < <u32>BIAS ? SIGN : 0;
  if (isInfinite(ySe, ySig) || isInfinite(xSe, xSig)) return value(cpu, (sign ^ below) | EXPONENT, INTEGER_BIT);
  if (one || yZero) return value(cpu, sign ^ below, 0);
  return logarithm(cpu, sign, unbiased(ySe, ySig), normalised(ySig), unbiased(xSe, xSig), normalised(xSig));
}

/** Intel SDM vol. 2, FYL2XP1, table 3-59. Up to −1, where it is undefined, AMD processors give x. */
function logarithmOnePlusOf(cpu: u32, ySe: u32, ySig: u64, xSe: u32, xSig: u64): u64 {
  const xSign = xSe & SIGN;
  const sign = (ySe & SIGN) ^ xSign;
  const xZero = isZero(xSe, xSig);
  const yZero = isZero(ySe, ySig);
  if (isInfinite(ySe, ySig) ? xZero : isInfinite(xSe, xSig) && yZero) return invalid(cpu);
  if (xSign && isInfinite(xSe, xSig)) return invalid(cpu);
  if (isDenormal(ySe, ySig) || isDenormal(xSe, xSig)) note(cpu, DE);
  if (isInfinite(ySe, ySig) || isInfinite(xSe, xSig)) return value(cpu, sign | EXPONENT, INTEGER_BIT);
  if (xZero || yZero) return value(cpu, sign, 0);
  if (xSign && (xSe & EXPONENT) >= <u32>BIAS) {
    note(cpu, PE);
    return value(cpu, xSe, xSig);
  }
  const yExp = unbiased(ySe, ySig);
  return logarithmOnePlus(cpu, ySe & SIGN, yExp, normalised(ySig), xSign, unbiased(xSe, xSig), normalised(xSig));
}
