// Single bits, bit scans and byte order. A register bit offset with a memory operand addresses a bit string: it is signed
// and reaches beyond the operand (Intel SDM vol. 1, 3.1.1.9 "bit(base, offset)").
import { FAULT, OK, TLB_NOW } from "../../layout/cpu";
import { EA_FLAT32, OP_DST, OP_EA, OP_IMM, OP_SEG, OP_SRC } from "../../layout/op";
import { commit, effectiveAddress, modifyLinear, operandVector, readLinear } from "../access";
import { PF, setArithmetic, setBitTested, ZF } from "../flags";
import { NOWHERE } from "../linear";
import { segmentAddress } from "../segment-check";
import { addressMask, setRegister, source } from "./operand";

export const BT: u32 = 0;
export const BTS: u32 = 1;
export const BTR: u32 = 2;
export const BTC: u32 = 3;

/** Linear address of the memory operand moved by `displacement` bytes; NOWHERE when a fault was recorded. */
function displacedLinear(cpu: u32, pc: u32, displacement: i64, size: u32, write: bool): u64 {
  const ea = (effectiveAddress(cpu, pc) + <u64>displacement) & addressMask(pc);
  if (load<u8>(pc + OP_EA) == EA_FLAT32) return ea;
  return segmentAddress(cpu, load<u8>(pc + OP_SEG), ea, size, write);
}

/** The value with its bit tested into CF and changed as `kind` says. */
@inline
export function changeBit<T>(cpu: u32, kind: u32, value: T, bit: u32): T {
  setBitTested(cpu, <u32>(value >> <T>bit) & 1);
  const mask = <T>1 << <T>bit;
  switch (kind) {
    case BTS: return value | mask;
    case BTR: return value & ~mask;
    case BTC: return value ^ mask;
    default: return value;
  }
}

/** BT and the like on a register. */
export function bitInRegister<T>(cpu: u32, pc: u32, kind: u32, offset: u32): u32 {
  const at = cpu + <u32>load<u16>(pc + OP_DST);
  const result = changeBit<T>(cpu, kind, load<T>(at), offset & (sizeof<T>() * 8 - 1));
  // BT leaves its operand, and so the upper half of a 32-bit one, alone.
  if (kind != BT) setRegister<T>(at, result);
  return OK;
}

/** BT and the like on memory with a bit offset that may lie outside the operand. */
export function bitInMemory<T>(cpu: u32, pc: u32, kind: u32, offset: i64): u32 {
  const bits = <i64>(sizeof<T>() * 8);
  const displacement = (offset & ~(bits - 1)) >> 3;
  const va = displacedLinear(cpu, pc, displacement, sizeof<T>(), kind != BT);
  if (va == NOWHERE) return FAULT;
  const tlb = load<u32>(cpu + TLB_NOW);
  const vector = operandVector(cpu, pc);
  const at = kind == BT
    ? readLinear(cpu, tlb, va, sizeof<T>(), vector)
    : modifyLinear(cpu, tlb, va, sizeof<T>(), vector);
  if (!at) return FAULT;
  const result = changeBit<T>(cpu, kind, load<T>(at), <u32>(offset & (bits - 1)));
  if (kind != BT) {
    store<T>(at, result);
    commit(cpu, at);
  }
  return OK;
}

/** Bit offset in a register: signed, of the operand's size. */
@inline
export function registerOffset<T>(cpu: u32, pc: u32): i64 {
  return <i64>load<T>(cpu + <u32>load<u16>(pc + OP_SRC));
}

/** Bit offset in an immediate: always inside the operand. */
@inline
export function immediateOffset<T>(pc: u32): u32 {
  return <u32>load<u8>(pc + OP_IMM) & (sizeof<T>() * 8 - 1);
}

/**
 * BSF and BSR: index of the lowest or highest 1 bit. A source of 0 sets ZF and leaves the destination, all 64 bits of it,
 * alone (AMD APM vol. 3). The undefined flags are as on Zen 4: PF that of the index, the rest 0.
 */
export function scanBits<T>(cpu: u32, pc: u32, forward: bool, memory: bool): u32 {
  const from = source<T>(cpu, pc, memory);
  if (!from) return FAULT;
  const value = load<T>(from);
  if (value == 0) {
    setArithmetic(cpu, ZF | PF);
    return OK;
  }
  const index = forward ? <u32>ctz<u64>(<u64>value) : 63 - <u32>clz<u64>(<u64>value);
  setRegister<T>(cpu + <u32>load<u16>(pc + OP_DST), <T>index);
  setArithmetic(cpu, popcnt<u32>(index) & 1 ? 0 : PF);
  return OK;
}

/** BSWAP; with a 16-bit operand, which is undefined, the result is 0. */
export function swapBytes<T>(cpu: u32, pc: u32): u32 {
  const at = cpu + <u32>load<u16>(pc + OP_DST);
  setRegister<T>(at, sizeof<T>() == 2 ? <T>0 : bswap<T>(load<T>(at)));
  return OK;
}
