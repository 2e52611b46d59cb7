// One lane of a conversion, on bit patterns; exceptions go to the instruction's flags. T is u32 (single) or u64 (double).
import { CARELESS, CARELESS_MASK } from "./arithmetic";
import { DE, DOWN, flag, IE, mxcsr, NEAREST, PE, rounding, UP } from "./mxcsr";
import {
  bias, exponentOf, infinity, isDenormal, isInfinite, isNaN, isNegative, isSignaling, isZero, magnitude, operand, quiet,
  roundPack, shiftRightJam, signed, significandOf, smallest,
} from "./number";

/** Integer indefinite. */
const INDEFINITE_32: u32 = 0x80000000;
const INDEFINITE_64: u64 = 0x8000000000000000;
const TWO_63: f64 = 9223372036854775808.0;
/** ROUNDxx: take the mode from MXCSR; do not report inexact results. */
const ROUND_MXCSR: u32 = 4;
const ROUND_QUIETLY: u32 = 8;

@inline
function valueOf<T>(x: T): f64 {
  return sizeof<T>() == 8 ? reinterpret<f64>(<u64>x) : <f64>reinterpret<f32>(<u32>x);
}

@inline
function toIntegral(x: f64, mode: u32): f64 {
  switch (mode) {
    case NEAREST: return nearest<f64>(x);
    case DOWN: return floor<f64>(x);
    case UP: return ceil<f64>(x);
    default: return trunc<f64>(x);
  }
}

export function toInteger32<T>(cpu: u32, bits: T, mode: u32): u32 {
  const x = valueOf<T>(operand<T>(cpu, bits));
  const y = toIntegral(x, mode);
  if (!(y >= -2147483648.0 && y <= 2147483647.0)) {
    flag(cpu, IE);
    return INDEFINITE_32;
  }
  if (y != x) flag(cpu, PE);
  return <u32><i32>y;
}

export function toInteger64<T>(cpu: u32, bits: T, mode: u32): u64 {
  const x = valueOf<T>(operand<T>(cpu, bits));
  const y = toIntegral(x, mode);
  if (!(y >= -TWO_63 && y < TWO_63)) {
    flag(cpu, IE);
    return INDEFINITE_64;
  }
  if (y != x) flag(cpu, PE);
  return <u64><i64>y;
}

export function fromInteger<T>(cpu: u32, value: i64): T {
  if (value == 0) return 0;
  if ((mxcsr(cpu) & CARELESS_MASK) == CARELESS) {
    return sizeof<T>() == 8 ? <T>reinterpret<u64>(<f64>value) : <T>reinterpret<u32>(<f32>value);
  }
  const negative = value < 0;
  const size = <u64>(negative ? 0 - value : value);
  const zeros = <i32>clz<u64>(size);
  return roundPack<T>(cpu, negative, bias<T>() + 63 - zeros, zeros ? size << (zeros - 1) : shiftRightJam(size, 1));
}

/** Single to double: always exact. */
export function widen(cpu: u32, x: u32): u64 {
  x = operand<u32>(cpu, x);
  if (isNaN<u32>(x)) {
    if (isSignaling<u32>(x)) flag(cpu, IE);
    return signed<u64>(isNegative<u32>(x), quiet<u64>(infinity<u64>() | ((<u64>(x & 0x7fffff)) << 29)));
  }
  if (isDenormal<u32>(x)) flag(cpu, DE);
  return reinterpret<u64>(<f64>reinterpret<f32>(x));
}

/** Double to single. */
export function narrow(cpu: u32, x: u64): u32 {
  if ((mxcsr(cpu) & CARELESS_MASK) == CARELESS) {
    const result = reinterpret<u32>(<f32>reinterpret<f64>(x));
    if (magnitude<u32>(result) - 2 * smallest<u32>() < infinity<u32>() - 2 * smallest<u32>()) return result;
  }
  x = operand<u64>(cpu, x);
  const negative = isNegative<u64>(x);
  if (isNaN<u64>(x)) {
    if (isSignaling<u64>(x)) flag(cpu, IE);
    return signed<u32>(negative, quiet<u32>(infinity<u32>() | <u32>((x >> 29) & 0x7fffff)));
  }
  if (isDenormal<u64>(x)) flag(cpu, DE);
  if (isInfinite<u64>(x)) return signed<u32>(negative, infinity<u32>());
  if (isZero<u64>(x)) return signed<u32>(negative, 0);
  return roundPack<u32>(cpu, negative, exponentOf<u64>(x) - bias<u64>() + bias<u32>(), significandOf<u64>(x));
}

/** ROUNDxx with its immediate. */
export function roundLane<T>(cpu: u32, bits: T, how: u32): T {
  bits = operand<T>(cpu, bits);
  if (isNaN<T>(bits)) {
    if (isSignaling<T>(bits)) flag(cpu, IE);
    return quiet<T>(bits);
  }
  const x = valueOf<T>(bits);
  const y = toIntegral(x, how & ROUND_MXCSR ? rounding(cpu) : how & 3);
  if (y != x && !(how & ROUND_QUIETLY)) flag(cpu, PE);
  return sizeof<T>() == 8 ? <T>reinterpret<u64>(y) : <T>reinterpret<u32>(<f32>y);
}
