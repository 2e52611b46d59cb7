// SSE floating-point comparisons: CMPxx make masks, (U)COMISx set flags.
import * as op from "../../generated/ops";
import { FAULT, OK } from "../../layout/cpu";
import { OP_IMM } from "../../layout/op";
import { readMemory } from "../access";
import { CF, PF, setArithmetic, ZF } from "../flags";
import { less } from "./arithmetic";
import { begin, flag, IE, RESULT, settle } from "./mxcsr";
import { isNaN, isSignaling, isZero, noteDenormal, operand } from "./number";
import { first, refuseSse, second, sseBlocked, vectorMemory } from "./operand";
import { plain } from "./packed";

/** Predicates of CMPxx; bit 2 negates (Intel SDM vol. 2, CMPPD). */
const EQUAL: u32 = 0;
const LESS: u32 = 1;
const LESS_OR_EQUAL: u32 = 2;

export function execSseCompare(cpu: u32, pc: u32, code: u32): u32 {
  if (sseBlocked(cpu)) return refuseSse(cpu);
  const to = first(cpu, pc);
  let p = second(cpu, pc);
  switch (code) {
    case op.UCOMISD_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.UCOMISD_RR: return toFlags<u64>(cpu, to, p, false);
    case op.COMISD_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.COMISD_RR: return toFlags<u64>(cpu, to, p, true);
    case op.UCOMISS_RM: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.UCOMISS_RR: return toFlags<u32>(cpu, to, p, false);
    case op.COMISS_RM: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.COMISS_RR: return toFlags<u32>(cpu, to, p, true);
    case op.CMPSD_RMI: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.CMPSD_RRI: return toMask<u64>(cpu, pc, to, p, 8);
    case op.CMPSS_RMI: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.CMPSS_RRI: return toMask<u32>(cpu, pc, to, p, 4);
    case op.CMPPD_RMI: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.CMPPD_RRI: return vectorToMask<u64, i64, f64>(cpu, pc, to, p);
    case op.CMPPS_RMI: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.CMPPS_RRI: return vectorToMask<u32, i32, f32>(cpu, pc, to, p);
    default: return unreachable();
  }
}

/** ZF, PF, CF: greater 000, less 001, equal 100, unordered 111. */
function toFlags<T>(cpu: u32, to: u32, p: u32, signalAll: bool): u32 {
  const a = operand<T>(cpu, load<T>(to));
  const b = operand<T>(cpu, load<T>(p));
  let flags: u32;
  begin(cpu);
  if (isNaN<T>(a) || isNaN<T>(b)) {
    if (signalAll || isSignaling<T>(a) || isSignaling<T>(b)) flag(cpu, IE);
    flags = ZF | PF | CF;
  } else {
    noteDenormal<T>(cpu, a, b);
    flags = equal<T>(a, b) ? ZF : less<T>(a, b) ? CF : 0;
  }
  if (settle(cpu)) return FAULT;
  setArithmetic(cpu, flags);
  return OK;
}

function toMask<T>(cpu: u32, pc: u32, to: u32, p: u32, bytes: u32): u32 {
  const predicate = <u32>load<u8>(pc + OP_IMM);
  begin(cpu);
  for (let i: u32 = 0; i < bytes; i += sizeof<T>()) {
    store<T>(cpu + RESULT + i, <T>(0 - <T>holds<T>(cpu, predicate, load<T>(to + i), load<T>(p + i))));
  }
  if (settle(cpu)) return FAULT;
  memory.copy(to, cpu + RESULT, bytes);
  return OK;
}

function vectorToMask<T, I, F>(cpu: u32, pc: u32, to: u32, p: u32): u32 {
  const a = v128.load(to);
  const b = v128.load(p);
  if (!plain<T, I>(a) || !plain<T, I>(b)) return toMask<T>(cpu, pc, to, p, 16);
  const predicate = <u32>load<u8>(pc + OP_IMM);
  let mask: v128;
  switch (predicate & 3) {
    case EQUAL: mask = v128.eq<F>(a, b); break;
    case LESS: mask = v128.lt<F>(a, b); break;
    case LESS_OR_EQUAL: mask = v128.le<F>(a, b); break;
    default: mask = i64x2(0, 0); break;
  }
  v128.store(to, predicate & 4 ? v128.not(mask) : mask);
  return OK;
}

function holds<T>(cpu: u32, predicate: u32, a: T, b: T): bool {
  a = operand<T>(cpu, a);
  b = operand<T>(cpu, b);
  const relation = predicate & 3;
  const negated = (predicate & 4) != 0;
  if (isNaN<T>(a) || isNaN<T>(b)) {
    const signalAll = relation == LESS || relation == LESS_OR_EQUAL;
    if (signalAll || isSignaling<T>(a) || isSignaling<T>(b)) flag(cpu, IE);
    return (relation == 3) != negated;
  }
  noteDenormal<T>(cpu, a, b);
  switch (relation) {
    case EQUAL: return equal<T>(a, b) != negated;
    case LESS: return less<T>(a, b) != negated;
    case LESS_OR_EQUAL: return less<T>(b, a) == negated;
    default: return negated;
  }
}

@inline
function equal<T>(a: T, b: T): bool {
  return a == b || (isZero<T>(a) && isZero<T>(b));
}
