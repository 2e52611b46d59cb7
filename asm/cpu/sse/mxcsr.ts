// MXCSR and the exceptions of SIMD floating point (Intel SDM vol. 1, 11.5). An instruction gathers its exception flags in
// the vCPU's scratch area and settles them once, after its last computation and before it writes its destination.
import { CR4, FAULT, MXCSR, OK, SCRATCH } from "../../layout/cpu";
import { raise, UD, XM } from "../exception";

export const IE: u32 = 0x01;
export const DE: u32 = 0x02;
export const ZE: u32 = 0x04;
export const OE: u32 = 0x08;
export const UE: u32 = 0x10;
export const PE: u32 = 0x20;
export const DAZ: u32 = 0x40;
/** Mask bits are the flag bits, this much higher. */
const MASK_SHIFT: u32 = 7;
export const OM: u32 = OE << MASK_SHIFT;
export const UM: u32 = UE << MASK_SHIFT;
export const PM: u32 = PE << MASK_SHIFT;
export const RC_SHIFT: u32 = 13;
export const RC: u32 = 0x6000;
export const FTZ: u32 = 0x8000;
/** Bits that raise #GP(0) when LDMXCSR sets them. */
export const RESERVED: u32 = 0xffff0000;

/** Rounding, as RC and as ROUNDxx's immediate have it. */
export const NEAREST: u32 = 0;
export const DOWN: u32 = 1;
export const UP: u32 = 2;
export const ZERO: u32 = 3;

/** Exceptions that are detected before anything is computed. */
const BEFORE: u32 = IE | DE | ZE;
const ALL: u32 = 0x3f;
const CR4_OSXMMEXCPT: u32 = 0x400;

/** u32 in SCRATCH: exception flags of the instruction so far. */
const FLAGS: u32 = SCRATCH;
/** 16 bytes each in SCRATCH: the result until it is settled, and room for intermediate vectors. */
export const RESULT: u32 = SCRATCH + 16;
export const WORK: u32 = SCRATCH + 32;

@inline
export function begin(cpu: u32): void {
  store<u32>(cpu + FLAGS, 0);
}

@inline
export function flag(cpu: u32, flags: u32): void {
  store<u32>(cpu + FLAGS, load<u32>(cpu + FLAGS) | flags);
}

@inline
export function mxcsr(cpu: u32): u32 {
  return load<u32>(cpu + MXCSR);
}

@inline
export function rounding(cpu: u32): u32 {
  return (load<u32>(cpu + MXCSR) >> RC_SHIFT) & 3;
}

/** Put the gathered flags into MXCSR; FAULT, with the destination still to be left alone, when one is not masked. */
@inline
export function settle(cpu: u32): u32 {
  return load<u32>(cpu + FLAGS) ? settleFlags(cpu) : OK;
}

function settleFlags(cpu: u32): u32 {
  let flags = load<u32>(cpu + FLAGS);
  const word = load<u32>(cpu + MXCSR);
  const open = flags & ~(word >> MASK_SHIFT) & ALL;
  // An exception found before computing keeps those found afterwards from being looked for (11.5.2).
  if (open & BEFORE) flags &= BEFORE;
  store<u32>(cpu + MXCSR, word | flags);
  if (!open) return OK;
  raise(cpu, load<u32>(cpu + CR4) & CR4_OSXMMEXCPT ? XM : UD);
  return FAULT;
}
