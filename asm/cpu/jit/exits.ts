// Ways out of a compiled function: its beginning and its end, what leaves it in between, and edges between its blocks.
import {
  CODE_KEY, GPR, JUMP_CACHE, JUMP_ENTRIES, RIP, RIP_BASE, TLB,
} from "../../layout/cpu";
import { JIT_OP_ENTRY, JIT_OP_FUNCTION } from "../../layout/jit";
import { OP_PAGE_OFFSET, OP_SIZE } from "../../layout/op";
import { JIT_SYSTEM, JIT_USER } from "../../generated/ops";
import { BLOCK_ENTRY, BLOCK_LOOP_HEAD, BLOCK_RETURN, BLOCK_START, blockAt, blockRecord, wantsFlags, flagsAtEntry } from "./blocks";
import {
  beginIf, branch, branchIf, byte, const32, const64, endIf, get, I32_ADD, I32_AND, I32_EQ, I32_GT_S, I32_LOAD,
  I32_LOAD16_U, I32_OR, I32_SHL, I32_WRAP, I32_XOR, I64_ADD, I64_EXTEND_I32_U, I64_EQ, I64_LOAD, I64_OR, I64_SHL,
  I64_SHR_U, I64_STORE, I64_SUB, memoryAccess, RETURN, set, tee, unsigned,
} from "./emit";
import { GENERAL, generalize, loadFlags, storeFlags } from "./flags";
import { depthOf, LABEL_DISPATCH, LABEL_EXIT, LABEL_INDIRECT, LABEL_LOOP } from "./labels";
import { AT, BASE, ENTRY, LEFT, NEXT, REGISTERS, RIP_TO, TARGET } from "./locals";
import { BLOCK, BLOCKS, CPU, DONE, FLAGS, MODIFIED, OPERATIONS, PC, TLB_USED, USED, word } from "./state";

const I64_LOAD16_U: u32 = 0x33;
const RETURN_CALL_INDIRECT: u32 = 0x13;
/** Status TAKEN of slice.ts. */
const TAKEN: u32 = 5;
/** Status: left for a branch target that is not compiled. The loop goes on there. */
export const COLD: u32 = 7;

/** Operations of the block that are not executed give back what they were charged. */
export function refund(): void {
  const count = word(OPERATIONS) - word(DONE);
  if (!count) return;
  get(LEFT);
  const32(count * OP_SIZE);
  byte(I32_ADD);
  set(LEFT);
}

/** Leave before the current operation: the interpreter executes it. */
export function exitBefore(): void {
  const32(word(PC));
  set(NEXT);
  exitWithNext();
}

/** Leave during the current operation with what NEXT says. */
export function exitWithNext(): void {
  generalize(word(FLAGS));
  refund();
  branch(depthOf(LABEL_EXIT));
}

/** Leave for the instruction pointer in RIP_TO. */
export function exitToRip(): void {
  generalize(word(FLAGS));
  branch(depthOf(LABEL_INDIRECT));
}

/** Returns that lead into the region are compared with so many of its call sites. */
const RETURNS_MAX: u32 = 4;

/** Go to RIP_TO: to where the region goes on after one of its calls, if it is that. */
export function returnToRip(): void {
  const count = word(BLOCKS);
  let tried: u32 = 0;
  for (let block: u32 = 0; block < count && tried < RETURNS_MAX; block++) {
    const record = blockRecord(block);
    if (!load<u8>(record + BLOCK_RETURN)) continue;
    tried++;
    const offset = <i32>load<u16>(record + BLOCK_START);
    get(RIP_TO);
    pushRip(offset);
    byte(I64_EQ);
    beginIf();
    goTo(offset);
    endIf();
  }
  exitToRip();
}

/** Leave for an address counted from the page. */
function exitToOffset(offset: i32): void {
  pushRip(offset);
  set(RIP_TO);
  exitToRip();
}

/** Push the instruction pointer at an offset from the page. */
export function pushRip(offset: i32): void {
  get(BASE);
  const64(<i64>offset);
  byte(I64_ADD);
}

/** What has to be done before an edge to the block at page offset `offset` can be taken. */
export function prepareEdge(offset: i32): void {
  const block = blockAt(offset);
  if (block >= 0 && wantsFlags(block) && flagsAtEntry(block) == GENERAL) generalize(word(FLAGS));
}

/** Whether the edge to a page offset is a single forward branch. */
export function isForward(offset: i32): bool {
  return blockAt(offset) > <i32>word(BLOCK);
}

/** Branch to the block at `offset` when the condition on the stack holds; only forward. */
export function branchForwardIf(offset: i32): void {
  branchIf(depthOf(blockAt(offset)));
}

/** Go on at page offset `offset`, whatever is there. */
export function goTo(offset: i32): void {
  const block = blockAt(offset);
  if (block < 0) {
    exitToOffset(offset);
    return;
  }
  prepareEdge(offset);
  if (block > <i32>word(BLOCK)) {
    branch(depthOf(block));
    return;
  }
  const head = <u32>load<u16>(blockRecord(block) + BLOCK_LOOP_HEAD);
  const inner = head == <u32>block && load<u16>(blockRecord(word(BLOCK)) + BLOCK_LOOP_HEAD) == head;
  if (!inner) {
    const32(load<u16>(blockRecord(block) + BLOCK_ENTRY));
    set(TARGET);
  }
  get(LEFT);
  const32(0);
  byte(I32_GT_S);
  branchIf(depthOf(inner ? LABEL_LOOP + head : LABEL_DISPATCH));
  pushRip(offset);
  set(RIP_TO);
  // An edge that was not prepared leaves with the flags in whatever form they are.
  exitToRip();
}

function pack(): void {
  get(LEFT);
  byte(I64_EXTEND_I32_U);
  const64(32);
  byte(I64_SHL);
}

/** Return the operation and status in `local`. */
export function returnNext(local: u32): void {
  pack();
  get(local);
  byte(I64_EXTEND_I32_U);
  byte(I64_OR);
  byte(RETURN);
}

export function loadRegister(n: u32): void {
  const32(0);
  memoryAccess(I64_LOAD, word(CPU) + GPR + n * 8);
  set(REGISTERS + n);
}

export function storeRegister(n: u32): void {
  const32(0);
  get(REGISTERS + n);
  memoryAccess(I64_STORE, word(CPU) + GPR + n * 8);
}

export function loadRegisters(mask: u32): void {
  for (let n: u32 = 0; n < 16; n++) if (mask & (1 << n)) loadRegister(n);
}

export function storeRegisters(mask: u32): void {
  for (let n: u32 = 0; n < 16; n++) if (mask & (1 << n)) storeRegister(n);
}

/** Before the blocks: everything that they keep in locals. */
export function prologue(): void {
  const32(0);
  memoryAccess(I64_LOAD, word(CPU) + RIP_BASE);
  set(BASE);
  loadRegisters(word(USED) | word(MODIFIED));
  loadFlags();
}

/** After the blocks; the labels of both exits end here. */
export function epilogue(): void {
  const cpu = word(CPU);
  const32(0);
  set(NEXT);
  byte(0x0b);
  storeRegisters(word(MODIFIED));
  storeFlags();
  get(NEXT);
  beginIf();
  returnNext(NEXT);
  endIf();
  // The jump cache, as jumpCached and enter in hot.ts.
  get(RIP_TO);
  byte(I32_WRAP);
  get(RIP_TO);
  const64(12);
  byte(I64_SHR_U);
  byte(I32_WRAP);
  byte(I32_XOR);
  const32(JUMP_ENTRIES - 1);
  byte(I32_AND);
  const32(4);
  byte(I32_SHL);
  tee(ENTRY);
  memoryAccess(I64_LOAD, cpu + JUMP_CACHE);
  get(RIP_TO);
  byte(I64_EQ);
  get(ENTRY);
  memoryAccess(I32_LOAD, cpu + JUMP_CACHE + 8);
  const32(0);
  memoryAccess(I32_LOAD, cpu + CODE_KEY);
  byte(I32_EQ);
  byte(I32_AND);
  get(LEFT);
  const32(0);
  byte(I32_GT_S);
  byte(I32_AND);
  beginIf();
  const32(0);
  get(RIP_TO);
  get(ENTRY);
  memoryAccess(I32_LOAD, cpu + JUMP_CACHE + 12);
  tee(AT);
  memoryAccess(I64_LOAD16_U, OP_PAGE_OFFSET);
  byte(I64_SUB);
  memoryAccess(I64_STORE, cpu + RIP_BASE);
  get(AT);
  memoryAccess(I32_LOAD16_U, 0);
  const32(word(TLB_USED) == cpu + TLB ? JIT_SYSTEM : JIT_USER);
  byte(I32_EQ);
  beginIf();
  get(LEFT);
  get(AT);
  memoryAccess(I32_LOAD16_U, JIT_OP_ENTRY);
  get(AT);
  memoryAccess(I32_LOAD, JIT_OP_FUNCTION);
  byte(RETURN_CALL_INDIRECT);
  unsigned(0);
  unsigned(0);
  endIf();
  get(AT);
  const32(COLD);
  byte(I32_OR);
  set(NEXT);
  returnNext(NEXT);
  endIf();
  const32(0);
  get(RIP_TO);
  memoryAccess(I64_STORE, cpu + RIP);
  const32(TAKEN);
  set(NEXT);
  returnNext(NEXT);
}
