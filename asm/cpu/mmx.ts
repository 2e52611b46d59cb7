// MMX (Intel SDM vol. 1, 9): moves here, the rest in mmx-integer.ts. The registers are the significands of the x87 ones.
import * as op from "../generated/ops";
import { FAULT, FTW, OK } from "../layout/cpu";
import { OP_IMM, OP_PREFIX, PFX_REX_W } from "../layout/op";
import { commit, readMemory, writeMemory } from "./access";
import { execMmxInteger } from "./mmx-integer";
import { maskedStore } from "./sse/move";
import { enterMmx, first, mmxBlocked, putMmx, refuseMmx, refuseSse, second, sseBlocked } from "./sse/operand";

export function execMmx(cpu: u32, pc: u32, code: u32): u32 {
  if (mmxBlocked(cpu)) return refuseMmx(cpu);
  const to = first(cpu, pc);
  let p = second(cpu, pc);
  switch (code) {
    case op.MOVQ_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.MOVQ_RR_MMX: return put(cpu, to, load<u64>(p));
    case op.MOVQ_MR_MMX:
    case op.MOVNTQ_MR_MMX:
      return save(cpu, pc, p, 8);
    case op.MOVD_RM_MMX: if (!(p = readMemory(cpu, pc, width(pc)))) return FAULT;
    case op.MOVD_RR_MMX: return put(cpu, to, part(pc, p));
    case op.MOVD_OUT_MR_MMX: return save(cpu, pc, p, width(pc));
    case op.MOVD_OUT_RR_MMX: return putGeneral(cpu, to, part(pc, p));
    case op.MOVDQ2Q_RR_MMX: return sseBlocked(cpu) ? refuseSse(cpu) : put(cpu, to, load<u64>(p));
    case op.MOVQ2DQ_RR_MMX:
      if (sseBlocked(cpu)) return refuseSse(cpu);
      enterMmx(cpu);
      v128.store(to, v128.load64_zero(p));
      return OK;
    case op.PMOVMSKB_RR_MMX: return putGeneral(cpu, to, <u32>i8x16.bitmask(v128.load64_zero(p)));
    case op.PEXTRW_RRI_MMX: return putGeneral(cpu, to, load<u16>(p + (load<u8>(pc + OP_IMM) & 3) * 2));
    case op.PINSRW_RMI_MMX: if (!(p = readMemory(cpu, pc, 2))) return FAULT;
    case op.PINSRW_RRI_MMX: {
      const word = load<u16>(p);
      enterMmx(cpu);
      store<u16>(to + (load<u8>(pc + OP_IMM) & 3) * 2, word);
      store<u16>(to + 8, 0xffff);
      return OK;
    }
    case op.MASKMOVQ_RR_MMX:
      if (maskedStore(cpu, pc, to, p, 8)) return FAULT;
      enterMmx(cpu);
      return OK;
    case op.EMMS:
      enterMmx(cpu);
      store<u16>(cpu + FTW, 0xffff);
      return OK;
    default: return execMmxInteger(cpu, pc, code, to, p);
  }
}

/** Bytes that MOVD (with REX.W: MOVQ) moves to or from general registers and memory. */
@inline
function width(pc: u32): u32 {
  return load<u16>(pc + OP_PREFIX) & PFX_REX_W ? 8 : 4;
}

@inline
function part(pc: u32, p: u32): u64 {
  return width(pc) == 8 ? load<u64>(p) : load<u32>(p);
}

function put(cpu: u32, to: u32, value: u64): u32 {
  enterMmx(cpu);
  putMmx(to, value);
  return OK;
}

function putGeneral(cpu: u32, to: u32, value: u64): u32 {
  enterMmx(cpu);
  store<u64>(to, value);
  return OK;
}

function save(cpu: u32, pc: u32, from: u32, bytes: u32): u32 {
  const at = writeMemory(cpu, pc, bytes);
  if (!at) return FAULT;
  memory.copy(at, from, bytes);
  commit(cpu, at);
  enterMmx(cpu);
  return OK;
}
