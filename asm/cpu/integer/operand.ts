// Operands of general instructions, so that register and memory forms share their code: an operand is an address in linear
// memory, either in the vCPU block or whatever access.ts answers.
import { DS, FLAG_OP, RFLAGS, SS } from "../../layout/cpu";
import {
  OP_DST, OP_IMM, OP_PREFIX, OP_SEG, OP_SRC, PFX_ADDRESS_SHIFT, PFX_SEGMENT,
} from "../../layout/op";
import { commit, modifyMemory, readMemory } from "../access";
import { GP, SS_FAULT } from "../exception";
import { CF, getFlags, OF } from "../flags";

/** Store a register operand: 32-bit results clear the upper half, smaller ones leave the rest. */
@inline
export function setRegister<T>(at: u32, value: T): void {
  if (sizeof<T>() == 4) store<u64>(at, <u64>(<u32>value));
  else store<T>(at, value);
}

/** The first operand, to be read and written back with `finish`; 0 when a fault was recorded. */
@inline
export function destination<T>(cpu: u32, pc: u32, memory: bool): u32 {
  return memory ? modifyMemory(cpu, pc, sizeof<T>()) : cpu + <u32>load<u16>(pc + OP_DST);
}

/** The result of an operand that `destination` gave. */
@inline
export function finish<T>(cpu: u32, at: u32, value: T, memory: bool): void {
  if (memory) {
    store<T>(at, value);
    commit(cpu, at);
  } else setRegister<T>(at, value);
}

/** The second operand where it is r/m; 0 when a fault was recorded. */
@inline
export function source<T>(cpu: u32, pc: u32, memory: bool): u32 {
  return memory ? readMemory(cpu, pc, sizeof<T>()) : cpu + <u32>load<u16>(pc + OP_SRC);
}

/** The only operand of an instruction that reads it; 0 when a fault was recorded. */
@inline
export function single<T>(cpu: u32, pc: u32, memory: bool): u32 {
  return memory ? readMemory(cpu, pc, sizeof<T>()) : cpu + <u32>load<u16>(pc + OP_DST);
}

/** Immediate, low 32 bits. */
@inline
export function immediate(pc: u32): u32 {
  return load<u32>(pc + OP_IMM);
}

/** Set CF and OF (0 or 1 each), the other flags stay. */
export function setCarryOverflow(cpu: u32, carry: u32, overflow: u32): void {
  store<u64>(cpu + RFLAGS, <u64>((getFlags(cpu) & ~(CF | OF)) | carry | (overflow << 11)));
  store<u32>(cpu + FLAG_OP, 0);
}

/** The most significant bit of a value. */
@inline
export function top<T>(value: T): u32 {
  return <u32>(<u64>value >> (sizeof<T>() * 8 - 1)) & 1;
}

/** The bit below the most significant one. */
@inline
export function second<T>(value: T): u32 {
  return <u32>(<u64>value >> (sizeof<T>() * 8 - 2)) & 1;
}

/** Mask of effective addresses and count registers in the operation's address size. */
@inline
export function addressMask(pc: u32): u64 {
  const width = (<u32>load<u16>(pc + OP_PREFIX) >> PFX_ADDRESS_SHIFT) & 3;
  return width == 2 ? ~(<u64>0) : width == 1 ? 0xffffffff : 0xffff;
}

/** Segment of an implied memory operand: DS, or what a prefix says. */
@inline
export function impliedSegment(pc: u32): u32 {
  return load<u16>(pc + OP_PREFIX) & PFX_SEGMENT ? <u32>load<u8>(pc + OP_SEG) : DS;
}

/** Vector of non-canonical addresses in a segment. */
@inline
export function segmentVector(segment: u32): u32 {
  return segment == SS ? SS_FAULT : GP;
}

/** Store a count or index register in an address size given by its mask. */
@inline
export function setMasked(at: u32, value: u64, mask: u64): void {
  if (mask == 0xffff) store<u16>(at, <u16>value);
  else store<u64>(at, value & mask);
}
