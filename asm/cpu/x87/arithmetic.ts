// The four rules and comparison, as the instructions combine them with stack and memory.
import { OK } from "../../layout/cpu";
import { OP_DST } from "../../layout/op";
import { setArithmetic } from "../flags";
import { add } from "./add";
import { isNaN } from "./classify";
import { compare, UNORDERED } from "./compare";
import { divide, multiply } from "./multiply";
import {
  C0, C3, DE, IE, INDEFINITE_SE, INDEFINITE_SIG, isEmpty, note, pop, setSt, settle, settleConditions,
  settleFlags, SF, SIGN, st,
  underflow, X_FLAGS, X_SE, ZE,
} from "./state";

/** What to compute, numbered as the opcodes' extension field does. */
export const ADD: u32 = 0;
export const MUL: u32 = 1;
export const SUB: u32 = 4;
export const SUBR: u32 = 5;
export const DIV: u32 = 6;
export const DIVR: u32 = 7;

@inline
function compute(cpu: u32, kind: u32, aSe: u32, aSig: u64, bSe: u32, bSig: u64): u64 {
  switch (kind) {
    case ADD: return add(cpu, aSe, aSig, bSe, bSig, 0);
    case MUL: return multiply(cpu, aSe, aSig, bSe, bSig);
    case SUB: return add(cpu, aSe, aSig, bSe, bSig, SIGN);
    case SUBR: return add(cpu, bSe, bSig, aSe, aSig, SIGN);
    case DIV: return divide(cpu, aSe, aSig, bSe, bSig);
    default: return divide(cpu, bSe, bSig, aSe, aSig);
  }
}

/** ST(0) ← ST(0) op ST(i). */
@inline
export function toTop(cpu: u32, pc: u32, kind: u32): u32 {
  return between(cpu, kind, 0, load<u16>(pc + OP_DST), 0);
}

/** ST(i) ← ST(i) op ST(0). */
@inline
export function toRegister(cpu: u32, pc: u32, kind: u32): u32 {
  return between(cpu, kind, load<u16>(pc + OP_DST), 0, load<u16>(pc + OP_DST));
}

/** ST(i) ← ST(i) op ST(0), and pop. */
export function toRegisterPop(cpu: u32, pc: u32, kind: u32): u32 {
  const i = <u32>load<u16>(pc + OP_DST);
  if (isEmpty(cpu, 0) || isEmpty(cpu, i)) {
    if (!underflow(cpu)) return OK;
    setSt(cpu, i, INDEFINITE_SE, INDEFINITE_SIG);
  } else {
    const a = st(cpu, i);
    const b = st(cpu, 0);
    const sig = compute(cpu, kind, load<u16>(a + 8), load<u64>(a), load<u16>(b + 8), load<u64>(b));
    if (!settle(cpu)) return OK;
    setSt(cpu, i, load<u32>(cpu + X_SE), sig);
  }
  pop(cpu);
  return OK;
}

@inline
function between(cpu: u32, kind: u32, i: u32, j: u32, to: u32): u32 {
  if (isEmpty(cpu, i) || isEmpty(cpu, j)) {
    if (underflow(cpu)) setSt(cpu, to, INDEFINITE_SE, INDEFINITE_SIG);
    return OK;
  }
  const a = st(cpu, i);
  const b = st(cpu, j);
  const sig = compute(cpu, kind, load<u16>(a + 8), load<u64>(a), load<u16>(b + 8), load<u64>(b));
  if (settle(cpu)) setSt(cpu, to, load<u32>(cpu + X_SE), sig);
  return OK;
}

/** ST(0) ← ST(0) op a value from memory, whose sign and exponent are in X_SE; DE is noted when it was a denormal. */
@inline
export function withMemory(cpu: u32, kind: u32, sig: u64): u32 {
  if (isEmpty(cpu, 0)) {
    if (underflow(cpu)) setSt(cpu, 0, INDEFINITE_SE, INDEFINITE_SIG);
    return OK;
  }
  const a = st(cpu, 0);
  const result = compute(cpu, kind, load<u16>(a + 8), load<u64>(a), load<u32>(cpu + X_SE), sig);
  // A NaN, found or made, and a division by zero come before the denormal (Intel SDM vol. 1, 4.9.2).
  const flags = load<u32>(cpu + X_FLAGS);
  if (flags & DE && (flags & ZE || isNaN(load<u32>(cpu + X_SE), result))) store<u32>(cpu + X_FLAGS, flags & ~DE);
  if (settle(cpu)) setSt(cpu, 0, load<u32>(cpu + X_SE), result);
  return OK;
}

/** ST(0) against ST(i) into C0, C2, C3; then pop so many. */
export function compareRegister(cpu: u32, i: u32, quiet: bool, pops: u32): u32 {
  if (isEmpty(cpu, 0) || isEmpty(cpu, i)) return compared(cpu, UNORDERED, IE | SF, pops);
  const b = st(cpu, i);
  return compareValue(cpu, load<u16>(b + 8), load<u64>(b), quiet, pops);
}

/** ST(0) against a value from memory, whose sign and exponent are in X_SE; DE is noted when it was a denormal. */
export function compareMemory(cpu: u32, sig: u64, pops: u32): u32 {
  if (isEmpty(cpu, 0)) return compared(cpu, UNORDERED, IE | SF, pops);
  return compareValue(cpu, load<u32>(cpu + X_SE), sig, false, pops);
}

export function compareValue(cpu: u32, bSe: u32, bSig: u64, quiet: bool, pops: u32): u32 {
  const a = st(cpu, 0);
  const relation = compare(cpu, load<u16>(a + 8), load<u64>(a), bSe, bSig, quiet);
  const flags = load<u32>(cpu + X_FLAGS);
  return compared(cpu, relation, relation == UNORDERED ? flags & ~DE : flags, pops);
}

export function compared(cpu: u32, relation: u32, flags: u32, pops: u32): u32 {
  store<u32>(cpu + X_FLAGS, flags | relation);
  if (!settleConditions(cpu)) return OK;
  if (pops > 0) pop(cpu);
  if (pops > 1) pop(cpu);
  return OK;
}

/** ST(0) against ST(i) into ZF, PF and CF; OF, SF and AF are cleared. */
export function compareToFlags(cpu: u32, i: u32, quiet: bool, popping: bool): u32 {
  let relation: u32 = UNORDERED;
  if (isEmpty(cpu, 0) || isEmpty(cpu, i)) note(cpu, IE | SF);
  else {
    const a = st(cpu, 0);
    const b = st(cpu, i);
    relation = compare(cpu, load<u16>(a + 8), load<u64>(a), load<u16>(b + 8), load<u64>(b), quiet);
  }
  const deliver = settleFlags(cpu);
  setArithmetic(cpu, relation == UNORDERED ? 0x45 : relation & C3 ? 0x40 : relation & C0 ? 0x01 : 0);
  if (popping && deliver) pop(cpu);
  return OK;
}
