// What the operations' loop is made of: operands, arithmetic with its flags, memory and stack by the TLB's fast path.
// Everything is inlined into the generated interpreter (see tools/opcodes/hot.ts for the shapes).
import { RIP_BASE, RSP, TLB_ADDEND, TLB_READ, TLB_WRITE } from "../layout/cpu";
import {
  EA_FAST, OP_BASE, OP_DISP, OP_DST, OP_EA, OP_IMM, OP_INDEX, OP_PAGE_OFFSET, OP_SCALE, OP_SRC,
} from "../layout/op";
import { effectiveAddress, modifyMemory, readLinear, readMemory, writeLinear, writeMemory } from "./access";
import { SS_FAULT } from "./exception";
import {
  flagsAdc, flagsAdd, flagsDec, flagsInc, flagsLogic, flagsSbb, flagsSub, getCF, getOF, getPF, getSF, getZF,
} from "./flags";
import { tlbEntry } from "./tlb";

// ---- Operands

@inline
export function dst<T>(cpu: u32, pc: u32): T { return load<T>(cpu + load<u16>(pc, OP_DST)); }
@inline
export function src<T>(cpu: u32, pc: u32): T { return load<T>(cpu + load<u16>(pc, OP_SRC)); }
@inline
export function imm<T>(pc: u32): T { return load<T>(pc, OP_IMM); }

/** Write the first register operand; 32-bit values zero-extend. */
@inline
export function setDst<T>(cpu: u32, pc: u32, value: T): void {
  if (sizeof<T>() == 4) store<u64>(cpu + load<u16>(pc, OP_DST), <u64>value);
  else store<T>(cpu + load<u16>(pc, OP_DST), value);
}

// ---- Memory

/** Effective address of an EA_FAST operand. */
@inline
function fastAddress(cpu: u32, pc: u32): u64 {
  return load<u64>(cpu + load<u16>(pc, OP_BASE)) +
    (load<u64>(cpu + load<u16>(pc, OP_INDEX)) << load<u8>(pc, OP_SCALE)) + <u64><i64>load<i32>(pc, OP_DISP);
}

@inline
export function leaHot(cpu: u32, pc: u32): u64 {
  return load<u8>(pc, OP_EA) == EA_FAST ? fastAddress(cpu, pc) : effectiveAddress(cpu, pc);
}

/** Address of the operand's sizeof<T> readable bytes, 0 when a fault was recorded. */
@inline
export function readHot<T>(cpu: u32, pc: u32, tlb: u32): u32 {
  if (load<u8>(pc, OP_EA) == EA_FAST) {
    const va = fastAddress(cpu, pc);
    const entry = tlbEntry(tlb, va);
    if (((va + sizeof<T>() - 1) & ~0xfff) == load<u64>(entry, TLB_READ)) return <u32>(va + load<u64>(entry, TLB_ADDEND));
  }
  return readMemory(cpu, pc, sizeof<T>());
}

@inline
export function writeHot<T>(cpu: u32, pc: u32, tlb: u32): u32 {
  if (load<u8>(pc, OP_EA) == EA_FAST) {
    const va = fastAddress(cpu, pc);
    const entry = tlbEntry(tlb, va);
    if (((va + sizeof<T>() - 1) & ~0xfff) == load<u64>(entry, TLB_WRITE)) return <u32>(va + load<u64>(entry, TLB_ADDEND));
  }
  return writeMemory(cpu, pc, sizeof<T>());
}

@inline
export function modifyHot<T>(cpu: u32, pc: u32, tlb: u32): u32 {
  if (load<u8>(pc, OP_EA) == EA_FAST) {
    const va = fastAddress(cpu, pc);
    const entry = tlbEntry(tlb, va);
    if (((va + sizeof<T>() - 1) & ~0xfff) == load<u64>(entry, TLB_WRITE)) return <u32>(va + load<u64>(entry, TLB_ADDEND));
  }
  return modifyMemory(cpu, pc, sizeof<T>());
}

/** Address of the eight bytes below the stack pointer, to be written (64-bit mode). */
@inline
export function pushHot(cpu: u32, tlb: u32): u32 {
  return writeLinear(cpu, tlb, load<u64>(cpu, RSP) - 8, 8, SS_FAULT);
}

/** Address of the eight bytes at the stack pointer (64-bit mode). */
@inline
export function popHot(cpu: u32, tlb: u32): u32 {
  return readLinear(cpu, tlb, load<u64>(cpu, RSP), 8, SS_FAULT);
}

// ---- Control

/** Operations begin in the page of `pc` now, at instruction pointer `rip`. */
@inline
export function enter(cpu: u32, pc: u32, rip: u64): void {
  store<u64>(cpu, rip - load<u16>(pc, OP_PAGE_OFFSET), RIP_BASE);
}

// ---- Arithmetic: results, with flags noted

@inline
export function add<T>(cpu: u32, a: T, b: T): T { const r = <T>(a + b); flagsAdd<T>(cpu, a, r); return r; }
@inline
export function sub<T>(cpu: u32, a: T, b: T): T { const r = <T>(a - b); flagsSub<T>(cpu, a, r); return r; }
@inline
export function cmp<T>(cpu: u32, a: T, b: T): void { flagsSub<T>(cpu, a, <T>(a - b)); }
@inline
export function adc<T>(cpu: u32, a: T, b: T): T {
  const carry = getCF(cpu);
  const r = <T>(a + b + <T>carry);
  flagsAdc<T>(cpu, a, r, carry);
  return r;
}
@inline
export function sbb<T>(cpu: u32, a: T, b: T): T {
  const borrow = getCF(cpu);
  const r = <T>(a - b - <T>borrow);
  flagsSbb<T>(cpu, a, r, borrow);
  return r;
}
@inline
export function and<T>(cpu: u32, a: T, b: T): T { const r = <T>(a & b); flagsLogic<T>(cpu, r); return r; }
@inline
export function test<T>(cpu: u32, a: T, b: T): void { flagsLogic<T>(cpu, <T>(a & b)); }
@inline
export function or<T>(cpu: u32, a: T, b: T): T { const r = <T>(a | b); flagsLogic<T>(cpu, r); return r; }
@inline
export function xor<T>(cpu: u32, a: T, b: T): T { const r = <T>(a ^ b); flagsLogic<T>(cpu, r); return r; }
@inline
export function inc<T>(cpu: u32, a: T): T { const r = <T>(a + 1); flagsInc<T>(cpu, r); return r; }
@inline
export function dec<T>(cpu: u32, a: T): T { const r = <T>(a - 1); flagsDec<T>(cpu, r); return r; }
@inline
export function neg<T>(cpu: u32, a: T): T { const r = <T>(0 - a); flagsSub<T>(cpu, <T>0, r); return r; }
@inline
export function not<T>(cpu: u32, a: T): T { return <T>~a; }

// ---- Conditions (Intel SDM vol. 1, appendix B)

@inline
export function conditionO(cpu: u32): bool { return getOF(cpu) != 0; }
@inline
export function conditionNO(cpu: u32): bool { return getOF(cpu) == 0; }
@inline
export function conditionB(cpu: u32): bool { return getCF(cpu) != 0; }
@inline
export function conditionAE(cpu: u32): bool { return getCF(cpu) == 0; }
@inline
export function conditionE(cpu: u32): bool { return getZF(cpu) != 0; }
@inline
export function conditionNE(cpu: u32): bool { return getZF(cpu) == 0; }
@inline
export function conditionBE(cpu: u32): bool { return (getCF(cpu) | getZF(cpu)) != 0; }
@inline
export function conditionA(cpu: u32): bool { return (getCF(cpu) | getZF(cpu)) == 0; }
@inline
export function conditionS(cpu: u32): bool { return getSF(cpu) != 0; }
@inline
export function conditionNS(cpu: u32): bool { return getSF(cpu) == 0; }
@inline
export function conditionP(cpu: u32): bool { return getPF(cpu) != 0; }
@inline
export function conditionNP(cpu: u32): bool { return getPF(cpu) == 0; }
@inline
export function conditionL(cpu: u32): bool { return getSF(cpu) != getOF(cpu); }
@inline
export function conditionGE(cpu: u32): bool { return getSF(cpu) == getOF(cpu); }
@inline
export function conditionLE(cpu: u32): bool { return getZF(cpu) != 0 || getSF(cpu) != getOF(cpu); }
@inline
export function conditionG(cpu: u32): bool { return getZF(cpu) == 0 && getSF(cpu) == getOF(cpu); }
