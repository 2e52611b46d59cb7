// Exceptions as operations record them; interrupt.ts delivers them (Intel SDM vol. 3, 6.15).
import {
  EXC_ERROR, EXC_FLAGS, EXC_HAS_ERROR, EXC_SOFTWARE, EXC_TRAP, EXC_VECTOR, FAULT,
} from "../layout/cpu";

export const DE: u32 = 0;
export const DB: u32 = 1;
export const NMI: u32 = 2;
export const BP: u32 = 3;
export const OF: u32 = 4;
export const BR: u32 = 5;
export const UD: u32 = 6;
export const NM: u32 = 7;
export const DF: u32 = 8;
export const TS: u32 = 10;
export const NP: u32 = 11;
export const SS_FAULT: u32 = 12;
export const GP: u32 = 13;
export const PF: u32 = 14;
export const MF: u32 = 16;
export const AC: u32 = 17;
export const XM: u32 = 19;

/** Record a fault without error code. Returns FAULT, for `return raise(cpu, UD)`. */
export function raise(cpu: u32, vector: u32): u32 {
  store<u32>(cpu + EXC_VECTOR, vector);
  store<u32>(cpu + EXC_ERROR, 0);
  store<u32>(cpu + EXC_FLAGS, 0);
  return FAULT;
}

/** Record a fault with error code. Returns FAULT. */
export function raiseError(cpu: u32, vector: u32, error: u32): u32 {
  store<u32>(cpu + EXC_VECTOR, vector);
  store<u32>(cpu + EXC_ERROR, error);
  store<u32>(cpu + EXC_FLAGS, EXC_HAS_ERROR);
  return FAULT;
}

/** Record a trap: RIP must already hold the address of the next instruction. Returns FAULT. */
export function raiseTrap(cpu: u32, vector: u32, software: bool): u32 {
  store<u32>(cpu + EXC_VECTOR, vector);
  store<u32>(cpu + EXC_ERROR, 0);
  store<u32>(cpu + EXC_FLAGS, software ? EXC_TRAP | EXC_SOFTWARE : EXC_TRAP);
  return FAULT;
}
