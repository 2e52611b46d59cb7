// Moves between XMM registers, memory and general registers, and MXCSR.
import { FAULT, MXCSR, OK, RDI, TLB_NOW } from "../../layout/cpu";
import { OP_PREFIX, OP_SEG, PFX_ADDRESS_SHIFT } from "../../layout/op";
import * as op from "../../generated/ops";
import { commit, modifyLinear, operandVector, readMemory, writeMemory } from "../access";
import { GP, raiseError } from "../exception";
import { NOWHERE } from "../linear";
import { segmentAddress } from "../segment-check";
import { RESERVED } from "./mxcsr";
import { first, refuseSse, second, sseBlocked, vectorMemory, vectorTarget } from "./operand";

export function execSseMove(cpu: u32, pc: u32, code: u32): u32 {
  if (sseBlocked(cpu)) return refuseSse(cpu);
  const to = first(cpu, pc);
  let p = second(cpu, pc);
  switch (code) {
    case op.MOVUPS_RM:
    case op.MOVUPD_RM:
    case op.MOVDQU_RM:
    case op.LDDQU_RM:
      if (!(p = readMemory(cpu, pc, 16))) return FAULT;
      v128.store(to, v128.load(p));
      return OK;
    case op.MOVAPS_RM:
    case op.MOVAPD_RM:
    case op.MOVDQA_RM:
    case op.MOVNTDQA_RM:
      if (!(p = vectorMemory(cpu, pc))) return FAULT;
      v128.store(to, v128.load(p));
      return OK;
    case op.MOVUPS_RR:
    case op.MOVUPD_RR:
    case op.MOVDQU_RR:
    case op.MOVAPS_RR:
    case op.MOVAPD_RR:
    case op.MOVDQA_RR:
      v128.store(to, v128.load(p));
      return OK;
    case op.MOVUPS_MR:
    case op.MOVUPD_MR:
    case op.MOVDQU_MR: {
      const at = writeMemory(cpu, pc, 16);
      if (!at) return FAULT;
      v128.store(at, v128.load(p));
      commit(cpu, at);
      return OK;
    }
    case op.MOVAPS_MR:
    case op.MOVAPD_MR:
    case op.MOVDQA_MR:
    case op.MOVNTPS_MR:
    case op.MOVNTPD_MR:
    case op.MOVNTDQ_MR: {
      const at = vectorTarget(cpu, pc);
      if (!at) return FAULT;
      v128.store(at, v128.load(p));
      commit(cpu, at);
      return OK;
    }
    case op.MOVSD_RM:
    case op.MOVQ_RM:
      if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.MOVQ_RR:
      v128.store(to, v128.load64_zero(p));
      return OK;
    case op.MOVSD_RR: store<u64>(to, load<u64>(p)); return OK;
    case op.MOVSD_MR:
    case op.MOVQ_MR:
    case op.MOVLPS_MR:
    case op.MOVLPD_MR:
      return store64(cpu, pc, p);
    case op.MOVSS_RM:
      if (!(p = readMemory(cpu, pc, 4))) return FAULT;
      v128.store(to, v128.load32_zero(p));
      return OK;
    case op.MOVSS_RR: store<u32>(to, load<u32>(p)); return OK;
    case op.MOVSS_MR:
    case op.MOVD_OUT_MR_32:
      return store32(cpu, pc, p);
    case op.MOVD_RM_32: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.MOVD_RR_32: v128.store(to, v128.load32_zero(p)); return OK;
    case op.MOVD_RM_64: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.MOVD_RR_64: v128.store(to, v128.load64_zero(p)); return OK;
    case op.MOVD_OUT_RR_32: store<u64>(to, load<u32>(p)); return OK;
    case op.MOVD_OUT_RR_64: store<u64>(to, load<u64>(p)); return OK;
    case op.MOVD_OUT_MR_64: return store64(cpu, pc, p);
    default: return execRare(cpu, pc, code, to, p);
  }
}

function execRare(cpu: u32, pc: u32, code: u32, to: u32, p: u32): u32 {
  switch (code) {
    case op.MOVLPS_RM:
    case op.MOVLPD_RM:
      if (!(p = readMemory(cpu, pc, 8))) return FAULT;
      store<u64>(to, load<u64>(p));
      return OK;
    case op.MOVHPS_RM:
    case op.MOVHPD_RM:
      if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.MOVLHPS_RR:
      store<u64>(to + 8, load<u64>(p));
      return OK;
    case op.MOVHLPS_RR: store<u64>(to, load<u64>(p + 8)); return OK;
    case op.MOVHPS_MR:
    case op.MOVHPD_MR:
      return store64(cpu, pc, p + 8);
    case op.MOVDDUP_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.MOVDDUP_RR: v128.store(to, v128.load64_splat(p)); return OK;
    case op.MOVSLDUP_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.MOVSLDUP_RR: {
      const b = v128.load(p);
      v128.store(to, v128.shuffle<u32>(b, b, 0, 0, 2, 2));
      return OK;
    }
    case op.MOVSHDUP_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.MOVSHDUP_RR: {
      const b = v128.load(p);
      v128.store(to, v128.shuffle<u32>(b, b, 1, 1, 3, 3));
      return OK;
    }
    case op.MOVMSKPS_RR_32: store<u64>(to, <u32>i32x4.bitmask(v128.load(p))); return OK;
    case op.MOVMSKPD_RR_32: store<u64>(to, <u32>i64x2.bitmask(v128.load(p))); return OK;
    case op.PMOVMSKB_RR_32: store<u64>(to, <u32>i8x16.bitmask(v128.load(p))); return OK;
    case op.MASKMOVDQU_RR: return maskedStore(cpu, pc, to, p, 16);
    case op.LDMXCSR_M: {
      if (!(p = readMemory(cpu, pc, 4))) return FAULT;
      const word = load<u32>(p);
      if (word & RESERVED) return raiseError(cpu, GP, 0);
      store<u32>(cpu + MXCSR, word);
      return OK;
    }
    case op.STMXCSR_M: return store32(cpu, pc, cpu + MXCSR);
    default: return unreachable();
  }
}

function store32(cpu: u32, pc: u32, from: u32): u32 {
  const at = writeMemory(cpu, pc, 4);
  if (!at) return FAULT;
  store<u32>(at, load<u32>(from));
  commit(cpu, at);
  return OK;
}

function store64(cpu: u32, pc: u32, from: u32): u32 {
  const at = writeMemory(cpu, pc, 8);
  if (!at) return FAULT;
  store<u64>(at, load<u64>(from));
  commit(cpu, at);
  return OK;
}

/** MASKMOVDQU, MASKMOVQ: bytes of `from` whose mask byte has its top bit set go to DS:rDI (or another segment). */
export function maskedStore(cpu: u32, pc: u32, from: u32, mask: u32, bytes: u32): u32 {
  const size = (<u32>load<u16>(pc + OP_PREFIX) >> PFX_ADDRESS_SHIFT) & 3;
  const rdi = load<u64>(cpu + RDI);
  const ea = size == 2 ? rdi : size == 1 ? rdi & 0xffffffff : rdi & 0xffff;
  const va = segmentAddress(cpu, load<u8>(pc + OP_SEG), ea, bytes, true);
  if (va == NOWHERE) return FAULT;
  const at = modifyLinear(cpu, load<u32>(cpu + TLB_NOW), va, bytes, operandVector(cpu, pc));
  if (!at) return FAULT;
  let any = false;
  for (let i: u32 = 0; i < bytes; i++) {
    if (load<i8>(mask + i) >= 0) continue;
    store<u8>(at + i, load<u8>(from + i));
    any = true;
  }
  if (any) commit(cpu, at);
  return OK;
}
