// Basic blocks of the region being compiled, in the order of their addresses.
import { JIT_BLOCK_AT, JIT_BLOCKS } from "../../layout/jit";

/** Block record: u16 first page offset, u16 operations, u16 entry number (0xffff: none), u8 whether flags are wanted at its
 * entry, u8 whether it leads out of the region, u32 static flags at its entry, u32 static flags at its end, i16 successors (−1: none, or outside). */
export const BLOCK_START: u32 = 0;
export const BLOCK_OPERATIONS: u32 = 2;
export const BLOCK_ENTRY: u32 = 4;
export const BLOCK_WANTS: u32 = 6;
export const BLOCK_OUTSIDE: u32 = 7;
export const BLOCK_FLAGS_IN: u32 = 8;
export const BLOCK_FLAGS_OUT: u32 = 12;
export const BLOCK_NEXT: u32 = 16;
export const BLOCK_TAKEN: u32 = 18;
/** u16 last block of the loop that begins here, u16 block where the loop around begins (0xffff each: none), see loops.ts. */
export const BLOCK_LOOP_END: u32 = 20;
export const BLOCK_LOOP_HEAD: u32 = 22;
export const NO_LOOP: u32 = 0xffff;
/** u8: a call inside the region returns here. */
export const BLOCK_RETURN: u32 = 24;
export const BLOCK_SIZE: u32 = 32;
export const NO_ENTRY: u32 = 0xffff;
/** Most blocks of a region. */
export const BLOCKS_MAX: u32 = 200;

@inline
export function blockRecord(block: u32): u32 { return JIT_BLOCKS + block * BLOCK_SIZE; }

/** The block that begins at a page offset, or −1. */
export function blockAt(offset: i32): i32 {
  if (<u32>offset >= 0x1000) return -1;
  return <i32>load<u16>(JIT_BLOCK_AT + offset * 2) - 1;
}

@inline
export function wantsFlags(block: u32): bool { return load<u8>(blockRecord(block) + BLOCK_WANTS) != 0; }
@inline
export function flagsAtEntry(block: u32): u32 { return load<u32>(blockRecord(block) + BLOCK_FLAGS_IN); }
