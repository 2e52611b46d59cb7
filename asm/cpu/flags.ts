// RFLAGS with lazy arithmetic flags. An operation that sets all of CF PF AF ZF SF OF from an addition or the like only
// notes its sign-extended result and first operand; who wants a flag computes it here. Sign extension keeps unsigned
// order, so carries need no operand size.
import { FLAG_A, FLAG_CF, FLAG_OP, FLAG_RESULT, RFLAGS } from "../layout/cpu";

export const CF: u32 = 0x0001;
export const PF: u32 = 0x0004;
export const AF: u32 = 0x0010;
export const ZF: u32 = 0x0040;
export const SF: u32 = 0x0080;
export const TF: u32 = 0x0100;
export const IF: u32 = 0x0200;
export const DF: u32 = 0x0400;
export const OF: u32 = 0x0800;
export const IOPL: u32 = 0x3000;
export const NT: u32 = 0x4000;
export const RF: u32 = 0x10000;
export const VM: u32 = 0x20000;
export const AC: u32 = 0x40000;
export const VIF: u32 = 0x80000;
export const VIP: u32 = 0x100000;
export const ID: u32 = 0x200000;
export const ARITHMETIC: u32 = 0x8d5;

/** Kinds in FLAG_OP, with (operand bits − 1) in the next byte. */
const EAGER: u32 = 0;
/** CF and OF are 0, AF is 0; the rest from the result. */
const LOGIC: u32 = 1;
const ADD: u32 = 2;
/** Addition with carry in. */
const ADC: u32 = 3;
const SUB: u32 = 4;
/** Subtraction with borrow in. */
const SBB: u32 = 5;
/** CF kept in FLAG_CF. */
const INC: u32 = 6;
const DEC: u32 = 7;
/** CF in bit 0 and OF in bit 11 of FLAG_A, AF is 1; the rest from the result (shifts). */
const SHIFT: u32 = 8;

@inline
function kind<T>(k: u32): u32 {
  return k | ((sizeof<T>() * 8 - 1) << 8);
}

/** Sign-extend a value of width T. */
@inline
export function sx<T>(value: T): i64 {
  if (sizeof<T>() == 1) return <i64>(<i8>value);
  if (sizeof<T>() == 2) return <i64>(<i16>value);
  if (sizeof<T>() == 4) return <i64>(<i32>value);
  return <i64>value;
}

@inline
function note<T>(cpu: u32, op: u32, a: T, result: T): void {
  store<i64>(cpu, sx<T>(result), FLAG_RESULT);
  store<i64>(cpu, sx<T>(a), FLAG_A);
  store<u32>(cpu, kind<T>(op), FLAG_OP);
}

/** Flags of `result = a + b`. */
@inline
export function flagsAdd<T>(cpu: u32, a: T, result: T): void { note<T>(cpu, ADD, a, result); }
/** Flags of `result = a − b`. */
@inline
export function flagsSub<T>(cpu: u32, a: T, result: T): void { note<T>(cpu, SUB, a, result); }
/** Flags of `result = a + b + carry`. */
@inline
export function flagsAdc<T>(cpu: u32, a: T, result: T, carry: u32): void { note<T>(cpu, ADD + carry, a, result); }
/** Flags of `result = a − b − borrow`. */
@inline
export function flagsSbb<T>(cpu: u32, a: T, result: T, borrow: u32): void { note<T>(cpu, SUB + borrow, a, result); }
/** Flags of AND, OR, XOR, TEST: CF = OF = AF = 0. */
@inline
export function flagsLogic<T>(cpu: u32, result: T): void {
  store<i64>(cpu, sx<T>(result), FLAG_RESULT);
  store<u32>(cpu, kind<T>(LOGIC), FLAG_OP);
}
/** Flags of INC: CF stays. */
@inline
export function flagsInc<T>(cpu: u32, result: T): void {
  const carry = getCF(cpu);
  store<u32>(cpu, carry, FLAG_CF);
  store<i64>(cpu, sx<T>(result), FLAG_RESULT);
  store<u32>(cpu, kind<T>(INC), FLAG_OP);
}
/** Flags of DEC: CF stays. */
@inline
export function flagsDec<T>(cpu: u32, result: T): void {
  const carry = getCF(cpu);
  store<u32>(cpu, carry, FLAG_CF);
  store<i64>(cpu, sx<T>(result), FLAG_RESULT);
  store<u32>(cpu, kind<T>(DEC), FLAG_OP);
}
/** ZF SF PF of the result, CF and OF (0 or 1) as given, AF = 1: shifts. */
@inline
export function flagsShift<T>(cpu: u32, result: T, carry: u32, overflow: u32): void {
  store<i64>(cpu, sx<T>(result), FLAG_RESULT);
  store<u64>(cpu, <u64>(carry | (overflow << 11)), FLAG_A);
  store<u32>(cpu, kind<T>(SHIFT), FLAG_OP);
}

/** CF as 0 or 1. */
export function getCF(cpu: u32): u32 {
  const op = <u32>load<u8>(cpu, FLAG_OP);
  const a = load<u64>(cpu, FLAG_A);
  const r = load<u64>(cpu, FLAG_RESULT);
  switch (op) {
    case EAGER: return load<u32>(cpu, RFLAGS) & CF;
    case LOGIC: return 0;
    case ADD: return u32(r < a);
    case ADC: return u32(r <= a);
    case SUB: return u32(a < r);
    case SBB: return u32(a <= r);
    case SHIFT: return <u32>a & CF;
    default: return load<u32>(cpu, FLAG_CF);
  }
}

/** ZF as 0 or 1. */
@inline
export function getZF(cpu: u32): u32 {
  if (load<u8>(cpu, FLAG_OP) == EAGER) return (load<u32>(cpu, RFLAGS) >> 6) & 1;
  return u32(load<i64>(cpu, FLAG_RESULT) == 0);
}

/** SF as 0 or 1. */
@inline
export function getSF(cpu: u32): u32 {
  if (load<u8>(cpu, FLAG_OP) == EAGER) return (load<u32>(cpu, RFLAGS) >> 7) & 1;
  return u32(load<u64>(cpu, FLAG_RESULT) >> 63);
}

/** PF as 0 or 1. */
export function getPF(cpu: u32): u32 {
  if (load<u8>(cpu, FLAG_OP) == EAGER) return (load<u32>(cpu, RFLAGS) >> 2) & 1;
  return ~popcnt<u32>(load<u8>(cpu, FLAG_RESULT)) & 1;
}

/** OF as 0 or 1. */
export function getOF(cpu: u32): u32 {
  const word = load<u32>(cpu, FLAG_OP);
  const bits = <i64>(word >> 8);
  const a = load<i64>(cpu, FLAG_A);
  const r = load<i64>(cpu, FLAG_RESULT);
  switch (word & 0xff) {
    case EAGER: return (load<u32>(cpu, RFLAGS) >> 11) & 1;
    case LOGIC: return 0;
    case ADD: return <u32>(((a ^ r) & ((r - a) ^ r)) >> bits) & 1;
    case ADC: return <u32>(((a ^ r) & ((r - a - 1) ^ r)) >> bits) & 1;
    case SUB: return <u32>(((a ^ (a - r)) & (a ^ r)) >> bits) & 1;
    case SBB: return <u32>(((a ^ (a - r - 1)) & (a ^ r)) >> bits) & 1;
    case INC: return u32(r == -1 << bits);
    case DEC: return u32(r == ~(-1 << bits));
    default: return <u32>(a >> 11) & 1;
  }
}

/** AF as 0 or 1. Where it is undefined it is as on Zen 4: 0 after logic, 1 after shifts. */
export function getAF(cpu: u32): u32 {
  const a = load<u32>(cpu, FLAG_A);
  const r = load<u32>(cpu, FLAG_RESULT);
  switch (<u32>load<u8>(cpu, FLAG_OP)) {
    case EAGER: return (load<u32>(cpu, RFLAGS) >> 4) & 1;
    case ADD: return ((a ^ r ^ (r - a)) >> 4) & 1;
    case ADC: return ((a ^ r ^ (r - a - 1)) >> 4) & 1;
    case SUB: return ((a ^ r ^ (a - r)) >> 4) & 1;
    case SBB: return ((a ^ r ^ (a - r - 1)) >> 4) & 1;
    case INC: return u32((r & 15) == 0);
    case DEC: return u32((r & 15) == 15);
    case SHIFT: return 1;
    default: return 0;
  }
}

/** RFLAGS, all of it. Bit 1 reads 1. */
export function getFlags(cpu: u32): u32 {
  const flags = load<u32>(cpu, RFLAGS);
  if (load<u8>(cpu, FLAG_OP) == EAGER) return flags;
  return (flags & ~ARITHMETIC) | getCF(cpu) | (getPF(cpu) << 2) | (getAF(cpu) << 4) | (getZF(cpu) << 6) |
    (getSF(cpu) << 7) | (getOF(cpu) << 11);
}

/** Set RFLAGS as a whole. No mode is recomputed: who changes TF or VM calls updateMode (mode.ts). */
export function setFlags(cpu: u32, flags: u32): void {
  store<u64>(cpu, <u64>(flags | 2), RFLAGS);
  store<u32>(cpu, EAGER, FLAG_OP);
}

/** Set the arithmetic flags, the rest stays. */
export function setArithmetic(cpu: u32, flags: u32): void {
  store<u64>(cpu, <u64>((load<u32>(cpu, RFLAGS) & ~ARITHMETIC) | (flags & ARITHMETIC)), RFLAGS);
  store<u32>(cpu, EAGER, FLAG_OP);
}

/** Set CF, the rest stays. */
export function setCF(cpu: u32, carry: u32): void {
  setArithmetic(cpu, (getFlags(cpu) & ~CF) | carry);
}

/** Set CF to the bit that BT tested; ZF stays, OF SF AF PF are undefined (Intel SDM vol. 2, BT) and cheap. */
export function setBitTested(cpu: u32, bit: u32): void {
  if (load<u8>(cpu, FLAG_OP) == EAGER) {
    store<u32>(cpu, (load<u32>(cpu, RFLAGS) & ~CF) | bit, RFLAGS);
    return;
  }
  store<u64>(cpu, <u64>bit, FLAG_A);
  store<u8>(cpu, <u8>SHIFT, FLAG_OP);
}

/** Condition code 0–15 (O NO B AE E NE BE A S NS P NP L GE LE G; Intel SDM vol. 1, appendix B). */
export function condition(cpu: u32, code: u32): bool {
  let holds: u32;
  switch (code >> 1) {
    case 0: holds = getOF(cpu); break;
    case 1: holds = getCF(cpu); break;
    case 2: holds = getZF(cpu); break;
    case 3: holds = getZF(cpu) | getCF(cpu); break;
    case 4: holds = getSF(cpu); break;
    case 5: holds = getPF(cpu); break;
    case 6: holds = getSF(cpu) ^ getOF(cpu); break;
    default: holds = getZF(cpu) | (getSF(cpu) ^ getOF(cpu)); break;
  }
  return holds != (code & 1);
}
