// Innermost loops become `loop`s of their own, so that going round is one branch: intervals of blocks that are entered only
// at their first one and hold no other loop. All other backward edges go round by the dispatcher.
import {
  BLOCK_ENTRY, BLOCK_LOOP_END, BLOCK_LOOP_HEAD, BLOCK_NEXT, BLOCK_TAKEN, blockRecord, NO_ENTRY, NO_LOOP,
} from "./blocks";
import { BLOCKS, word } from "./state";

/** The last block with an edge back to `head`, or −1. */
function lastBack(head: u32): i32 {
  for (let block = <i32>word(BLOCKS) - 1; block >= <i32>head; block--) {
    const record = blockRecord(block);
    if (load<i16>(record + BLOCK_NEXT) == <i32>head || load<i16>(record + BLOCK_TAKEN) == <i32>head) return block;
  }
  return -1;
}

/** Whether an edge leads from outside [head, end] to a block of it other than the first. */
function enteredInside(head: u32, end: u32): bool {
  for (let block = head + 1; block <= end; block++) if (load<u16>(blockRecord(block) + BLOCK_ENTRY) != NO_ENTRY) return true;
  const count = word(BLOCKS);
  for (let block: u32 = 0; block < count; block++) {
    if (block >= head && block <= end) continue;
    const next = <i32>load<i16>(blockRecord(block) + BLOCK_NEXT);
    const taken = <i32>load<i16>(blockRecord(block) + BLOCK_TAKEN);
    if (next > <i32>head && next <= <i32>end || taken > <i32>head && taken <= <i32>end) return true;
  }
  return false;
}

export function findLoops(): void {
  const count = word(BLOCKS);
  for (let block: u32 = 0; block < count; block++) {
    store<u16>(blockRecord(block) + BLOCK_LOOP_END, <u16>NO_LOOP);
    store<u16>(blockRecord(block) + BLOCK_LOOP_HEAD, <u16>NO_LOOP);
  }
  // Targets of backward edges are entries, so a loop that holds another one is entered inside.
  for (let head: u32 = 0; head < count; head++) {
    const end = lastBack(head);
    if (end < 0 || enteredInside(head, end)) continue;
    store<u16>(blockRecord(head) + BLOCK_LOOP_END, <u16>end);
    for (let block = head; block <= <u32>end; block++) store<u16>(blockRecord(block) + BLOCK_LOOP_HEAD, <u16>head);
  }
}
