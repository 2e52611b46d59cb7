// Integer arithmetic, comparison, logic and shifts on XMM registers.
import * as op from "../../generated/ops";
import { FAULT, OK } from "../../layout/cpu";
import { OP_IMM } from "../../layout/op";
import { CF, setArithmetic, ZF } from "../flags";
import {
  bytesFrom, evenDwords, evenWords, giveSign, leastWord, mulAddBytes, mulEven, mulEvenUnsigned, mulHigh, mulHighRounded,
  mulHighUnsigned, oddDwords, oddWords, shiftLeft, shiftRight, shiftRightSigned, slidingDifferences, sumOfDifferences,
} from "./lanes";
import { first, refuseSse, second, sseBlocked, vectorMemory } from "./operand";

export function execSseInteger(cpu: u32, pc: u32, code: u32): u32 {
  if (sseBlocked(cpu)) return refuseSse(cpu);
  const to = first(cpu, pc);
  const a = v128.load(to);
  let p = second(cpu, pc);
  let r: v128;
  switch (code) {
    case op.ANDPS_RM:
    case op.ANDPD_RM:
    case op.PAND_RM:
      if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.ANDPS_RR:
    case op.ANDPD_RR:
    case op.PAND_RR:
      r = v128.and(a, v128.load(p));
      break;
    case op.ANDNPS_RM:
    case op.ANDNPD_RM:
    case op.PANDN_RM:
      if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.ANDNPS_RR:
    case op.ANDNPD_RR:
    case op.PANDN_RR:
      r = v128.andnot(v128.load(p), a);
      break;
    case op.ORPS_RM:
    case op.ORPD_RM:
    case op.POR_RM:
      if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.ORPS_RR:
    case op.ORPD_RR:
    case op.POR_RR:
      r = v128.or(a, v128.load(p));
      break;
    case op.XORPS_RM:
    case op.XORPD_RM:
    case op.PXOR_RM:
      if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.XORPS_RR:
    case op.XORPD_RR:
    case op.PXOR_RR:
      r = v128.xor(a, v128.load(p));
      break;
    case op.PADDB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PADDB_RR: r = i8x16.add(a, v128.load(p)); break;
    case op.PADDW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PADDW_RR: r = i16x8.add(a, v128.load(p)); break;
    case op.PADDD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PADDD_RR: r = i32x4.add(a, v128.load(p)); break;
    case op.PADDQ_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PADDQ_RR: r = i64x2.add(a, v128.load(p)); break;
    case op.PSUBB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSUBB_RR: r = i8x16.sub(a, v128.load(p)); break;
    case op.PSUBW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSUBW_RR: r = i16x8.sub(a, v128.load(p)); break;
    case op.PSUBD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSUBD_RR: r = i32x4.sub(a, v128.load(p)); break;
    case op.PSUBQ_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSUBQ_RR: r = i64x2.sub(a, v128.load(p)); break;
    case op.PADDSB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PADDSB_RR: r = i8x16.add_sat_s(a, v128.load(p)); break;
    case op.PADDSW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PADDSW_RR: r = i16x8.add_sat_s(a, v128.load(p)); break;
    case op.PADDUSB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PADDUSB_RR: r = i8x16.add_sat_u(a, v128.load(p)); break;
    case op.PADDUSW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PADDUSW_RR: r = i16x8.add_sat_u(a, v128.load(p)); break;
    case op.PSUBSB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSUBSB_RR: r = i8x16.sub_sat_s(a, v128.load(p)); break;
    case op.PSUBSW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSUBSW_RR: r = i16x8.sub_sat_s(a, v128.load(p)); break;
    case op.PSUBUSB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSUBUSB_RR: r = i8x16.sub_sat_u(a, v128.load(p)); break;
    case op.PSUBUSW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSUBUSW_RR: r = i16x8.sub_sat_u(a, v128.load(p)); break;
    case op.PCMPEQB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PCMPEQB_RR: r = i8x16.eq(a, v128.load(p)); break;
    case op.PCMPEQW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PCMPEQW_RR: r = i16x8.eq(a, v128.load(p)); break;
    case op.PCMPEQD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PCMPEQD_RR: r = i32x4.eq(a, v128.load(p)); break;
    case op.PCMPEQQ_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PCMPEQQ_RR: r = i64x2.eq(a, v128.load(p)); break;
    case op.PCMPGTB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PCMPGTB_RR: r = i8x16.gt_s(a, v128.load(p)); break;
    case op.PCMPGTW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PCMPGTW_RR: r = i16x8.gt_s(a, v128.load(p)); break;
    case op.PCMPGTD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PCMPGTD_RR: r = i32x4.gt_s(a, v128.load(p)); break;
    case op.PCMPGTQ_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PCMPGTQ_RR: r = i64x2.gt_s(a, v128.load(p)); break;
    case op.PMINUB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMINUB_RR: r = i8x16.min_u(a, v128.load(p)); break;
    case op.PMINSW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMINSW_RR: r = i16x8.min_s(a, v128.load(p)); break;
    case op.PMAXUB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMAXUB_RR: r = i8x16.max_u(a, v128.load(p)); break;
    case op.PMAXSW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMAXSW_RR: r = i16x8.max_s(a, v128.load(p)); break;
    case op.PMINSB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMINSB_RR: r = i8x16.min_s(a, v128.load(p)); break;
    case op.PMINSD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMINSD_RR: r = i32x4.min_s(a, v128.load(p)); break;
    case op.PMINUW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMINUW_RR: r = i16x8.min_u(a, v128.load(p)); break;
    case op.PMINUD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMINUD_RR: r = i32x4.min_u(a, v128.load(p)); break;
    case op.PMAXSB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMAXSB_RR: r = i8x16.max_s(a, v128.load(p)); break;
    case op.PMAXSD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMAXSD_RR: r = i32x4.max_s(a, v128.load(p)); break;
    case op.PMAXUW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMAXUW_RR: r = i16x8.max_u(a, v128.load(p)); break;
    case op.PMAXUD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMAXUD_RR: r = i32x4.max_u(a, v128.load(p)); break;
    case op.PAVGB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PAVGB_RR: r = i8x16.avgr_u(a, v128.load(p)); break;
    default: return execMore(cpu, pc, code, to, p);
  }
  v128.store(to, r);
  return OK;
}

function execMore(cpu: u32, pc: u32, code: u32, to: u32, p: u32): u32 {
  const a = v128.load(to);
  let r: v128;
  switch (code) {
    case op.PAVGW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PAVGW_RR: r = i16x8.avgr_u(a, v128.load(p)); break;
    case op.PMULLW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMULLW_RR: r = i16x8.mul(a, v128.load(p)); break;
    case op.PMULLD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMULLD_RR: r = i32x4.mul(a, v128.load(p)); break;
    case op.PMULHW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMULHW_RR: r = mulHigh(a, v128.load(p)); break;
    case op.PMULHUW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMULHUW_RR: r = mulHighUnsigned(a, v128.load(p)); break;
    case op.PMULUDQ_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMULUDQ_RR: r = mulEvenUnsigned(a, v128.load(p)); break;
    case op.PMULDQ_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMULDQ_RR: r = mulEven(a, v128.load(p)); break;
    case op.PMADDWD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMADDWD_RR: r = i32x4.dot_i16x8_s(a, v128.load(p)); break;
    case op.PSADBW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSADBW_RR: r = sumOfDifferences(a, v128.load(p)); break;
    case op.PABSB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PABSB_RR: r = i8x16.abs(v128.load(p)); break;
    case op.PABSW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PABSW_RR: r = i16x8.abs(v128.load(p)); break;
    case op.PABSD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PABSD_RR: r = i32x4.abs(v128.load(p)); break;
    case op.PSIGNB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSIGNB_RR: r = giveSign<i8>(a, v128.load(p)); break;
    case op.PSIGNW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSIGNW_RR: r = giveSign<i16>(a, v128.load(p)); break;
    case op.PSIGND_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSIGND_RR: r = giveSign<i32>(a, v128.load(p)); break;
    case op.PMADDUBSW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMADDUBSW_RR: r = mulAddBytes(a, v128.load(p)); break;
    case op.PMULHRSW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PMULHRSW_RR: r = mulHighRounded(a, v128.load(p)); break;
    case op.PHADDW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PHADDW_RR: r = i16x8.add(evenWords(a, v128.load(p)), oddWords(a, v128.load(p))); break;
    case op.PHADDSW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PHADDSW_RR: r = i16x8.add_sat_s(evenWords(a, v128.load(p)), oddWords(a, v128.load(p))); break;
    case op.PHSUBW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PHSUBW_RR: r = i16x8.sub(evenWords(a, v128.load(p)), oddWords(a, v128.load(p))); break;
    case op.PHSUBSW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PHSUBSW_RR: r = i16x8.sub_sat_s(evenWords(a, v128.load(p)), oddWords(a, v128.load(p))); break;
    case op.PHADDD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PHADDD_RR: r = i32x4.add(evenDwords(a, v128.load(p)), oddDwords(a, v128.load(p))); break;
    case op.PHSUBD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PHSUBD_RR: r = i32x4.sub(evenDwords(a, v128.load(p)), oddDwords(a, v128.load(p))); break;
    case op.PHMINPOSUW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PHMINPOSUW_RR: r = leastWord(p); break;
    case op.MPSADBW_RMI: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.MPSADBW_RRI: r = slidingDifferences(cpu, to, p, load<u8>(pc + OP_IMM)); break;
    case op.PTEST_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PTEST_RR: {
      const b = v128.load(p);
      setArithmetic(cpu, (v128.any_true(v128.and(a, b)) ? 0 : ZF) | (v128.any_true(v128.andnot(b, a)) ? 0 : CF));
      return OK;
    }
    case op.PSLLW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSLLW_RR: r = shiftLeft<u16>(a, load<u64>(p)); break;
    case op.PSLLW_RI: r = shiftLeft<u16>(a, load<u64>(pc + OP_IMM)); break;
    case op.PSLLD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSLLD_RR: r = shiftLeft<u32>(a, load<u64>(p)); break;
    case op.PSLLD_RI: r = shiftLeft<u32>(a, load<u64>(pc + OP_IMM)); break;
    case op.PSLLQ_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSLLQ_RR: r = shiftLeft<u64>(a, load<u64>(p)); break;
    case op.PSLLQ_RI: r = shiftLeft<u64>(a, load<u64>(pc + OP_IMM)); break;
    case op.PSRLW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSRLW_RR: r = shiftRight<u16>(a, load<u64>(p)); break;
    case op.PSRLW_RI: r = shiftRight<u16>(a, load<u64>(pc + OP_IMM)); break;
    case op.PSRLD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSRLD_RR: r = shiftRight<u32>(a, load<u64>(p)); break;
    case op.PSRLD_RI: r = shiftRight<u32>(a, load<u64>(pc + OP_IMM)); break;
    case op.PSRLQ_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSRLQ_RR: r = shiftRight<u64>(a, load<u64>(p)); break;
    case op.PSRLQ_RI: r = shiftRight<u64>(a, load<u64>(pc + OP_IMM)); break;
    case op.PSRAW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSRAW_RR: r = shiftRightSigned<i16>(a, load<u64>(p)); break;
    case op.PSRAW_RI: r = shiftRightSigned<i16>(a, load<u64>(pc + OP_IMM)); break;
    case op.PSRAD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSRAD_RR: r = shiftRightSigned<i32>(a, load<u64>(p)); break;
    case op.PSRAD_RI: r = shiftRightSigned<i32>(a, load<u64>(pc + OP_IMM)); break;
    case op.PSLLDQ_RI: r = bytesFrom(cpu, i64x2(0, 0), a, 16 - min<u32>(load<u8>(pc + OP_IMM), 16)); break;
    case op.PSRLDQ_RI: r = bytesFrom(cpu, a, i64x2(0, 0), min<u32>(load<u8>(pc + OP_IMM), 16)); break;
    default: return unreachable();
  }
  v128.store(to, r);
  return OK;
}
