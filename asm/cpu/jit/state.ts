// Words that the JIT keeps in linear memory, because a kernel has no mutable statics.
import { JIT_STATE } from "../../layout/jit";

/** Where the next byte goes. */
export const OUT: u32 = JIT_STATE;
/** Blocks opened inside the code of the current basic block. */
export const NESTING: u32 = JIT_STATE + 0x04;
/** Number of the basic block whose code is being emitted; their count. */
export const BLOCK: u32 = JIT_STATE + 0x08;
export const BLOCKS: u32 = JIT_STATE + 0x0c;
/** First byte of the function body, and where the next hint goes. */
export const FUNCTION_START: u32 = JIT_STATE + 0x10;
export const HINT_NEXT: u32 = JIT_STATE + 0x14;
/** Masks of the general registers that the region reads or writes, and of those it writes. */
export const USED: u32 = JIT_STATE + 0x18;
export const MODIFIED: u32 = JIT_STATE + 0x1c;
/** Page record of the region, and the address of the TLB that its memory accesses use. */
export const RECORD: u32 = JIT_STATE + 0x20;
export const TLB_USED: u32 = JIT_STATE + 0x24;
/** The vCPU block. */
export const CPU: u32 = JIT_STATE + 0x28;
/** Static state of the flags where code is being emitted, see flags.ts. */
export const FLAGS: u32 = JIT_STATE + 0x2c;
/** Operations of the current block that come before the current one is done, and all of its operations. */
export const DONE: u32 = JIT_STATE + 0x30;
export const OPERATIONS: u32 = JIT_STATE + 0x34;
/** The operation being emitted (the original one), and its number. */
export const PC: u32 = JIT_STATE + 0x38;
export const NUMBER: u32 = JIT_STATE + 0x3c;
/** Whether anybody may want the flags after the current operation. */
export const FLAGS_WANTED: u32 = JIT_STATE + 0x40;
/** First free index of the function table; queued operations; sub-slices since the first of them was queued. */
export const NEXT_FUNCTION: u32 = JIT_STATE + 0x44;
export const QUEUED: u32 = JIT_STATE + 0x48;
export const QUEUE_AGE: u32 = JIT_STATE + 0x4c;
/** Page offsets waiting in JIT_WORK; operations and leaders found so far. */
export const WORK: u32 = JIT_STATE + 0x50;
export const FOUND: u32 = JIT_STATE + 0x54;
export const LEADERS: u32 = JIT_STATE + 0x58;
/** State of a small random-number generator, for stress. */
export const RANDOM: u32 = JIT_STATE + 0x5c;
/** Entries of the region. */
export const ENTRIES: u32 = JIT_STATE + 0x60;
/** Whether the last slice ended in compiled code. */
export const WARM: u32 = JIT_STATE + 0x64;

/** Open labels around the code being emitted, u16 each, outermost first; their count. */
export const LABELS: u32 = JIT_STATE + 0x68;
export const LABEL_STACK: u32 = JIT_STATE + 0x400;

@inline
export function word(at: u32): u32 { return load<u32>(at); }
@inline
export function setWord(at: u32, value: u32): void { store<u32>(at, value); }
