// Rearranging lanes: unpack, pack, shuffle, blend, insert, extract, extend.
import * as op from "../../generated/ops";
import { FAULT, OK, XMM } from "../../layout/cpu";
import { OP_IMM } from "../../layout/op";
import { commit, readMemory, writeMemory } from "../access";
import { bytesFrom, interleaveHighBytes, interleaveLowBytes, interleaveLowWords, pick16 } from "./lanes";
import { RESULT } from "./mxcsr";
import { first, refuseSse, second, sseBlocked, vectorMemory } from "./operand";

export function execSseShuffle(cpu: u32, pc: u32, code: u32): u32 {
  if (sseBlocked(cpu)) return refuseSse(cpu);
  const to = first(cpu, pc);
  const a = v128.load(to);
  let p = second(cpu, pc);
  let r: v128;
  switch (code) {
    case op.UNPCKLPS_RM:
    case op.PUNPCKLDQ_RM:
      if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.UNPCKLPS_RR:
    case op.PUNPCKLDQ_RR:
      r = v128.shuffle<u32>(a, v128.load(p), 0, 4, 1, 5);
      break;
    case op.UNPCKHPS_RM:
    case op.PUNPCKHDQ_RM:
      if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.UNPCKHPS_RR:
    case op.PUNPCKHDQ_RR:
      r = v128.shuffle<u32>(a, v128.load(p), 2, 6, 3, 7);
      break;
    case op.UNPCKLPD_RM:
    case op.PUNPCKLQDQ_RM:
      if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.UNPCKLPD_RR:
    case op.PUNPCKLQDQ_RR:
      r = v128.shuffle<u64>(a, v128.load(p), 0, 2);
      break;
    case op.UNPCKHPD_RM:
    case op.PUNPCKHQDQ_RM:
      if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.UNPCKHPD_RR:
    case op.PUNPCKHQDQ_RR:
      r = v128.shuffle<u64>(a, v128.load(p), 1, 3);
      break;
    case op.PUNPCKLBW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PUNPCKLBW_RR: r = interleaveLowBytes(a, v128.load(p)); break;
    case op.PUNPCKHBW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PUNPCKHBW_RR: r = interleaveHighBytes(a, v128.load(p)); break;
    case op.PUNPCKLWD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PUNPCKLWD_RR: r = interleaveLowWords(a, v128.load(p)); break;
    case op.PUNPCKHWD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PUNPCKHWD_RR: r = v128.shuffle<u16>(a, v128.load(p), 4, 12, 5, 13, 6, 14, 7, 15); break;
    case op.PACKSSWB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PACKSSWB_RR: r = i8x16.narrow_i16x8_s(a, v128.load(p)); break;
    case op.PACKUSWB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PACKUSWB_RR: r = i8x16.narrow_i16x8_u(a, v128.load(p)); break;
    case op.PACKSSDW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PACKSSDW_RR: r = i16x8.narrow_i32x4_s(a, v128.load(p)); break;
    case op.PACKUSDW_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PACKUSDW_RR: r = i16x8.narrow_i32x4_u(a, v128.load(p)); break;
    case op.PSHUFD_RMI: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSHUFD_RRI: r = pick32(cpu, p, p, immediate(pc)); break;
    case op.SHUFPS_RMI: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.SHUFPS_RRI: r = pick32(cpu, to, p, immediate(pc)); break;
    case op.SHUFPD_RMI: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.SHUFPD_RRI: r = pick64(to, p, immediate(pc)); break;
    case op.PSHUFLW_RMI: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSHUFLW_RRI: r = pick16(cpu, p, 0, immediate(pc)); break;
    case op.PSHUFHW_RMI: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSHUFHW_RRI: r = pick16(cpu, p, 8, immediate(pc)); break;
    case op.PSHUFB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PSHUFB_RR: r = i8x16.swizzle(a, v128.and(v128.load(p), i8x16.splat(<i8>0x8f))); break;
    case op.PALIGNR_RMI: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PALIGNR_RRI: r = bytesFrom(cpu, v128.load(p), a, min<u32>(immediate(pc), 32)); break;
    case op.PBLENDVB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PBLENDVB_RR: r = v128.bitselect(v128.load(p), a, i8x16.shr_s(v128.load(cpu + XMM), 7)); break;
    case op.BLENDVPS_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.BLENDVPS_RR: r = v128.bitselect(v128.load(p), a, i32x4.shr_s(v128.load(cpu + XMM), 31)); break;
    case op.BLENDVPD_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.BLENDVPD_RR: r = v128.bitselect(v128.load(p), a, i64x2.shr_s(v128.load(cpu + XMM), 63)); break;
    case op.BLENDPS_RMI: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.BLENDPS_RRI: r = v128.bitselect(v128.load(p), a, chosen<u32>(immediate(pc))); break;
    case op.BLENDPD_RMI: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.BLENDPD_RRI: r = v128.bitselect(v128.load(p), a, chosen<u64>(immediate(pc))); break;
    case op.PBLENDW_RMI: if (!(p = vectorMemory(cpu, pc))) return FAULT;
    case op.PBLENDW_RRI: r = v128.bitselect(v128.load(p), a, chosen<u16>(immediate(pc))); break;
    default: return execExtend(cpu, pc, code, to, p);
  }
  v128.store(to, r);
  return OK;
}

/** PMOVSX, PMOVZX: memory operands are as wide as what is extended. */
function execExtend(cpu: u32, pc: u32, code: u32, to: u32, p: u32): u32 {
  let r: v128;
  switch (code) {
    case op.PMOVSXBW_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PMOVSXBW_RR: r = i16x8.extend_low_i8x16_s(v128.load64_zero(p)); break;
    case op.PMOVSXWD_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PMOVSXWD_RR: r = i32x4.extend_low_i16x8_s(v128.load64_zero(p)); break;
    case op.PMOVSXDQ_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PMOVSXDQ_RR: r = i64x2.extend_low_i32x4_s(v128.load64_zero(p)); break;
    case op.PMOVSXBD_RM: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.PMOVSXBD_RR: r = bytesTo32Signed(v128.load32_zero(p)); break;
    case op.PMOVSXWQ_RM: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.PMOVSXWQ_RR: r = i64x2.extend_low_i32x4_s(i32x4.extend_low_i16x8_s(v128.load32_zero(p))); break;
    case op.PMOVSXBQ_RM: if (!(p = readMemory(cpu, pc, 2))) return FAULT;
    case op.PMOVSXBQ_RR: r = i64x2.extend_low_i32x4_s(bytesTo32Signed(v128.load32_zero(p))); break;
    case op.PMOVZXBW_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PMOVZXBW_RR: r = i16x8.extend_low_i8x16_u(v128.load64_zero(p)); break;
    case op.PMOVZXWD_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PMOVZXWD_RR: r = i32x4.extend_low_i16x8_u(v128.load64_zero(p)); break;
    case op.PMOVZXDQ_RM: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PMOVZXDQ_RR: r = i64x2.extend_low_i32x4_u(v128.load64_zero(p)); break;
    case op.PMOVZXBD_RM: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.PMOVZXBD_RR: r = bytesTo32(v128.load32_zero(p)); break;
    case op.PMOVZXWQ_RM: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.PMOVZXWQ_RR: r = i64x2.extend_low_i32x4_u(i32x4.extend_low_i16x8_u(v128.load32_zero(p))); break;
    case op.PMOVZXBQ_RM: if (!(p = readMemory(cpu, pc, 2))) return FAULT;
    case op.PMOVZXBQ_RR: r = i64x2.extend_low_i32x4_u(bytesTo32(v128.load32_zero(p))); break;
    default: return execElement(cpu, pc, code, to, p);
  }
  v128.store(to, r);
  return OK;
}

/** Insertion and extraction of one element; the immediate counts modulo the number of elements. */
function execElement(cpu: u32, pc: u32, code: u32, to: u32, p: u32): u32 {
  const choice = immediate(pc);
  switch (code) {
    case op.PINSRB_RMI: if (!(p = readMemory(cpu, pc, 1))) return FAULT;
    case op.PINSRB_RRI: store<u8>(to + (choice & 15), load<u8>(p)); return OK;
    case op.PINSRW_RMI: if (!(p = readMemory(cpu, pc, 2))) return FAULT;
    case op.PINSRW_RRI: store<u16>(to + (choice & 7) * 2, load<u16>(p)); return OK;
    case op.PINSRD_RMI_32: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.PINSRD_RRI_32: store<u32>(to + (choice & 3) * 4, load<u32>(p)); return OK;
    case op.PINSRD_RMI_64: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.PINSRD_RRI_64: store<u64>(to + (choice & 1) * 8, load<u64>(p)); return OK;
    case op.PEXTRB_RRI: store<u64>(to, load<u8>(p + (choice & 15))); return OK;
    case op.PEXTRB_MRI: return extract(cpu, pc, p + (choice & 15), 1);
    case op.PEXTRW_RRI:
    case op.PEXTRW_RRI_32:
      store<u64>(to, load<u16>(p + (choice & 7) * 2));
      return OK;
    case op.PEXTRW_MRI: return extract(cpu, pc, p + (choice & 7) * 2, 2);
    case op.PEXTRD_RRI_32:
    case op.EXTRACTPS_RRI:
      store<u64>(to, load<u32>(p + (choice & 3) * 4));
      return OK;
    case op.PEXTRD_MRI_32:
    case op.EXTRACTPS_MRI:
      return extract(cpu, pc, p + (choice & 3) * 4, 4);
    case op.PEXTRD_RRI_64: store<u64>(to, load<u64>(p + (choice & 1) * 8)); return OK;
    case op.PEXTRD_MRI_64: return extract(cpu, pc, p + (choice & 1) * 8, 8);
    case op.INSERTPS_RMI:
      if (!(p = readMemory(cpu, pc, 4))) return FAULT;
      return insertSingle(to, load<u32>(p), choice);
    case op.INSERTPS_RRI: return insertSingle(to, load<u32>(p + (choice >> 6) * 4), choice);
    default: return unreachable();
  }
}

@inline
function immediate(pc: u32): u32 {
  return load<u8>(pc + OP_IMM);
}

/** Two lanes of `a`, then two of `b`, each named by two bits. */
function pick32(cpu: u32, a: u32, b: u32, choice: u32): v128 {
  const r = cpu + RESULT;
  store<u32>(r, load<u32>(a + (choice & 3) * 4));
  store<u32>(r + 4, load<u32>(a + ((choice >> 2) & 3) * 4));
  store<u32>(r + 8, load<u32>(b + ((choice >> 4) & 3) * 4));
  store<u32>(r + 12, load<u32>(b + ((choice >> 6) & 3) * 4));
  return v128.load(r);
}

@inline
function pick64(a: u32, b: u32, choice: u32): v128 {
  return i64x2.replace_lane(v128.load64_zero(a + (choice & 1) * 8), 1, load<i64>(b + ((choice >> 1) & 1) * 8));
}

/** All ones in the lanes whose bit is set. */
@inline
function chosen<T>(bits: u32): v128 {
  if (sizeof<T>() == 2) {
    return i16x8.ne(v128.and(i16x8.splat(<i16>bits), i16x8(1, 2, 4, 8, 16, 32, 64, 128)), i16x8.splat(0));
  }
  if (sizeof<T>() == 4) return i32x4.ne(v128.and(i32x4.splat(bits), i32x4(1, 2, 4, 8)), i32x4.splat(0));
  return i64x2.ne(v128.and(i64x2.splat(bits), i64x2(1, 2)), i64x2.splat(0));
}

@inline
function bytesTo32(x: v128): v128 {
  return i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(x));
}

@inline
function bytesTo32Signed(x: v128): v128 {
  return i32x4.extend_low_i16x8_s(i16x8.extend_low_i8x16_s(x));
}

function extract(cpu: u32, pc: u32, from: u32, bytes: u32): u32 {
  const at = writeMemory(cpu, pc, bytes);
  if (!at) return FAULT;
  memory.copy(at, from, bytes);
  commit(cpu, at);
  return OK;
}

/** INSERTPS: bits 4–5 name the lane, bits 0–3 the lanes to zero afterwards. */
function insertSingle(to: u32, value: u32, choice: u32): u32 {
  store<u32>(to + ((choice >> 4) & 3) * 4, value);
  v128.store(to, v128.andnot(v128.load(to), chosen<u32>(choice & 15)));
  return OK;
}
