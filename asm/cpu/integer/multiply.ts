// MUL, IMUL, DIV, IDIV. Of the flags that the manuals leave undefined, a multiplication takes SF ZF PF from the low half
// (cheap: they stay lazy), a division does as Zen 4 does: it sets AF, clears PF ZF SF and leaves CF and OF.
import { FAULT, OK, RAX, RDX } from "../../layout/cpu";
import { OP_DST } from "../../layout/op";
import { DE, raise } from "../exception";
import { AF, CF, flagsShift, getFlags, OF, setArithmetic } from "../flags";
import { setRegister, single, source } from "./operand";
import { divideWide, mulHigh, mulHighSigned } from "./wide";

/** Store a double-width product: AX, or DX:AX and wider. */
@inline
function setProduct<T>(cpu: u32, low: T, high: T): void {
  if (sizeof<T>() == 1) {
    store<u8>(cpu + RAX, <u8>low);
    store<u8>(cpu + RAX + 1, <u8>high);
    return;
  }
  setRegister<T>(cpu + RAX, low);
  setRegister<T>(cpu + RDX, high);
}

/** MUL: rDX:rAX (AX for bytes) = rAX × value. `T` is unsigned. */
@inline
export function multiply<T>(cpu: u32, value: T): void {
  const a = <u64>load<T>(cpu + RAX);
  const low = <T>(a * <u64>value);
  let high: T;
  if (sizeof<T>() == 8) high = <T>mulHigh(a, <u64>value);
  else high = <T>((a * <u64>value) >> (sizeof<T>() * 8));
  setProduct<T>(cpu, low, high);
  const over = u32(high != 0);
  flagsShift<T>(cpu, low, over, over);
}

/** IMUL with one operand: rDX:rAX (AX for bytes) = rAX × value. `T` is signed. */
@inline
export function multiplySigned<T>(cpu: u32, value: T): void {
  const a = <i64>load<T>(cpu + RAX);
  const low = <T>(a * <i64>value);
  let high: T;
  if (sizeof<T>() == 8) high = <T>mulHighSigned(<u64>a, <u64>value);
  else high = <T>((a * <i64>value) >> (sizeof<T>() * 8));
  setProduct<T>(cpu, low, high);
  const over = u32(high != low >> <T>(sizeof<T>() * 8 - 1));
  flagsShift<T>(cpu, low, over, over);
}

/** IMUL with two or three operands: the truncated product; CF and OF tell whether it lost something. `T` is signed. */
@inline
export function multiplyTruncated<T>(cpu: u32, a: T, b: T): T {
  const low = <T>(<i64>a * <i64>b);
  let over: u32;
  // Most factors are small: 32-bit ones never overflow.
  if (sizeof<T>() < 8) over = u32(<i64>a * <i64>b != <i64>low);
  else if (<i64>a == <i64><i32>a && <i64>b == <i64><i32>b) over = 0;
  else over = u32(mulHighSigned(<u64>a, <u64>b) != <u64>(<i64>low >> 63));
  flagsShift<T>(cpu, low, over, over);
  return low;
}

/** Whether the product of two signed 64-bit factors does not fit into 64 bits. */
export function overflows(a: u64, b: u64): u32 {
  return u32(mulHighSigned(a, b) != <u64>(<i64>(a * b) >> 63));
}

/** Flags after a division. */
@inline
function flagsDivision(cpu: u32): void {
  setArithmetic(cpu, (getFlags(cpu) & (CF | OF)) | AF);
}

/** DIV: rAX, rDX (AL, AH) = quotient and remainder of rDX:rAX (AX). #DE when it does not fit. `T` is unsigned. */
@inline
export function divide<T>(cpu: u32, divisor: T): u32 {
  if (sizeof<T>() == 8) {
    const high = load<u64>(cpu + RDX);
    if (high >= <u64>divisor) return raise(cpu, DE);
    const low = load<u64>(cpu + RAX);
    const quotient = divideWide(high, low, <u64>divisor);
    setProduct<T>(cpu, <T>quotient, <T>(low - quotient * <u64>divisor));
  } else {
    const dividend = dividendOf<T>(cpu);
    if (dividend >> (sizeof<T>() * 8) >= <u64>divisor) return raise(cpu, DE);
    setProduct<T>(cpu, <T>(dividend / <u64>divisor), <T>(dividend % <u64>divisor));
  }
  flagsDivision(cpu);
  return OK;
}

/** AX, DX:AX or EDX:EAX. */
@inline
function dividendOf<T>(cpu: u32): u64 {
  if (sizeof<T>() == 1) return <u64>load<u16>(cpu + RAX);
  if (sizeof<T>() == 2) return (<u64>load<u16>(cpu + RDX) << 16) | <u64>load<u16>(cpu + RAX);
  return (<u64>load<u32>(cpu + RDX) << 32) | <u64>load<u32>(cpu + RAX);
}

/** IDIV, likewise. `T` is signed. */
@inline
export function divideSigned<T>(cpu: u32, divisor: T): u32 {
  if (sizeof<T>() == 8) return divideSigned64(cpu, <i64>divisor);
  if (divisor == 0) return raise(cpu, DE);
  let dividend = <i64>dividendOf<T>(cpu);
  if (sizeof<T>() == 1) dividend = <i64>(<i16>dividend);
  if (sizeof<T>() == 2) dividend = <i64>(<i32>dividend);
  // The one division that WebAssembly traps on; its quotient never fits.
  if (dividend == i64.MIN_VALUE && <i64>divisor == -1) return raise(cpu, DE);
  const quotient = dividend / <i64>divisor;
  if (quotient != <i64>(<T>quotient)) return raise(cpu, DE);
  setProduct<T>(cpu, <T>quotient, <T>(dividend - quotient * <i64>divisor));
  flagsDivision(cpu);
  return OK;
}

function divideSigned64(cpu: u32, divisor: i64): u32 {
  let high = load<u64>(cpu + RDX);
  let low = load<u64>(cpu + RAX);
  const negative = <i64>high < 0;
  if (negative) {
    high = ~high + u64(low == 0);
    low = 0 - low;
  }
  const magnitude = divisor < 0 ? 0 - <u64>divisor : <u64>divisor;
  if (high >= magnitude) return raise(cpu, DE);
  const quotient = divideWide(high, low, magnitude);
  const remainder = low - quotient * magnitude;
  const flip = negative != (divisor < 0);
  if (quotient > (flip ? <u64>1 << 63 : <u64>i64.MAX_VALUE)) return raise(cpu, DE);
  store<u64>(cpu + RAX, flip ? 0 - quotient : quotient);
  store<u64>(cpu + RDX, negative ? 0 - remainder : remainder);
  flagsDivision(cpu);
  return OK;
}

// ---- Operations: one instance for each size -----------------------------------------------------------------------

export function mulOp<T>(cpu: u32, pc: u32, memory: bool): u32 {
  const at = single<T>(cpu, pc, memory);
  if (!at) return FAULT;
  multiply<T>(cpu, load<T>(at));
  return OK;
}

export function imulOp<T>(cpu: u32, pc: u32, memory: bool): u32 {
  const at = single<T>(cpu, pc, memory);
  if (!at) return FAULT;
  multiplySigned<T>(cpu, load<T>(at));
  return OK;
}

export function divOp<T>(cpu: u32, pc: u32, memory: bool): u32 {
  const at = single<T>(cpu, pc, memory);
  if (!at) return FAULT;
  return divide<T>(cpu, load<T>(at));
}

export function idivOp<T>(cpu: u32, pc: u32, memory: bool): u32 {
  const at = single<T>(cpu, pc, memory);
  if (!at) return FAULT;
  return divideSigned<T>(cpu, load<T>(at));
}

/** IMUL r, r/m. */
export function imulTwo<T>(cpu: u32, pc: u32, memory: bool): u32 {
  const at = source<T>(cpu, pc, memory);
  if (!at) return FAULT;
  const to = cpu + <u32>load<u16>(pc + OP_DST);
  setRegister<T>(to, multiplyTruncated<T>(cpu, load<T>(to), load<T>(at)));
  return OK;
}

/** IMUL r, r/m, imm. */
export function imulThree<T>(cpu: u32, pc: u32, memory: bool, factor: T): u32 {
  const at = source<T>(cpu, pc, memory);
  if (!at) return FAULT;
  setRegister<T>(cpu + <u32>load<u16>(pc + OP_DST), multiplyTruncated<T>(cpu, load<T>(at), factor));
  return OK;
}
