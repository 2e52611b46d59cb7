// PCMPxSTRx: string comparison (Intel SDM vol. 2, 4.1 "Imm8 control byte operation for PCMPxSTRx").
import * as op from "../../generated/ops";
import { FAULT, OK, RAX, RCX, RDX, XMM } from "../../layout/cpu";
import { OP_IMM, OP_PREFIX, PFX_REX_W } from "../../layout/op";
import { readMemory } from "../access";
import { CF, OF, setArithmetic, SF, ZF } from "../flags";
import { first, refuseSse, second, sseBlocked } from "./operand";

/**
 * The immediate: elements are words; elements are signed; inversion, of valid elements only; the upper index, or a mask of
 * whole elements. Bits 2–3 name the comparison.
 */
const WORDS: u32 = 1;
const SIGNED: u32 = 2;
const NEGATE: u32 = 0x10;
const NEGATE_VALID_ONLY: u32 = 0x20;
const LAST_OR_MASK: u32 = 0x40;
const EQUAL_ANY: u32 = 0;
const RANGES: u32 = 1;
const EQUAL_EACH: u32 = 2;

export function execSseString(cpu: u32, pc: u32, code: u32): u32 {
  if (sseBlocked(cpu)) return refuseSse(cpu);
  const a = first(cpu, pc);
  let p = second(cpu, pc);
  switch (code) {
    case op.PCMPESTRI_RMI: if (!(p = readMemory(cpu, pc, 16))) return FAULT;
    case op.PCMPESTRI_RRI: return compare(cpu, pc, a, p, true, false);
    case op.PCMPESTRM_RMI: if (!(p = readMemory(cpu, pc, 16))) return FAULT;
    case op.PCMPESTRM_RRI: return compare(cpu, pc, a, p, true, true);
    case op.PCMPISTRI_RMI: if (!(p = readMemory(cpu, pc, 16))) return FAULT;
    case op.PCMPISTRI_RRI: return compare(cpu, pc, a, p, false, false);
    case op.PCMPISTRM_RMI: if (!(p = readMemory(cpu, pc, 16))) return FAULT;
    case op.PCMPISTRM_RRI: return compare(cpu, pc, a, p, false, true);
    default: return unreachable();
  }
}

function compare(cpu: u32, pc: u32, a: u32, b: u32, explicit: bool, toMask: bool): u32 {
  const control = <u32>load<u8>(pc + OP_IMM);
  const count: u32 = control & WORDS ? 8 : 16;
  const wide = (load<u16>(pc + OP_PREFIX) & PFX_REX_W) != 0;
  const lengthA = explicit ? explicitLength(load<i64>(cpu + RAX), wide, count) : implicitLength(a, control);
  const lengthB = explicit ? explicitLength(load<i64>(cpu + RDX), wide, count) : implicitLength(b, control);
  const all = (<u32>1 << count) - 1;
  const valid = (<u32>1 << lengthB) - 1;
  let matches = aggregate(a, lengthA, v128.load(b), valid, control, all);
  if (control & NEGATE) matches ^= control & NEGATE_VALID_ONLY ? valid : all;
  if (toMask) {
    v128.store(cpu + XMM, control & LAST_OR_MASK ? spread(matches, control) : i32x4(<i32>matches, 0, 0, 0));
  } else {
    const index = matches == 0 ? count : control & LAST_OR_MASK ? 31 - clz<u32>(matches) : ctz<u32>(matches);
    store<u64>(cpu + RCX, index);
  }
  setArithmetic(
    cpu,
    (matches ? CF : 0) | (lengthB < count ? ZF : 0) | (lengthA < count ? SF : 0) | (matches & 1 ? OF : 0),
  );
  return OK;
}

/** |EAX| or |EDX| (RAX, RDX with REX.W), at most the number of elements. */
function explicitLength(register: i64, wide: bool, count: u32): u32 {
  const length = wide ? register : <i64>(<i32>register);
  const size = <u64>(length < 0 ? 0 - length : length);
  return size < count ? <u32>size : count;
}

/** Elements before the first 0. */
function implicitLength(p: u32, control: u32): u32 {
  const zeros = control & WORDS
    ? i16x8.bitmask(i16x8.eq(v128.load(p), i16x8.splat(0))) | 0x100
    : i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(0))) | 0x10000;
  return ctz<u32>(zeros);
}

/** IntRes1: a bit for each element of `b`. Elements beyond a string's end match as table 4-7 says. */
function aggregate(p: u32, lengthA: u32, b: v128, validB: u32, control: u32, all: u32): u32 {
  let matches: u32 = 0;
  switch ((control >> 2) & 3) {
    case EQUAL_ANY:
      for (let i: u32 = 0; i < lengthA; i++) matches |= equal(element(p, i, control), b, control);
      return matches & validB;
    case RANGES:
      for (let i: u32 = 0; i + 1 < lengthA; i += 2) {
        matches |= notBelow(b, element(p, i, control), control) & notBelow(element(p, i + 1, control), b, control);
      }
      return matches & validB;
    case EQUAL_EACH: {
      const validA = (<u32>1 << lengthA) - 1;
      return (equal(v128.load(p), b, control) & validA & validB) | (all & ~(validA | validB));
    }
    default:
      // Equal ordered: the string at `p` begins here. What would lie beyond the vector's end counts as found.
      matches = all;
      for (let i: u32 = 0; i < lengthA; i++) {
        matches &= ((equal(element(p, i, control), b, control) & validB) >> i) | ~(all >> i);
      }
      return matches;
  }
}

/** One element of a string, in all lanes. */
@inline
function element(p: u32, index: u32, control: u32): v128 {
  return control & WORDS ? v128.load16_splat(p + index * 2) : v128.load8_splat(p + index);
}

@inline
function equal(a: v128, b: v128, control: u32): u32 {
  return control & WORDS ? i16x8.bitmask(i16x8.eq(a, b)) : i8x16.bitmask(i8x16.eq(a, b));
}

/** a ≥ b */
@inline
function notBelow(a: v128, b: v128, control: u32): u32 {
  switch (control & (WORDS | SIGNED)) {
    case 0: return i8x16.bitmask(i8x16.ge_u(a, b));
    case WORDS: return i16x8.bitmask(i16x8.ge_u(a, b));
    case SIGNED: return i8x16.bitmask(i8x16.ge_s(a, b));
    default: return i16x8.bitmask(i16x8.ge_s(a, b));
  }
}

/** A byte or word of ones for each bit. */
function spread(bits: u32, control: u32): v128 {
  if (control & WORDS) {
    return i16x8.ne(v128.and(i16x8.splat(<i16>bits), i16x8(1, 2, 4, 8, 16, 32, 64, 128)), i16x8.splat(0));
  }
  const halves = v128.shuffle<u8>(i16x8.splat(<i16>bits), i64x2(0, 0), 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
  return i8x16.ne(v128.and(halves, i64x2.splat(0x8040201008040201)), i8x16.splat(0));
}
