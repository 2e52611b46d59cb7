// SSE floating-point arithmetic (Intel SDM vol. 2: ADDPS … DPPD).
import * as op from "../../generated/ops";
import { FAULT, OK } from "../../layout/cpu";
import { OP_IMM } from "../../layout/op";
import { readMemory } from "../access";
import { approximate } from "./approximate";
import { ADD, DIV, lane, MAX, MIN, MUL, SQRT, SUB } from "./arithmetic";
import { begin, settle, WORK } from "./mxcsr";
import { first, refuseSse, second, sseBlocked, vectorMemory } from "./operand";
import { ADDSUB, packed } from "./packed";

export function execSseFloat(cpu: u32, pc: u32, code: u32): u32 {
  if (sseBlocked(cpu)) return refuseSse(cpu);
  const to = first(cpu, pc);
  let p = second(cpu, pc);
  switch (code) {
    case op.ADDSD_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.ADDSD_RR: return scalar<u64>(cpu, ADD, to, p);
    case op.MULSD_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.MULSD_RR: return scalar<u64>(cpu, MUL, to, p);
    case op.SUBSD_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.SUBSD_RR: return scalar<u64>(cpu, SUB, to, p);
    case op.DIVSD_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.DIVSD_RR: return scalar<u64>(cpu, DIV, to, p);
    case op.SQRTSD_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.SQRTSD_RR: return scalar<u64>(cpu, SQRT, to, p);
    case op.MINSD_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.MINSD_RR: return scalar<u64>(cpu, MIN, to, p);
    case op.MAXSD_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.MAXSD_RR: return scalar<u64>(cpu, MAX, to, p);
    case op.ADDSS_RM: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.ADDSS_RR: return scalar<u32>(cpu, ADD, to, p);
    case op.MULSS_RM: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.MULSS_RR: return scalar<u32>(cpu, MUL, to, p);
    case op.SUBSS_RM: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.SUBSS_RR: return scalar<u32>(cpu, SUB, to, p);
    case op.DIVSS_RM: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.DIVSS_RR: return scalar<u32>(cpu, DIV, to, p);
    case op.SQRTSS_RM: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.SQRTSS_RR: return scalar<u32>(cpu, SQRT, to, p);
    case op.MINSS_RM: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.MINSS_RR: return scalar<u32>(cpu, MIN, to, p);
    case op.MAXSS_RM: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.MAXSS_RR: return scalar<u32>(cpu, MAX, to, p);
    case op.RCPSS_RM: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.RCPSS_RR: return approximate(to, p, 4, false);
    case op.RSQRTSS_RM: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.RSQRTSS_RR: return approximate(to, p, 4, true);
    default: return execVector(cpu, pc, code, to, p);
  }
}

function execVector(cpu: u32, pc: u32, code: u32, to: u32, p: u32): u32 {
  switch (code) {
    case op.ADDPS_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.ADDPS_RR: return single(cpu, ADD, to, p);
    case op.MULPS_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.MULPS_RR: return single(cpu, MUL, to, p);
    case op.SUBPS_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.SUBPS_RR: return single(cpu, SUB, to, p);
    case op.DIVPS_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.DIVPS_RR: return single(cpu, DIV, to, p);
    case op.SQRTPS_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.SQRTPS_RR: return single(cpu, SQRT, to, p);
    case op.MINPS_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.MINPS_RR: return single(cpu, MIN, to, p);
    case op.MAXPS_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.MAXPS_RR: return single(cpu, MAX, to, p);
    case op.ADDSUBPS_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.ADDSUBPS_RR: return single(cpu, ADDSUB, to, p);
    case op.ADDPD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.ADDPD_RR: return double(cpu, ADD, to, p);
    case op.MULPD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.MULPD_RR: return double(cpu, MUL, to, p);
    case op.SUBPD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.SUBPD_RR: return double(cpu, SUB, to, p);
    case op.DIVPD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.DIVPD_RR: return double(cpu, DIV, to, p);
    case op.SQRTPD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.SQRTPD_RR: return double(cpu, SQRT, to, p);
    case op.MINPD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.MINPD_RR: return double(cpu, MIN, to, p);
    case op.MAXPD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.MAXPD_RR: return double(cpu, MAX, to, p);
    case op.ADDSUBPD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.ADDSUBPD_RR: return double(cpu, ADDSUB, to, p);
    case op.HADDPS_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.HADDPS_RR: return horizontalSingle(cpu, ADD, to, p);
    case op.HSUBPS_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.HSUBPS_RR: return horizontalSingle(cpu, SUB, to, p);
    case op.HADDPD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.HADDPD_RR: return horizontalDouble(cpu, ADD, to, p);
    case op.HSUBPD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.HSUBPD_RR: return horizontalDouble(cpu, SUB, to, p);
    case op.RCPPS_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.RCPPS_RR: return approximate(to, p, 16, false);
    case op.RSQRTPS_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.RSQRTPS_RR: return approximate(to, p, 16, true);
    case op.DPPS_RMI: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.DPPS_RRI: return dotProduct<u32>(cpu, to, p, load<u8>(pc + OP_IMM));
    case op.DPPD_RMI: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.DPPD_RRI: return dotProduct<u64>(cpu, to, p, load<u8>(pc + OP_IMM));
    default: return unreachable();
  }
}

function scalar<T>(cpu: u32, kind: u32, to: u32, p: u32): u32 {
  begin(cpu);
  const result = lane<T>(cpu, kind, load<T>(to), load<T>(p));
  if (settle(cpu)) return FAULT;
  store<T>(to, result);
  return OK;
}

@inline
function single(cpu: u32, kind: u32, to: u32, p: u32): u32 {
  return packed<u32, i32, f32>(cpu, kind, to, to, p);
}

@inline
function double(cpu: u32, kind: u32, to: u32, p: u32): u32 {
  return packed<u64, i64, f64>(cpu, kind, to, to, p);
}

/** Even lanes with odd lanes: those of the first operand give the lower half. */
function horizontalSingle(cpu: u32, kind: u32, to: u32, p: u32): u32 {
  const a = v128.load(to);
  const b = v128.load(p);
  v128.store(cpu + WORK, v128.shuffle<u32>(a, b, 0, 2, 4, 6));
  v128.store(cpu + WORK + 16, v128.shuffle<u32>(a, b, 1, 3, 5, 7));
  return packed<u32, i32, f32>(cpu, kind, to, cpu + WORK, cpu + WORK + 16);
}

function horizontalDouble(cpu: u32, kind: u32, to: u32, p: u32): u32 {
  const a = v128.load(to);
  const b = v128.load(p);
  v128.store(cpu + WORK, v128.shuffle<u64>(a, b, 0, 2));
  v128.store(cpu + WORK + 16, v128.shuffle<u64>(a, b, 1, 3));
  return packed<u64, i64, f64>(cpu, kind, to, cpu + WORK, cpu + WORK + 16);
}

/** DPPS, DPPD: products of the lanes chosen by bits 4–7, their sum to the lanes chosen by bits 0–3, 0 to the others. */
function dotProduct<T>(cpu: u32, to: u32, p: u32, choice: u32): u32 {
  const lanes: u32 = 16 / sizeof<T>();
  const work = cpu + WORK;
  begin(cpu);
  for (let i: u32 = 0; i < lanes; i++) {
    const at = i * sizeof<T>();
    store<T>(work + at, (choice >> (4 + i)) & 1 ? lane<T>(cpu, MUL, load<T>(to + at), load<T>(p + at)) : <T>0);
  }
  // Each stage settles its exceptions: an unmasked one keeps the next from being entered.
  if (settle(cpu)) return FAULT;
  for (let width = lanes / 2; width != 0; width /= 2) {
    begin(cpu);
    for (let i: u32 = 0; i < width; i++) {
      const at = work + i * 2 * sizeof<T>();
      store<T>(work + i * sizeof<T>(), lane<T>(cpu, ADD, load<T>(at), load<T>(at + sizeof<T>())));
    }
    if (settle(cpu)) return FAULT;
  }
  const sum = load<T>(work);
  for (let i: u32 = 0; i < lanes; i++) store<T>(to + i * sizeof<T>(), (choice >> i) & 1 ? sum : <T>0);
  return OK;
}
