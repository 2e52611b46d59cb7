// SHL SHR SAR SHLD SHRD on values of width T (unsigned). Counts are masked to 5 bits, 6 for 64-bit operands; a masked count
// of 0 changes nothing. OF is defined for a count of 1 only; for larger ones Zen 4 goes on with the same formula.
import { flagsShift } from "../flags";
import { second, top } from "./operand";
import { maskCount } from "./rotate";

@inline
export function shiftLeft<T>(cpu: u32, value: T, count: u32): T {
  const n = maskCount<T>(count);
  if (!n) return value;
  let result: T;
  let carry: u32;
  if (sizeof<T>() == 8) {
    result = value << n;
    carry = <u32>(<u64>value >> (64 - n)) & 1;
  } else {
    const wide = <u64>value << n;
    result = <T>wide;
    carry = <u32>(wide >> (sizeof<T>() * 8)) & 1;
  }
  flagsShift<T>(cpu, result, carry, carry ^ top<T>(result));
  return result;
}

@inline
export function shiftRight<T>(cpu: u32, value: T, count: u32): T {
  const n = maskCount<T>(count);
  if (!n) return value;
  const result = <T>(<u64>value >> n);
  // The sign changes only in the first step, to 0.
  flagsShift<T>(cpu, result, <u32>(<u64>value >> (n - 1)) & 1, second<T>(result));
  return result;
}

/** SAR: the sign never changes, so OF is 0. */
@inline
export function shiftArithmetic<T>(cpu: u32, value: T, count: u32): T {
  const n = maskCount<T>(count);
  if (!n) return value;
  const wide = signed<T>(value);
  const result = <T>(wide >> n);
  flagsShift<T>(cpu, result, <u32>(wide >> (n - 1)) & 1, 0);
  return result;
}

@inline
function signed<T>(value: T): i64 {
  if (sizeof<T>() == 1) return <i64>(<i8>value);
  if (sizeof<T>() == 2) return <i64>(<i16>value);
  if (sizeof<T>() == 4) return <i64>(<i32>value);
  return <i64>value;
}

/** SHLD: `value` moves up, the top bits of `filler` come in from below. */
@inline
export function shiftLeftDouble<T>(cpu: u32, value: T, filler: T, count: u32): T {
  const n = maskCount<T>(count);
  if (!n) return value;
  if (sizeof<T>() == 2) return <T>shiftLeftDouble16(cpu, <u16>value, <u16>filler, n);
  const bits: u32 = sizeof<T>() * 8;
  const result = <T>((value << n) | (filler >> (bits - n)));
  const carry = <u32>(value >> (bits - n)) & 1;
  flagsShift<T>(cpu, result, carry, carry ^ top<T>(result));
  return result;
}

/** SHRD: `value` moves down, the low bits of `filler` come in from above. */
@inline
export function shiftRightDouble<T>(cpu: u32, value: T, filler: T, count: u32): T {
  const n = maskCount<T>(count);
  if (!n) return value;
  if (sizeof<T>() == 2) return <T>shiftRightDouble16(cpu, <u16>value, <u16>filler, n);
  const bits: u32 = sizeof<T>() * 8;
  const result = <T>((value >> n) | (filler << (bits - n)));
  flagsShift<T>(cpu, result, <u32>(value >> (n - 1)) & 1, top<T>(result) ^ second<T>(result));
  return result;
}

/** Counts above 16 are undefined; on Zen 4 `filler` follows itself, while CF and OF are as if zeros came in. */
function shiftLeftDouble16(cpu: u32, value: u16, filler: u16, n: u32): u16 {
  const row = (<u64>value << 32) | (<u64>filler << 16) | <u64>filler;
  const result = <u16>(row >> (32 - n));
  const plain = <u64>value << n;
  const carry = <u32>(plain >> 16) & 1;
  flagsShift<u16>(cpu, result, carry, carry ^ (<u32>(plain >> 15) & 1));
  return result;
}

function shiftRightDouble16(cpu: u32, value: u16, filler: u16, n: u32): u16 {
  const row = (<u64>filler << 32) | (<u64>filler << 16) | <u64>value;
  const result = <u16>(row >> n);
  const carry = n > 16 ? 0 : <u32>(row >> (n - 1)) & 1;
  flagsShift<u16>(cpu, result, carry, top<u16>(result) ^ second<u16>(result));
  return result;
}
