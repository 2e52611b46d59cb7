// Locals of a compiled function. Parameters: instructions left (in bytes of operations) and the entry to begin at.

export const LEFT: u32 = 0;
export const TARGET: u32 = 1;
/** Sixteen i64: the guest's general registers. */
export const REGISTERS: u32 = 2;

/** i64: instruction pointer of the page's first byte, an instruction pointer to go to, a linear address. */
export const BASE: u32 = 18;
export const RIP_TO: u32 = 19;
export const ADDRESS: u32 = 20;
/** i64: FLAG_RESULT and FLAG_A while the flags are in their general form. */
export const LAZY_RESULT: u32 = 21;
export const LAZY_A: u32 = 22;
/** i64: first operand, second operand and result of the last operation that set the flags, where they are 64 bits wide. */
export const A64: u32 = 23;
export const B64: u32 = 24;
export const R64: u32 = 25;
export const TEMPORARY64: u32 = 26;
export const SECOND64: u32 = 27;
export const THIRD64: u32 = 28;
const I64_COUNT: u32 = 27;

/** i32: the same where they are narrower. */
export const A32: u32 = 29;
export const B32: u32 = 30;
export const R32: u32 = 31;
/** i32: FLAG_OP and FLAG_CF of the general form; a carry that goes with the operands above. */
export const LAZY_OP: u32 = 32;
export const LAZY_CF: u32 = 33;
export const CARRY: u32 = 34;
/** i32: offset of a TLB entry, linear-memory address of an operand, what to return: operation and status. */
export const ENTRY: u32 = 35;
export const AT: u32 = 36;
export const NEXT: u32 = 37;
export const TEMPORARY32: u32 = 38;
const I32_COUNT: u32 = 10;

import { byte, I32, I64, unsigned } from "./emit";

/** The function's declaration of its locals. */
export function declareLocals(): void {
  unsigned(2);
  unsigned(I64_COUNT);
  byte(I64);
  unsigned(I32_COUNT);
  byte(I32);
}
