// Conversions between integers, single and double precision, and rounding to integers (Intel SDM vol. 2: CVTxx, ROUNDxx).
import * as op from "../../generated/ops";
import { FAULT, OK } from "../../layout/cpu";
import { OP_IMM } from "../../layout/op";
import { readMemory } from "../access";
import { begin, RESULT, rounding, settle, ZERO } from "./mxcsr";
import {
  enterMmx, first, mmxBlocked, putMmx, refuseMmx, refuseSse, second, sseBlocked, vectorMemory,
} from "./operand";
import { fromInteger, narrow, roundLane, toInteger32, toInteger64, widen } from "./rounding";

export function execSseConvert(cpu: u32, pc: u32, code: u32): u32 {
  if (sseBlocked(cpu)) return refuseSse(cpu);
  const to = first(cpu, pc);
  let p = second(cpu, pc);
  begin(cpu);
  switch (code) {
    case op.CVTSI2SD_RM_32: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.CVTSI2SD_RR_32: store<f64>(to, <f64>load<i32>(p)); return OK;
    case op.CVTSI2SD_RM_64: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.CVTSI2SD_RR_64: return put<u64>(cpu, to, fromInteger<u64>(cpu, load<i64>(p)));
    case op.CVTSI2SS_RM_32: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.CVTSI2SS_RR_32: return put<u32>(cpu, to, fromInteger<u32>(cpu, load<i32>(p)));
    case op.CVTSI2SS_RM_64: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.CVTSI2SS_RR_64: return put<u32>(cpu, to, fromInteger<u32>(cpu, load<i64>(p)));
    case op.CVTTSD2SI_RM_32: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.CVTTSD2SI_RR_32: return put<u64>(cpu, to, toInteger32<u64>(cpu, load<u64>(p), ZERO));
    case op.CVTTSD2SI_RM_64: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.CVTTSD2SI_RR_64: return put<u64>(cpu, to, toInteger64<u64>(cpu, load<u64>(p), ZERO));
    case op.CVTSD2SI_RM_32: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.CVTSD2SI_RR_32: return put<u64>(cpu, to, toInteger32<u64>(cpu, load<u64>(p), rounding(cpu)));
    case op.CVTSD2SI_RM_64: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.CVTSD2SI_RR_64: return put<u64>(cpu, to, toInteger64<u64>(cpu, load<u64>(p), rounding(cpu)));
    case op.CVTTSS2SI_RM_32: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.CVTTSS2SI_RR_32: return put<u64>(cpu, to, toInteger32<u32>(cpu, load<u32>(p), ZERO));
    case op.CVTTSS2SI_RM_64: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.CVTTSS2SI_RR_64: return put<u64>(cpu, to, toInteger64<u32>(cpu, load<u32>(p), ZERO));
    case op.CVTSS2SI_RM_32: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.CVTSS2SI_RR_32: return put<u64>(cpu, to, toInteger32<u32>(cpu, load<u32>(p), rounding(cpu)));
    case op.CVTSS2SI_RM_64: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.CVTSS2SI_RR_64: return put<u64>(cpu, to, toInteger64<u32>(cpu, load<u32>(p), rounding(cpu)));
    case op.CVTSS2SD_RM: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.CVTSS2SD_RR: return put<u64>(cpu, to, widen(cpu, load<u32>(p)));
    case op.CVTSD2SS_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.CVTSD2SS_RR: return put<u32>(cpu, to, narrow(cpu, load<u64>(p)));
    case op.ROUNDSS_RMI: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.ROUNDSS_RRI: return put<u32>(cpu, to, roundLane<u32>(cpu, load<u32>(p), load<u8>(pc + OP_IMM)));
    case op.ROUNDSD_RMI: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.ROUNDSD_RRI: return put<u64>(cpu, to, roundLane<u64>(cpu, load<u64>(p), load<u8>(pc + OP_IMM)));
    default: return execVector(cpu, pc, code, to, p);
  }
}

function execVector(cpu: u32, pc: u32, code: u32, to: u32, p: u32): u32 {
  switch (code) {
    case op.CVTPS2PD_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.CVTPS2PD_RR:
      for (let i: u32 = 0; i < 2; i++) store<u64>(cpu + RESULT + i * 8, widen(cpu, load<u32>(p + i * 4)));
      return putVector(cpu, to);
    case op.CVTPD2PS_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.CVTPD2PS_RR:
      for (let i: u32 = 0; i < 2; i++) store<u32>(cpu + RESULT + i * 4, narrow(cpu, load<u64>(p + i * 8)));
      return putLowHalf(cpu, to);
    case op.CVTDQ2PS_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.CVTDQ2PS_RR:
      for (let i: u32 = 0; i < 16; i += 4) store<u32>(cpu + RESULT + i, fromInteger<u32>(cpu, load<i32>(p + i)));
      return putVector(cpu, to);
    case op.CVTPS2DQ_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.CVTPS2DQ_RR: return singlesToIntegers(cpu, to, p, rounding(cpu));
    case op.CVTTPS2DQ_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.CVTTPS2DQ_RR: return singlesToIntegers(cpu, to, p, ZERO);
    case op.CVTPD2DQ_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.CVTPD2DQ_RR: doublesToIntegers(cpu, p, rounding(cpu)); return putLowHalf(cpu, to);
    case op.CVTTPD2DQ_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.CVTTPD2DQ_RR: doublesToIntegers(cpu, p, ZERO); return putLowHalf(cpu, to);
    case op.CVTDQ2PD_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.CVTDQ2PD_RR: v128.store(to, f64x2.convert_low_i32x4_s(v128.load64_zero(p))); return OK;
    case op.ROUNDPS_RMI: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.ROUNDPS_RRI: return roundVector<u32>(cpu, to, p, load<u8>(pc + OP_IMM));
    case op.ROUNDPD_RMI: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.ROUNDPD_RRI: return roundVector<u64>(cpu, to, p, load<u8>(pc + OP_IMM));
    // No MMX register is used: neither a pending x87 exception nor the x87 state matter (so AMD's processors).
    case op.CVTPI2PD_RM_MMX:
      if (!(p = readMemory(cpu, pc, 8))) return FAULT;
      v128.store(to, f64x2.convert_low_i32x4_s(v128.load64_zero(p)));
      return OK;
    case op.CVTPI2PS_RM_MMX: return (p = readMemory(cpu, pc, 8)) ? integersToSingles(cpu, to, p) : FAULT;
    default: return mmxBlocked(cpu) ? refuseMmx(cpu) : execMmxConvert(cpu, pc, code, to, p);
  }
}

/** Conversions from and to MMX registers, which enter MMX even when they then raise #XM (so AMD's processors). */
function execMmxConvert(cpu: u32, pc: u32, code: u32, to: u32, p: u32): u32 {
  switch (code) {
    case op.CVTPI2PD_RR_MMX:
      v128.store(to, f64x2.convert_low_i32x4_s(v128.load64_zero(p)));
      enterMmx(cpu);
      return OK;
    case op.CVTPI2PS_RR_MMX:
      enterMmx(cpu);
      return integersToSingles(cpu, to, p);
    case op.CVTPS2PI_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.CVTPS2PI_RR_MMX: return singlesToMmx(cpu, to, p, rounding(cpu));
    case op.CVTTPS2PI_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.CVTTPS2PI_RR_MMX: return singlesToMmx(cpu, to, p, ZERO);
    case op.CVTPD2PI_RM_MMX: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.CVTPD2PI_RR_MMX: doublesToIntegers(cpu, p, rounding(cpu)); return putMmxResult(cpu, to);
    case op.CVTTPD2PI_RM_MMX: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.CVTTPD2PI_RR_MMX: doublesToIntegers(cpu, p, ZERO); return putMmxResult(cpu, to);
    default: return unreachable();
  }
}

@inline
function put<T>(cpu: u32, to: u32, value: T): u32 {
  if (settle(cpu)) return FAULT;
  store<T>(to, value);
  return OK;
}

function putVector(cpu: u32, to: u32): u32 {
  if (settle(cpu)) return FAULT;
  v128.store(to, v128.load(cpu + RESULT));
  return OK;
}

/** The upper half of the destination becomes 0. */
function putLowHalf(cpu: u32, to: u32): u32 {
  if (settle(cpu)) return FAULT;
  v128.store(to, v128.load64_zero(cpu + RESULT));
  return OK;
}

function putMmxResult(cpu: u32, to: u32): u32 {
  enterMmx(cpu);
  if (settle(cpu)) return FAULT;
  putMmx(to, load<u64>(cpu + RESULT));
  return OK;
}

function singlesToIntegers(cpu: u32, to: u32, p: u32, mode: u32): u32 {
  for (let i: u32 = 0; i < 16; i += 4) store<u32>(cpu + RESULT + i, toInteger32<u32>(cpu, load<u32>(p + i), mode));
  return putVector(cpu, to);
}

/** Two of them, to the lower half; the upper half stays. */
function integersToSingles(cpu: u32, to: u32, p: u32): u32 {
  for (let i: u32 = 0; i < 8; i += 4) store<u32>(cpu + RESULT + i, fromInteger<u32>(cpu, load<i32>(p + i)));
  if (settle(cpu)) return FAULT;
  store<u64>(to, load<u64>(cpu + RESULT));
  return OK;
}

function singlesToMmx(cpu: u32, to: u32, p: u32, mode: u32): u32 {
  for (let i: u32 = 0; i < 8; i += 4) store<u32>(cpu + RESULT + i, toInteger32<u32>(cpu, load<u32>(p + i), mode));
  return putMmxResult(cpu, to);
}

/** Two integers, to the result's lower half. */
function doublesToIntegers(cpu: u32, p: u32, mode: u32): void {
  for (let i: u32 = 0; i < 2; i++) store<u32>(cpu + RESULT + i * 4, toInteger32<u64>(cpu, load<u64>(p + i * 8), mode));
}

function roundVector<T>(cpu: u32, to: u32, p: u32, how: u32): u32 {
  for (let i: u32 = 0; i < 16; i += sizeof<T>()) {
    store<T>(cpu + RESULT + i, roundLane<T>(cpu, load<T>(p + i), how));
  }
  return putVector(cpu, to);
}
