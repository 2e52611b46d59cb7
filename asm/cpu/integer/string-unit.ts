// What the string instructions share: pointers, counts, direction, and how a repetition pauses. Registers are brought up to
// date after every element (or run of elements), so that a fault or an interrupt finds the state between two iterations and
// the instruction, started again, does the rest (Intel SDM vol. 2, REP).
import {
  DS, ES, MODE, MODE_FLAT, RCX, RDI, RESTART, RFLAGS, RIP, RSI, STEP, TLB_ADDEND, TLB_NOW, TLB_READ,
} from "../../layout/cpu";
import { OP_PREFIX, PFX_REP, PFX_REPNE } from "../../layout/op";
import { RAM_BASE_MIN } from "../../layout/memory";
import { readLinear, writeLinear } from "../access";
import { GP } from "../exception";
import { DF } from "../flags";
import { NOWHERE } from "../linear";
import { attention } from "../pio";
import { currentRip } from "../rip";
import { segmentAddress } from "../segment-check";
import { tlbEntry } from "../tlb";
import { impliedSegment, segmentVector, setMasked } from "./operand";

/** Work after which a repetition lets the run loop look at time and interrupts: elements, or RUN_COST for a run. */
const BUDGET: u32 = 4096;
/** A run is at most a page of bytes. */
export const RUN_COST: u32 = 64;

@inline
export function repeated(pc: u32): bool {
  return (load<u16>(pc + OP_PREFIX) & (PFX_REP | PFX_REPNE)) != 0;
}

@inline
function backward(cpu: u32): bool {
  return (load<u32>(cpu + RFLAGS) & DF) != 0;
}

/** Iterations left. */
@inline
export function remaining(cpu: u32, mask: u64): u64 {
  return load<u64>(cpu + RCX) & mask;
}

/** Count `n` iterations as done. */
@inline
export function finished(cpu: u32, mask: u64, n: u64): void {
  setMasked(cpu + RCX, load<u64>(cpu + RCX) - n, mask);
}

/** Move rSI or rDI by `bytes`, in the direction of DF. */
@inline
export function step(cpu: u32, register: u32, mask: u64, bytes: u64): void {
  const at = load<u64>(cpu + register);
  setMasked(cpu + register, backward(cpu) ? at - bytes : at + bytes, mask);
}

/** Pause: the same instruction goes on when the run loop has looked around. */
export function pause(cpu: u32, pc: u32): u32 {
  store<u64>(cpu + RIP, currentRip(cpu, pc));
  return RESTART;
}

/**
 * Whether to pause before the next iteration. Some work is always done, or a wish left standing would stop all progress.
 * A debugger sees every iteration (Intel SDM vol. 3, 17.3.1.4 "Single-Step Exception Condition").
 */
@inline
export function exhausted(cpu: u32, work: u32): bool {
  return work != 0 && (work >= BUDGET || attention(cpu) || load<u32>(cpu + STEP) != 0);
}

/** Whether iterations must be done one by one. */
@inline
export function oneByOne(cpu: u32): bool {
  return backward(cpu) || load<u32>(cpu + STEP) != 0;
}

/** Linear address of the element at an offset; NOWHERE when a fault was recorded. */
export function stringLinear(cpu: u32, segment: u32, offset: u64, size: u32, write: bool): u64 {
  if (load<u32>(cpu + MODE) & MODE_FLAT && segment <= DS) return offset;
  return segmentAddress(cpu, segment, offset, size, write);
}

/** Readable element at rSI in DS or the overriding segment; 0 when a fault was recorded. */
export function sourceElement(cpu: u32, pc: u32, mask: u64, size: u32): u32 {
  const segment = impliedSegment(pc);
  const va = stringLinear(cpu, segment, load<u64>(cpu + RSI) & mask, size, false);
  if (va == NOWHERE) return 0;
  return readLinear(cpu, load<u32>(cpu + TLB_NOW), va, size, segmentVector(segment));
}

/** Readable element at rDI in ES; 0 when a fault was recorded. */
export function comparedElement(cpu: u32, mask: u64, size: u32): u32 {
  const va = stringLinear(cpu, ES, load<u64>(cpu + RDI) & mask, size, false);
  if (va == NOWHERE) return 0;
  return readLinear(cpu, load<u32>(cpu + TLB_NOW), va, size, GP);
}

/** Element at rDI in ES to be overwritten and committed; 0 when a fault was recorded. */
export function targetElement(cpu: u32, mask: u64, size: u32): u32 {
  const va = stringLinear(cpu, ES, load<u64>(cpu + RDI) & mask, size, true);
  if (va == NOWHERE) return 0;
  return writeLinear(cpu, load<u32>(cpu + TLB_NOW), va, size, GP);
}

// ---- Runs: elements from one page, all at once --------------------------------------------------------------------

/** Elements of a run at `va`: to the end of the page and of the address size, at most `most`. */
export function runLength(va: u64, offset: u64, mask: u64, size: u32, most: u64): u32 {
  let room = <u64>0x1000 - (va & 0xfff);
  const beforeWrap = mask - offset;
  if (beforeWrap < room) room = beforeWrap + 1;
  const elements = room / size;
  return <u32>(elements < most ? elements : most);
}

/**
 * Guest RAM at a linear address whose page the TLB knows to be readable, or 0. Nothing else is asked, for reading a device
 * ahead would disturb it.
 */
@inline
export function knownReadable(cpu: u32, va: u64): u32 {
  const entry = tlbEntry(load<u32>(cpu + TLB_NOW), va);
  return load<u64>(entry + TLB_READ) == (va & ~0xfff) ? <u32>(va + load<u64>(entry + TLB_ADDEND)) : 0;
}

/** Guest RAM for `bytes` within a page to be overwritten, or 0. */
export function runWritable(cpu: u32, va: u64, bytes: u32): u32 {
  const at = writeLinear(cpu, load<u32>(cpu + TLB_NOW), va, bytes, GP);
  return at < RAM_BASE_MIN ? 0 : at;
}
