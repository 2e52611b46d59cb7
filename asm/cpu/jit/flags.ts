// The arithmetic flags in compiled code. In their general form they are in four locals that mean what FLAG_RESULT, FLAG_A,
// FLAG_OP and FLAG_CF do (asm/cpu/flags.ts). After an operation that sets them they are only that operation's operands and
// result; which operation it was is known while code is emitted, so that a condition reads the operands, and who never
// wants the flags never computes them.
import { FLAG_A, FLAG_CF, FLAG_OP, FLAG_RESULT } from "../../layout/cpu";
import {
  byte, call, COMPARE_WIDE, const32, const64, get, I32_ADD, I32_AND, I32_EQ, I32_EQZ, I32_LE_S, I32_LE_U, I32_LOAD,
  I32_LT_S, I32_LT_U, I32_OR, I32_POPCNT, I32_SHL, I32_SHR_U, I32_STORE, I32_WRAP, I32_XOR, I64_EQZ, I64_EXTEND_I32_S,
  I64_EXTEND_I32_U, I64_LOAD, I64_STORE, memoryAccess, set,
} from "./emit";
import { CALL_CARRY_OVERFLOW, CALL_CONDITION, CALL_OVERFLOWS } from "./module";
import {
  A32, A64, B32, B64, CARRY, LAZY_A, LAZY_CF, LAZY_OP, LAZY_RESULT, R32, R64,
} from "./locals";
import { extendNarrow, wide } from "./operands";
import { CPU, FLAGS, setWord, word } from "./state";

// Static states: kind | operand bits << 8 | shift count << 16.
export const GENERAL: u32 = 0;
export const LOGIC: u32 = 1;
export const ADD: u32 = 2;
export const ADC: u32 = 3;
export const SUB: u32 = 4;
export const SBB: u32 = 5;
export const INC: u32 = 6;
export const DEC: u32 = 7;
export const SHL: u32 = 8;
export const SHR: u32 = 9;
export const SAR: u32 = 10;
/** A product whose overflow is in CARRY, or (64 bits, truncated) still to be found from its factors. */
export const PRODUCT: u32 = 11;
export const PRODUCT64: u32 = 12;
/** A rotate: CF and OF follow from the result, the others are those of the general form. */
export const ROL: u32 = 13;
export const ROR: u32 = 14;

/** Kinds of FLAG_OP for the states above that are not theirs (asm/cpu/flags.ts). */
const LAZY_SHIFT: u32 = 8;

// Conditions, without their lowest bit, which negates.
const O: u32 = 0;
const C: u32 = 1;
const Z: u32 = 2;
const BE: u32 = 3;
const S: u32 = 4;
const P: u32 = 5;
const L: u32 = 6;

export function state(kind: u32, bits: u32, count: u32): u32 {
  return kind | (bits << 8) | (count << 16);
}

@inline
function bitsOf(flags: u32): u32 { return (flags >> 8) & 0xff; }

export function localA(bits: u32): u32 { return bits == 64 ? A64 : A32; }
export function localB(bits: u32): u32 { return bits == 64 ? B64 : B32; }
export function localR(bits: u32): u32 { return bits == 64 ? R64 : R32; }

/** A comparison of two values on the stack. */
function compare(opcode: u32, bits: u32): void {
  byte(bits == 64 ? opcode + COMPARE_WIDE : opcode);
}

function pushA(bits: u32): void { get(localA(bits)); }
function pushB(bits: u32): void { get(localB(bits)); }
function pushR(bits: u32): void { get(localR(bits)); }

/** Push bit `n` of the value on the stack, as 0 or 1. */
function bit(n: u32, bits: u32): void {
  if (bits == 64) {
    const64(<i64>n);
    byte(wide(I32_SHR_U, 64));
    byte(I32_WRAP);
  } else {
    const32(n);
    byte(I32_SHR_U);
  }
  const32(1);
  byte(I32_AND);
}

function constant(value: i64, bits: u32): void {
  if (bits == 64) const64(value);
  else const32(<i32>value);
}

/** Push the sign of R as 0 or 1. */
function pushSign(bits: u32): void {
  pushR(bits);
  extendNarrow(bits);
  constant(0, bits);
  compare(I32_LT_S, bits);
}

function pushZero(bits: u32): void {
  pushR(bits);
  byte(bits == 64 ? I64_EQZ : I32_EQZ);
}

/** Push CF as 0 or 1. */
function pushCarry(flags: u32): void {
  const bits = bitsOf(flags);
  const count = flags >> 16;
  switch (flags & 0xff) {
    case LOGIC: const32(0); break;
    case ADD: pushR(bits); pushA(bits); compare(I32_LT_U, bits); break;
    case SUB: pushA(bits); pushB(bits); compare(I32_LT_U, bits); break;
    case ADC:
    case SBB:
      // With a carry in, equality counts too.
      if ((flags & 0xff) == ADC) {
        pushR(bits);
        pushA(bits);
      } else {
        pushA(bits);
        pushB(bits);
      }
      compare(I32_LT_U, bits);
      pushA(bits);
      if ((flags & 0xff) == ADC) pushR(bits);
      else pushB(bits);
      compare(I32_EQ, bits);
      get(CARRY);
      byte(I32_AND);
      byte(I32_OR);
      break;
    case SHL: pushA(bits); bit(bits - count, bits); break;
    case SHR: pushA(bits); bit(count - 1, bits); break;
    case SAR: pushA(bits); bit(min(count - 1, bits - 1), bits); break;
    case PRODUCT64: pushA(64); pushB(64); call(CALL_OVERFLOWS); break;
    default: get(CARRY); break;
  }
}

/** Push OF as 0 or 1. */
function pushOverflow(flags: u32): void {
  const bits = bitsOf(flags);
  switch (flags & 0xff) {
    case ADD:
    case ADC:
      pushA(bits);
      pushR(bits);
      byte(wide(I32_XOR, bits));
      pushB(bits);
      pushR(bits);
      byte(wide(I32_XOR, bits));
      byte(wide(I32_AND, bits));
      bit(bits - 1, bits);
      break;
    case SUB:
    case SBB:
      pushA(bits);
      pushB(bits);
      byte(wide(I32_XOR, bits));
      pushA(bits);
      pushR(bits);
      byte(wide(I32_XOR, bits));
      byte(wide(I32_AND, bits));
      bit(bits - 1, bits);
      break;
    case INC: pushR(bits); constant(bits == 64 ? i64.MIN_VALUE : bits == 32 ? <i64>i32.MIN_VALUE : <i64>1 << (bits - 1), bits); compare(I32_EQ, bits); break;
    case DEC: pushR(bits); constant(<i64>(~(<u64>0) >> (65 - bits)), bits); compare(I32_EQ, bits); break;
    case SHL: pushCarry(flags); pushR(bits); bit(bits - 1, bits); byte(I32_XOR); break;
    case SHR: pushR(bits); bit(bits - 2, bits); break;
    case PRODUCT: get(CARRY); break;
    case PRODUCT64: pushCarry(flags); break;
    default: const32(0); break;
  }
}

/** Push one flag, or a combination, as 0 or 1, from a static state. */
function pushStatic(flags: u32, code: u32): void {
  const bits = bitsOf(flags);
  const kind = flags & 0xff;
  if (kind == SUB && code != O && code != S && code != P) {
    const signed = code > P;
    pushA(bits);
    if (signed) extendNarrow(bits);
    pushB(bits);
    if (signed) extendNarrow(bits);
    compare(code == C ? I32_LT_U : code == Z ? I32_EQ : code == BE ? I32_LE_U : code == L ? I32_LT_S : I32_LE_S, bits);
    return;
  }
  switch (code) {
    case O: pushOverflow(flags); break;
    case C: pushCarry(flags); break;
    case Z: pushZero(bits); break;
    case BE:
      pushZero(bits);
      if (kind == LOGIC) break;
      pushCarry(flags);
      byte(I32_OR);
      break;
    case S: pushSign(bits); break;
    case P:
      pushR(bits);
      if (bits == 64) byte(I32_WRAP);
      const32(0xff);
      byte(I32_AND);
      byte(I32_POPCNT);
      const32(1);
      byte(I32_AND);
      byte(I32_EQZ);
      break;
    case L:
      pushSign(bits);
      if (kind == LOGIC || kind == SAR) break;
      pushOverflow(flags);
      byte(I32_XOR);
      break;
    default:
      pushZero(bits);
      pushStatic(flags, L);
      byte(I32_OR);
      break;
  }
}

/** Push whether a condition (0–15) holds, as 0 or 1 (any non-zero value does for a branch). */
export function pushCondition(code: u32): void {
  const flags = word(FLAGS);
  const kind = flags & 0xff;
  if (kind >= ROL && code >> 1 == C) pushRotated(flags);
  else if (kind == GENERAL || kind >= ROL) {
    generalize(flags);
    storeFlags();
    const32(word(CPU));
    const32(code);
    call(CALL_CONDITION);
    return;
  } else pushStatic(flags, code >> 1);
  if (code & 1) byte(I32_EQZ);
}

/** CF of the flags before an operation goes to the local CARRY. */
export function carryIn(): void {
  pushCondition(2);
  set(CARRY);
}

/** Push a value, sign-extended to i64. */
function pushExtended(local: u32, bits: u32): void {
  get(local);
  extendNarrow(bits);
  if (bits != 64) byte(I64_EXTEND_I32_S);
}

/** Push CF after a rotate: the bit that went round. */
function pushRotated(flags: u32): void {
  const bits = bitsOf(flags);
  pushR(bits);
  bit((flags & 0xff) == ROL ? 0 : bits - 1, bits);
}

/** Bring the flags into their general form. The static form stays readable. */
export function generalize(flags: u32): void {
  const bits = bitsOf(flags);
  const kind = flags & 0xff;
  if (kind == GENERAL) return;
  if (kind >= ROL) {
    storeFlags();
    const32(word(CPU));
    pushRotated(flags);
    pushRotated(flags);
    pushR(bits);
    bit(kind == ROL ? bits - 1 : bits - 2, bits);
    byte(I32_XOR);
    call(CALL_CARRY_OVERFLOW);
    loadFlags();
    return;
  }
  pushExtended(localR(bits), bits);
  set(LAZY_RESULT);
  if (kind >= SHL) {
    pushCarry(flags);
    pushOverflow(flags);
    const32(11);
    byte(I32_SHL);
    byte(I32_OR);
    byte(I64_EXTEND_I32_U);
    set(LAZY_A);
  } else if (kind >= ADD && kind <= SBB) {
    pushExtended(localA(bits), bits);
    set(LAZY_A);
  } else if (kind == INC || kind == DEC) {
    get(CARRY);
    set(LAZY_CF);
  }
  const lazy = min(kind, LAZY_SHIFT);
  if (kind == ADC || kind == SBB) {
    const32((lazy - 1) | ((bits - 1) << 8));
    get(CARRY);
    byte(I32_ADD);
  } else const32(lazy | ((bits - 1) << 8));
  set(LAZY_OP);
}

/** The flags are wanted in their general form from here on. */
export function settleFlags(): void {
  generalize(word(FLAGS));
  setWord(FLAGS, GENERAL);
}

/** Store the general form to the vCPU block. */
export function storeFlags(): void {
  const cpu = word(CPU);
  const32(0);
  get(LAZY_RESULT);
  memoryAccess(I64_STORE, cpu + FLAG_RESULT);
  const32(0);
  get(LAZY_A);
  memoryAccess(I64_STORE, cpu + FLAG_A);
  const32(0);
  get(LAZY_OP);
  memoryAccess(I32_STORE, cpu + FLAG_OP);
  const32(0);
  get(LAZY_CF);
  memoryAccess(I32_STORE, cpu + FLAG_CF);
}

/** Load the general form from the vCPU block. */
export function loadFlags(): void {
  const cpu = word(CPU);
  const32(0);
  memoryAccess(I64_LOAD, cpu + FLAG_RESULT);
  set(LAZY_RESULT);
  const32(0);
  memoryAccess(I64_LOAD, cpu + FLAG_A);
  set(LAZY_A);
  const32(0);
  memoryAccess(I32_LOAD, cpu + FLAG_OP);
  set(LAZY_OP);
  const32(0);
  memoryAccess(I32_LOAD, cpu + FLAG_CF);
  set(LAZY_CF);
}
