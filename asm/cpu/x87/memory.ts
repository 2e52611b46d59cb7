// Instructions with a memory operand that loads, stores or takes part in arithmetic: execX87Memory.
import { FAULT, OK } from "../../layout/cpu";
import * as op from "../../generated/ops";
import { commit } from "../access";
import { ADD, compareMemory, DIV, DIVR, MUL, SUB, SUBR, withMemory } from "./arithmetic";
import { isSignalling } from "./classify";
import { fromBcd, fromDouble, fromSingle, storeBcd, toDecimal, toDouble, toInteger, toSingle } from "./convert";
import { fromInteger } from "./remainder";
import { roundingControl } from "./round";
import {
  begin, IE, INDEFINITE_SE, INDEFINITE_SIG, isEmpty, note, pop, pushResult, QUIET_BIT, readOperand, settleStore, SF, st,
  value, writeOperand, X_SE,
} from "./state";

const TRUNCATE: u32 = 3;

export function execX87Memory(cpu: u32, pc: u32, operation: u32): u32 {
  const blocked = begin(cpu);
  if (blocked) return blocked;
  switch (operation) {
    case op.FLD_S32_M: return loadSingle(cpu, pc);
    case op.FLD_S64_M: return loadDouble(cpu, pc);
    case op.FLD_S80_M: return loadExtended(cpu, pc);
    case op.FST_S32_M: return storeSingle(cpu, pc, false);
    case op.FST_S64_M: return storeDouble(cpu, pc, false);
    case op.FSTP_S32_M: return storeSingle(cpu, pc, true);
    case op.FSTP_S64_M: return storeDouble(cpu, pc, true);
    case op.FSTP_S80_M: return storeExtended(cpu, pc);
    case op.FADD_S32_M: return single(cpu, pc, ADD);
    case op.FMUL_S32_M: return single(cpu, pc, MUL);
    case op.FSUB_S32_M: return single(cpu, pc, SUB);
    case op.FSUBR_S32_M: return single(cpu, pc, SUBR);
    case op.FDIV_S32_M: return single(cpu, pc, DIV);
    case op.FDIVR_S32_M: return single(cpu, pc, DIVR);
    case op.FADD_S64_M: return double(cpu, pc, ADD);
    case op.FMUL_S64_M: return double(cpu, pc, MUL);
    case op.FSUB_S64_M: return double(cpu, pc, SUB);
    case op.FSUBR_S64_M: return double(cpu, pc, SUBR);
    case op.FDIV_S64_M: return double(cpu, pc, DIV);
    case op.FDIVR_S64_M: return double(cpu, pc, DIVR);
    case op.FILD_I16_M: return loadInteger<i16>(cpu, pc);
    case op.FILD_I32_M: return loadInteger<i32>(cpu, pc);
    case op.FILD_I64_M: return loadInteger<i64>(cpu, pc);
    case op.FIST_I16_M: return storeInteger<i16>(cpu, pc, roundingControl(cpu), false);
    case op.FIST_I32_M: return storeInteger<i32>(cpu, pc, roundingControl(cpu), false);
    case op.FISTP_I16_M: return storeInteger<i16>(cpu, pc, roundingControl(cpu), true);
    case op.FISTP_I32_M: return storeInteger<i32>(cpu, pc, roundingControl(cpu), true);
    case op.FISTP_I64_M: return storeInteger<i64>(cpu, pc, roundingControl(cpu), true);
    case op.FISTTP_I16_M: return storeInteger<i16>(cpu, pc, TRUNCATE, true);
    case op.FISTTP_I32_M: return storeInteger<i32>(cpu, pc, TRUNCATE, true);
    case op.FISTTP_I64_M: return storeInteger<i64>(cpu, pc, TRUNCATE, true);
    default: return execRare(cpu, pc, operation);
  }
}

function execRare(cpu: u32, pc: u32, operation: u32): u32 {
  switch (operation) {
    case op.FCOM_S32_M: return compareSingle(cpu, pc, 0);
    case op.FCOMP_S32_M: return compareSingle(cpu, pc, 1);
    case op.FCOM_S64_M: return compareDouble(cpu, pc, 0);
    case op.FCOMP_S64_M: return compareDouble(cpu, pc, 1);
    case op.FIADD_I16_M: return integer<i16>(cpu, pc, ADD);
    case op.FIMUL_I16_M: return integer<i16>(cpu, pc, MUL);
    case op.FISUB_I16_M: return integer<i16>(cpu, pc, SUB);
    case op.FISUBR_I16_M: return integer<i16>(cpu, pc, SUBR);
    case op.FIDIV_I16_M: return integer<i16>(cpu, pc, DIV);
    case op.FIDIVR_I16_M: return integer<i16>(cpu, pc, DIVR);
    case op.FICOM_I16_M: return compareInteger<i16>(cpu, pc, 0);
    case op.FICOMP_I16_M: return compareInteger<i16>(cpu, pc, 1);
    case op.FIADD_I32_M: return integer<i32>(cpu, pc, ADD);
    case op.FIMUL_I32_M: return integer<i32>(cpu, pc, MUL);
    case op.FISUB_I32_M: return integer<i32>(cpu, pc, SUB);
    case op.FISUBR_I32_M: return integer<i32>(cpu, pc, SUBR);
    case op.FIDIV_I32_M: return integer<i32>(cpu, pc, DIV);
    case op.FIDIVR_I32_M: return integer<i32>(cpu, pc, DIVR);
    case op.FICOM_I32_M: return compareInteger<i32>(cpu, pc, 0);
    case op.FICOMP_I32_M: return compareInteger<i32>(cpu, pc, 1);
    case op.FBLD_M: return loadDecimal(cpu, pc);
    default: return storeDecimal(cpu, pc);
  }
}

function single(cpu: u32, pc: u32, kind: u32): u32 {
  const p = readOperand(cpu, pc, 4);
  if (!p) return FAULT;
  return withMemory(cpu, kind, fromSingle(cpu, load<u32>(p)));
}

function double(cpu: u32, pc: u32, kind: u32): u32 {
  const p = readOperand(cpu, pc, 8);
  if (!p) return FAULT;
  return withMemory(cpu, kind, fromDouble(cpu, load<u64>(p)));
}

function integer<T>(cpu: u32, pc: u32, kind: u32): u32 {
  const p = readOperand(cpu, pc, sizeof<T>());
  if (!p) return FAULT;
  return withMemory(cpu, kind, fromInteger(cpu, <i64>load<T>(p)));
}

function compareSingle(cpu: u32, pc: u32, pops: u32): u32 {
  const p = readOperand(cpu, pc, 4);
  if (!p) return FAULT;
  return compareMemory(cpu, fromSingle(cpu, load<u32>(p)), pops);
}

function compareDouble(cpu: u32, pc: u32, pops: u32): u32 {
  const p = readOperand(cpu, pc, 8);
  if (!p) return FAULT;
  return compareMemory(cpu, fromDouble(cpu, load<u64>(p)), pops);
}

function compareInteger<T>(cpu: u32, pc: u32, pops: u32): u32 {
  const p = readOperand(cpu, pc, sizeof<T>());
  if (!p) return FAULT;
  return compareMemory(cpu, fromInteger(cpu, <i64>load<T>(p)), pops);
}

function loadSingle(cpu: u32, pc: u32): u32 {
  const p = readOperand(cpu, pc, 4);
  if (!p) return FAULT;
  return pushResult(cpu, quieted(cpu, fromSingle(cpu, load<u32>(p))));
}

function loadDouble(cpu: u32, pc: u32): u32 {
  const p = readOperand(cpu, pc, 8);
  if (!p) return FAULT;
  return pushResult(cpu, quieted(cpu, fromDouble(cpu, load<u64>(p))));
}

/** Widening a signalling NaN is invalid and makes it a quiet one. */
@inline
function quieted(cpu: u32, sig: u64): u64 {
  if (!isSignalling(load<u32>(cpu + X_SE), sig)) return sig;
  note(cpu, IE);
  return sig | QUIET_BIT;
}

function loadExtended(cpu: u32, pc: u32): u32 {
  const p = readOperand(cpu, pc, 10);
  if (!p) return FAULT;
  return pushResult(cpu, value(cpu, load<u16>(p + 8), load<u64>(p)));
}

function loadInteger<T>(cpu: u32, pc: u32): u32 {
  const p = readOperand(cpu, pc, sizeof<T>());
  if (!p) return FAULT;
  return pushResult(cpu, fromInteger(cpu, <i64>load<T>(p)));
}

function loadDecimal(cpu: u32, pc: u32): u32 {
  const p = readOperand(cpu, pc, 10);
  if (!p) return FAULT;
  return pushResult(cpu, fromBcd(cpu, p));
}

function storeSingle(cpu: u32, pc: u32, popping: bool): u32 {
  const p = writeOperand(cpu, pc, 4);
  if (!p) return FAULT;
  const at = st(cpu, 0);
  let bits: u32 = 0xffc00000;
  if (isEmpty(cpu, 0)) note(cpu, IE | SF);
  else bits = toSingle(cpu, load<u16>(at + 8), load<u64>(at));
  if (!settleStore(cpu)) return OK;
  store<u32>(p, bits);
  return stored(cpu, p, popping);
}

function storeDouble(cpu: u32, pc: u32, popping: bool): u32 {
  const p = writeOperand(cpu, pc, 8);
  if (!p) return FAULT;
  const at = st(cpu, 0);
  let bits: u64 = 0xfff8000000000000;
  if (isEmpty(cpu, 0)) note(cpu, IE | SF);
  else bits = toDouble(cpu, load<u16>(at + 8), load<u64>(at));
  if (!settleStore(cpu)) return OK;
  store<u64>(p, bits);
  return stored(cpu, p, popping);
}

function storeExtended(cpu: u32, pc: u32): u32 {
  const p = writeOperand(cpu, pc, 10);
  if (!p) return FAULT;
  const at = st(cpu, 0);
  const empty = isEmpty(cpu, 0);
  if (empty) note(cpu, IE | SF);
  if (!settleStore(cpu)) return OK;
  store<u64>(p, empty ? INDEFINITE_SIG : load<u64>(at));
  store<u16>(p + 8, empty ? <u16>INDEFINITE_SE : load<u16>(at + 8));
  return stored(cpu, p, true);
}

function storeInteger<T>(cpu: u32, pc: u32, rc: u32, popping: bool): u32 {
  const p = writeOperand(cpu, pc, sizeof<T>());
  if (!p) return FAULT;
  const at = st(cpu, 0);
  let n: i64 = <i64>1 << (sizeof<T>() * 8 - 1);
  if (isEmpty(cpu, 0)) note(cpu, IE | SF);
  else n = toInteger(cpu, load<u16>(at + 8), load<u64>(at), sizeof<T>() * 8, rc);
  if (!settleStore(cpu)) return OK;
  store<T>(p, <T>n);
  return stored(cpu, p, popping);
}

function storeDecimal(cpu: u32, pc: u32): u32 {
  const p = writeOperand(cpu, pc, 10);
  if (!p) return FAULT;
  const at = st(cpu, 0);
  let n = i64.MIN_VALUE;
  if (isEmpty(cpu, 0)) note(cpu, IE | SF);
  else n = toDecimal(cpu, load<u16>(at + 8), load<u64>(at));
  if (!settleStore(cpu)) return OK;
  storeBcd(p, n, <u32>load<u16>(at + 8) & 0x8000);
  return stored(cpu, p, true);
}

@inline
function stored(cpu: u32, p: u32, popping: bool): u32 {
  commit(cpu, p);
  if (popping) pop(cpu);
  return OK;
}
