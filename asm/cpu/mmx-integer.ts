// MMX arithmetic, comparison, logic, shifts and shuffles: the lanes of SSE's, in the lower half of a vector.
import * as op from "../generated/ops";
import { FAULT, OK } from "../layout/cpu";
import { OP_IMM } from "../layout/op";
import { readMemory } from "./access";
import {
  bytesFrom, evenDwords, evenWords, giveSign, interleaveLowBytes, interleaveLowWords, mulAddBytes, mulEvenUnsigned,
  mulHigh, mulHighRounded, mulHighUnsigned, oddDwords, oddWords, pick16, shiftLeft, shiftRight, shiftRightSigned,
  sumOfDifferences,
} from "./sse/lanes";
import { enterMmx, putMmx } from "./sse/operand";

/** Executed by `execMmx` when it is none of the moves: `to` and `p` are the operands' registers. */
export function execMmxInteger(cpu: u32, pc: u32, code: u32, to: u32, p: u32): u32 {
  const a = low(to);
  let pair: v128;
  let r: v128;
  switch (code) {
    case op.PAND_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PAND_RR_MMX: r = v128.and(a, low(p)); break;
    case op.PANDN_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PANDN_RR_MMX: r = v128.andnot(low(p), a); break;
    case op.POR_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.POR_RR_MMX: r = v128.or(a, low(p)); break;
    case op.PXOR_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PXOR_RR_MMX: r = v128.xor(a, low(p)); break;
    case op.PADDB_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PADDB_RR_MMX: r = i8x16.add(a, low(p)); break;
    case op.PADDW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PADDW_RR_MMX: r = i16x8.add(a, low(p)); break;
    case op.PADDD_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PADDD_RR_MMX: r = i32x4.add(a, low(p)); break;
    case op.PADDQ_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PADDQ_RR_MMX: r = i64x2.add(a, low(p)); break;
    case op.PSUBB_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSUBB_RR_MMX: r = i8x16.sub(a, low(p)); break;
    case op.PSUBW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSUBW_RR_MMX: r = i16x8.sub(a, low(p)); break;
    case op.PSUBD_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSUBD_RR_MMX: r = i32x4.sub(a, low(p)); break;
    case op.PSUBQ_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSUBQ_RR_MMX: r = i64x2.sub(a, low(p)); break;
    case op.PADDSB_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PADDSB_RR_MMX: r = i8x16.add_sat_s(a, low(p)); break;
    case op.PADDSW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PADDSW_RR_MMX: r = i16x8.add_sat_s(a, low(p)); break;
    case op.PADDUSB_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PADDUSB_RR_MMX: r = i8x16.add_sat_u(a, low(p)); break;
    case op.PADDUSW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PADDUSW_RR_MMX: r = i16x8.add_sat_u(a, low(p)); break;
    case op.PSUBSB_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSUBSB_RR_MMX: r = i8x16.sub_sat_s(a, low(p)); break;
    case op.PSUBSW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSUBSW_RR_MMX: r = i16x8.sub_sat_s(a, low(p)); break;
    case op.PSUBUSB_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSUBUSB_RR_MMX: r = i8x16.sub_sat_u(a, low(p)); break;
    case op.PSUBUSW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSUBUSW_RR_MMX: r = i16x8.sub_sat_u(a, low(p)); break;
    case op.PCMPEQB_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PCMPEQB_RR_MMX: r = i8x16.eq(a, low(p)); break;
    case op.PCMPEQW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PCMPEQW_RR_MMX: r = i16x8.eq(a, low(p)); break;
    case op.PCMPEQD_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PCMPEQD_RR_MMX: r = i32x4.eq(a, low(p)); break;
    case op.PCMPGTB_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PCMPGTB_RR_MMX: r = i8x16.gt_s(a, low(p)); break;
    case op.PCMPGTW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PCMPGTW_RR_MMX: r = i16x8.gt_s(a, low(p)); break;
    case op.PCMPGTD_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PCMPGTD_RR_MMX: r = i32x4.gt_s(a, low(p)); break;
    case op.PMINUB_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PMINUB_RR_MMX: r = i8x16.min_u(a, low(p)); break;
    case op.PMINSW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PMINSW_RR_MMX: r = i16x8.min_s(a, low(p)); break;
    case op.PMAXUB_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PMAXUB_RR_MMX: r = i8x16.max_u(a, low(p)); break;
    case op.PMAXSW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PMAXSW_RR_MMX: r = i16x8.max_s(a, low(p)); break;
    case op.PAVGB_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PAVGB_RR_MMX: r = i8x16.avgr_u(a, low(p)); break;
    case op.PAVGW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PAVGW_RR_MMX: r = i16x8.avgr_u(a, low(p)); break;
    case op.PMULLW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PMULLW_RR_MMX: r = i16x8.mul(a, low(p)); break;
    case op.PMULHW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PMULHW_RR_MMX: r = mulHigh(a, low(p)); break;
    case op.PMULHUW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PMULHUW_RR_MMX: r = mulHighUnsigned(a, low(p)); break;
    case op.PMULUDQ_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PMULUDQ_RR_MMX: r = mulEvenUnsigned(a, low(p)); break;
    case op.PMADDWD_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PMADDWD_RR_MMX: r = i32x4.dot_i16x8_s(a, low(p)); break;
    case op.PSADBW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSADBW_RR_MMX: r = sumOfDifferences(a, low(p)); break;
    case op.PABSB_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PABSB_RR_MMX: r = i8x16.abs(low(p)); break;
    case op.PABSW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PABSW_RR_MMX: r = i16x8.abs(low(p)); break;
    case op.PABSD_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PABSD_RR_MMX: r = i32x4.abs(low(p)); break;
    case op.PSIGNB_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSIGNB_RR_MMX: r = giveSign<i8>(a, low(p)); break;
    case op.PSIGNW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSIGNW_RR_MMX: r = giveSign<i16>(a, low(p)); break;
    case op.PSIGND_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSIGND_RR_MMX: r = giveSign<i32>(a, low(p)); break;
    case op.PMADDUBSW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PMADDUBSW_RR_MMX: r = mulAddBytes(a, low(p)); break;
    case op.PMULHRSW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PMULHRSW_RR_MMX: r = mulHighRounded(a, low(p)); break;
    case op.PHADDW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PHADDW_RR_MMX: pair = both(a, p); r = i16x8.add(evenWords(pair, pair), oddWords(pair, pair)); break;
    case op.PHADDSW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PHADDSW_RR_MMX: pair = both(a, p); r = i16x8.add_sat_s(evenWords(pair, pair), oddWords(pair, pair)); break;
    case op.PHSUBW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PHSUBW_RR_MMX: pair = both(a, p); r = i16x8.sub(evenWords(pair, pair), oddWords(pair, pair)); break;
    case op.PHSUBSW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PHSUBSW_RR_MMX: pair = both(a, p); r = i16x8.sub_sat_s(evenWords(pair, pair), oddWords(pair, pair)); break;
    case op.PHADDD_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PHADDD_RR_MMX: pair = both(a, p); r = i32x4.add(evenDwords(pair, pair), oddDwords(pair, pair)); break;
    case op.PHSUBD_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PHSUBD_RR_MMX: pair = both(a, p); r = i32x4.sub(evenDwords(pair, pair), oddDwords(pair, pair)); break;
    case op.PUNPCKLBW_RM_MMX: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.PUNPCKLBW_RR_MMX: r = interleaveLowBytes(a, low(p)); break;
    case op.PUNPCKLWD_RM_MMX: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.PUNPCKLWD_RR_MMX: r = interleaveLowWords(a, low(p)); break;
    case op.PUNPCKLDQ_RM_MMX: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.PUNPCKLDQ_RR_MMX: r = v128.shuffle<u32>(a, low(p), 0, 4, 1, 5); break;
    case op.PUNPCKHBW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PUNPCKHBW_RR_MMX: r = upper(interleaveLowBytes(a, low(p))); break;
    case op.PUNPCKHWD_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PUNPCKHWD_RR_MMX: r = upper(interleaveLowWords(a, low(p))); break;
    case op.PUNPCKHDQ_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PUNPCKHDQ_RR_MMX: r = upper(v128.shuffle<u32>(a, low(p), 0, 4, 1, 5)); break;
    case op.PACKSSWB_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PACKSSWB_RR_MMX: pair = both(a, p); r = i8x16.narrow_i16x8_s(pair, pair); break;
    case op.PACKUSWB_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PACKUSWB_RR_MMX: pair = both(a, p); r = i8x16.narrow_i16x8_u(pair, pair); break;
    case op.PACKSSDW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PACKSSDW_RR_MMX: pair = both(a, p); r = i16x8.narrow_i32x4_s(pair, pair); break;
    case op.PSHUFB_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSHUFB_RR_MMX: r = i8x16.swizzle(a, v128.and(low(p), i8x16.splat(<i8>0x87))); break;
    case op.PSHUFW_RMI_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSHUFW_RRI_MMX: r = pick16(cpu, p, 0, load<u8>(pc + OP_IMM)); break;
    case op.PALIGNR_RMI_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PALIGNR_RRI_MMX:
      pair = i64x2.replace_lane(low(p), 1, load<i64>(to));
      r = bytesFrom(cpu, pair, i64x2(0, 0), min<u32>(load<u8>(pc + OP_IMM), 16));
      break;
    case op.PSLLW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSLLW_RR_MMX: r = shiftLeft<u16>(a, load<u64>(p)); break;
    case op.PSLLW_RI_MMX: r = shiftLeft<u16>(a, load<u64>(pc + OP_IMM)); break;
    case op.PSLLD_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSLLD_RR_MMX: r = shiftLeft<u32>(a, load<u64>(p)); break;
    case op.PSLLD_RI_MMX: r = shiftLeft<u32>(a, load<u64>(pc + OP_IMM)); break;
    case op.PSLLQ_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSLLQ_RR_MMX: r = shiftLeft<u64>(a, load<u64>(p)); break;
    case op.PSLLQ_RI_MMX: r = shiftLeft<u64>(a, load<u64>(pc + OP_IMM)); break;
    case op.PSRLW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSRLW_RR_MMX: r = shiftRight<u16>(a, load<u64>(p)); break;
    case op.PSRLW_RI_MMX: r = shiftRight<u16>(a, load<u64>(pc + OP_IMM)); break;
    case op.PSRLD_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSRLD_RR_MMX: r = shiftRight<u32>(a, load<u64>(p)); break;
    case op.PSRLD_RI_MMX: r = shiftRight<u32>(a, load<u64>(pc + OP_IMM)); break;
    case op.PSRLQ_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSRLQ_RR_MMX: r = shiftRight<u64>(a, load<u64>(p)); break;
    case op.PSRLQ_RI_MMX: r = shiftRight<u64>(a, load<u64>(pc + OP_IMM)); break;
    case op.PSRAW_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSRAW_RR_MMX: r = shiftRightSigned<i16>(a, load<u64>(p)); break;
    case op.PSRAW_RI_MMX: r = shiftRightSigned<i16>(a, load<u64>(pc + OP_IMM)); break;
    case op.PSRAD_RM_MMX: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PSRAD_RR_MMX: r = shiftRightSigned<i32>(a, load<u64>(p)); break;
    case op.PSRAD_RI_MMX: r = shiftRightSigned<i32>(a, load<u64>(pc + OP_IMM)); break;
    default: return unreachable();
  }
  enterMmx(cpu);
  putMmx(to, i64x2.extract_lane(r, 0));
  return OK;
}

@inline
function low(p: u32): v128 {
  return v128.load64_zero(p);
}

@inline
function upper(x: v128): v128 {
  return v128.shuffle<u64>(x, x, 1, 1);
}

/** `a` below the eight bytes at `p`. */
@inline
function both(a: v128, p: u32): v128 {
  return i64x2.replace_lane(a, 1, load<i64>(p));
}
