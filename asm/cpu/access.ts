// Memory as operations see it. Reads and writes answer with an address in linear memory: usually guest RAM itself; for
// accesses that cross a page or reach a device, the bounce buffer. 0 means that a fault was recorded and nothing done.
//
//   const p = readMemory(cpu, pc, 16);           if (!p) return FAULT;  … load from p …
//   const p = writeMemory(cpu, pc, 16);          if (!p) return FAULT;  … store all 16 bytes to p …  commit(cpu, p);
//   const p = modifyMemory(cpu, pc, 4);          if (!p) return FAULT;  … load, then store to p …    commit(cpu, p);
//
// Both pages of a crossing are checked before anything is written (Intel SDM vol. 3, 6.5 "faults").
import {
  BOUNCE, COMMIT_GPA0, COMMIT_GPA1, COMMIT_SIZE, COMMIT_SPLIT, MODE, MODE_LONG64, RIP_BASE, TLB, TLB_ADDEND, TLB_NOW,
  TLB_READ, TLB_WRITE, SS,
} from "../layout/cpu";
import {
  EA_ABSOLUTE, EA_FLAT32, EA_GENERAL, OP_BASE, OP_DISP, OP_EA, OP_IMM, OP_INDEX, OP_LEN, OP_PAGE_OFFSET, OP_PREFIX,
  OP_SCALE, OP_SEG, PFX_ADDRESS_SHIFT,
} from "../layout/op";
import { RAM_BASE_MIN } from "../layout/memory";
import { codeWritten } from "./code-pages";
import { noteAccess } from "./debug";
import { GP, SS_FAULT } from "./exception";
import { canonical, nonCanonical, NOWHERE, READ, WRITE, wrapLinear } from "./linear";
import { translate } from "./mmu";
import { physRead, physWrite, ramPointer } from "./phys";
import { segmentAddress } from "./segment-check";
import { tlbEntry } from "./tlb";

/** `size` readable bytes at linear address `va`. `vector` is what a non-canonical address raises (GP or SS_FAULT). */
@inline
export function readLinear(cpu: u32, tlb: u32, va: u64, size: u32, vector: u32): u32 {
  const entry = tlbEntry(tlb, va);
  if (((va + size - 1) & ~0xfff) == load<u64>(entry, TLB_READ)) return <u32>(va + load<u64>(entry, TLB_ADDEND));
  return readSlow(cpu, tlb, va, size, vector);
}

/** `size` bytes at `va` to be overwritten whole; finish with `commit`. */
@inline
export function writeLinear(cpu: u32, tlb: u32, va: u64, size: u32, vector: u32): u32 {
  const entry = tlbEntry(tlb, va);
  if (((va + size - 1) & ~0xfff) == load<u64>(entry, TLB_WRITE)) return <u32>(va + load<u64>(entry, TLB_ADDEND));
  return writeSlow(cpu, tlb, va, size, false, vector);
}

/** `size` bytes at `va` to be read and written back; finish with `commit`. */
@inline
export function modifyLinear(cpu: u32, tlb: u32, va: u64, size: u32, vector: u32): u32 {
  const entry = tlbEntry(tlb, va);
  if (((va + size - 1) & ~0xfff) == load<u64>(entry, TLB_WRITE)) return <u32>(va + load<u64>(entry, TLB_ADDEND));
  return writeSlow(cpu, tlb, va, size, true, vector);
}

/** Bytes of an access that lie in its first page. */
@inline
function split(va: u64, size: u32): u32 {
  const room: u32 = 0x1000 - (<u32>va & 0xfff);
  return room < size ? room : size;
}

export function readSlow(cpu: u32, tlb: u32, va: u64, size: u32, vector: u32): u32 {
  const user = tlb != cpu + TLB;
  if (!checkCanonical(cpu, va, size, vector)) return 0;
  const gpa = translate(cpu, va, READ, user);
  if (gpa == NOWHERE) return 0;
  noteAccess(cpu, va, size, false);
  const first = split(va, size);
  if (first == size) {
    const at = ramPointer(cpu, gpa, size);
    if (at) return at;
    physRead(cpu, gpa, cpu + BOUNCE, size);
    return cpu + BOUNCE;
  }
  const second = translate(cpu, wrapLinear(cpu, va + first), READ, user);
  if (second == NOWHERE) return 0;
  physRead(cpu, gpa, cpu + BOUNCE, first);
  physRead(cpu, second, cpu + BOUNCE + first, size - first);
  return cpu + BOUNCE;
}

export function writeSlow(cpu: u32, tlb: u32, va: u64, size: u32, modify: bool, vector: u32): u32 {
  const user = tlb != cpu + TLB;
  if (!checkCanonical(cpu, va, size, vector)) return 0;
  const gpa = translate(cpu, va, WRITE, user);
  if (gpa == NOWHERE) return 0;
  noteAccess(cpu, va, size, true);
  const first = split(va, size);
  if (first == size) {
    const at = ramPointer(cpu, gpa, size);
    if (at) {
      codeWritten(cpu, at, size);
      return at;
    }
  }
  let second: u64 = 0;
  if (first != size) {
    second = translate(cpu, wrapLinear(cpu, va + first), WRITE, user);
    if (second == NOWHERE) return 0;
  }
  if (modify) {
    physRead(cpu, gpa, cpu + BOUNCE, first);
    if (first != size) physRead(cpu, second, cpu + BOUNCE + first, size - first);
  }
  store<u32>(cpu, size, COMMIT_SIZE);
  store<u32>(cpu, first, COMMIT_SPLIT);
  store<u64>(cpu, gpa, COMMIT_GPA0);
  store<u64>(cpu, second, COMMIT_GPA1);
  return cpu + BOUNCE;
}

function checkCanonical(cpu: u32, va: u64, size: u32, vector: u32): bool {
  if (!(load<u32>(cpu, MODE) & MODE_LONG64)) return true;
  if (canonical(va) && canonical(va + size - 1)) return true;
  nonCanonical(cpu, vector);
  return false;
}

/** Finish a write: what went to the bounce buffer goes to its pages or device now. */
@inline
export function commit(cpu: u32, at: u32): void {
  if (at < RAM_BASE_MIN) commitBounce(cpu);
}

function commitBounce(cpu: u32): void {
  const size = load<u32>(cpu, COMMIT_SIZE);
  const first = load<u32>(cpu, COMMIT_SPLIT);
  physWrite(cpu, load<u64>(cpu, COMMIT_GPA0), cpu + BOUNCE, first);
  if (first != size) physWrite(cpu, load<u64>(cpu, COMMIT_GPA1), cpu + BOUNCE + first, size - first);
}

/** Effective address (offset in the segment) of an operation's memory operand, cut to its address size. */
export function effectiveAddress(cpu: u32, pc: u32): u64 {
  if (load<u8>(pc, OP_EA) == EA_ABSOLUTE) return load<u64>(pc, OP_IMM);
  const base = <u32>load<u16>(pc, OP_BASE);
  let address = load<u64>(cpu + base) +
    (load<u64>(cpu + load<u16>(pc, OP_INDEX)) << load<u8>(pc, OP_SCALE)) + <u64><i64>load<i32>(pc, OP_DISP);
  if (base == RIP_BASE && load<u8>(pc, OP_EA) == EA_GENERAL) address += load<u16>(pc, OP_PAGE_OFFSET) + load<u8>(pc, OP_LEN);
  const size = (<u32>load<u16>(pc, OP_PREFIX) >> PFX_ADDRESS_SHIFT) & 3;
  return size == 2 ? address : size == 1 ? address & 0xffffffff : address & 0xffff;
}

/** Vector of segment and canonical violations of a memory operand: #SS when it is in the stack segment. */
@inline
export function operandVector(cpu: u32, pc: u32): u32 {
  return load<u8>(pc, OP_SEG) == SS ? SS_FAULT : GP;
}

/** Linear address of an operation's memory operand after segment checks; NOWHERE when a fault was recorded. */
export function operandLinear(cpu: u32, pc: u32, size: u32, write: bool): u64 {
  const ea = effectiveAddress(cpu, pc);
  if (load<u8>(pc, OP_EA) == EA_FLAT32) return ea;
  return segmentAddress(cpu, load<u8>(pc, OP_SEG), ea, size, write);
}

/** The operation's memory operand, `size` readable bytes. */
export function readMemory(cpu: u32, pc: u32, size: u32): u32 {
  const va = operandLinear(cpu, pc, size, false);
  if (va == NOWHERE) return 0;
  return readLinear(cpu, load<u32>(cpu, TLB_NOW), va, size, operandVector(cpu, pc));
}

/** The operation's memory operand, `size` bytes to be overwritten whole; finish with `commit`. */
export function writeMemory(cpu: u32, pc: u32, size: u32): u32 {
  const va = operandLinear(cpu, pc, size, true);
  if (va == NOWHERE) return 0;
  return writeLinear(cpu, load<u32>(cpu, TLB_NOW), va, size, operandVector(cpu, pc));
}

/** The operation's memory operand, `size` bytes to be read and written back; finish with `commit`. */
export function modifyMemory(cpu: u32, pc: u32, size: u32): u32 {
  const va = operandLinear(cpu, pc, size, true);
  if (va == NOWHERE) return 0;
  return modifyLinear(cpu, load<u32>(cpu, TLB_NOW), va, size, operandVector(cpu, pc));
}
