// Which operations are compiled together: those that are reached from a hot one without leaving its page, as far as they have
// been decoded. Code that was never met stays out; where it turns out to be hot, it becomes a region of its own.
import { JIT_MODE } from "../../layout/cpu";
import { JIT_BLOCK_AT, JIT_MARKS, JIT_STRESS, JIT_WORK } from "../../layout/jit";
import { OP_DISP, OP_LEN } from "../../layout/op";
import {
  CLASS_CALL, CLASS_CALL_INDIRECT, CLASS_EXECUTOR, CLASS_EXIT, CLASS_JCC, CLASS_JCC_LOCAL, CLASS_JMP, CLASS_JMP_INDIRECT, CLASS_JMP_LOCAL, CLASS_RET,
} from "../../generated/jit-forms";
import { decodedAt } from "../code-pages";
import {
  BLOCKS_MAX, BLOCK_ENTRY, BLOCK_NEXT, BLOCK_OPERATIONS, BLOCK_OUTSIDE, BLOCK_RETURN, BLOCK_SIZE, BLOCK_START, BLOCK_TAKEN, blockAt, blockRecord, NO_ENTRY,
} from "./blocks";
import { classOf, detailOf, formOf, numberOf } from "./forms";
import { findLoops } from "./loops";
import { originalAt } from "./original";
import { BLOCKS, CPU, ENTRIES, FOUND, LEADERS, RECORD, setWord, WORK, word } from "./state";

const MARK_FOUND: u8 = 1;
const MARK_LEADER: u8 = 2;
const MARK_ENTRY: u8 = 4;

/** Most operations of a region. */
const OPERATIONS_MAX: u32 = 500;
const STRESS_OPERATIONS_MAX: u32 = 12;
const PAGE: u32 = 0x1000;

function mark(offset: u32, bits: u8): void {
  store<u8>(JIT_MARKS + offset, load<u8>(JIT_MARKS + offset) | bits);
}

/** Operation decoded at a page offset: what executes it; 0 when there is none. */
export function operationAt(offset: u32): u32 {
  if (offset >= PAGE) return 0;
  const op = decodedAt(word(RECORD), offset);
  return op ? originalAt(op) : 0;
}

/** Begin a block at `offset` if an operation is there. */
function lead(offset: u32, bits: u8): void {
  if (!operationAt(offset) || word(LEADERS) >= BLOCKS_MAX - 2) return;
  const known = load<u8>(JIT_MARKS + offset);
  mark(offset, bits | MARK_LEADER);
  if (known & MARK_LEADER) return;
  setWord(LEADERS, word(LEADERS) + 1);
  if (known & MARK_FOUND) return;
  store<u16>(JIT_WORK + word(WORK) * 2, <u16>offset);
  setWord(WORK, word(WORK) + 1);
}

/** Whether an operation of this class ends its block. */
export function endsBlock(kind: u32): bool {
  return kind >= CLASS_JCC_LOCAL && kind <= CLASS_JCC || kind >= CLASS_JMP_LOCAL && kind <= CLASS_RET;
}

/** Follow straight-line code from a leader on. */
function walk(offset: u32, most: u32): void {
  while (true) {
    const op = operationAt(offset);
    if (!op || word(FOUND) >= most) return;
    if (load<u8>(JIT_MARKS + offset) & MARK_FOUND) {
      lead(offset, 0);
      return;
    }
    const form = formOf(numberOf(op));
    const kind = classOf(form);
    if (kind == CLASS_EXIT) return;
    mark(offset, MARK_FOUND);
    setWord(FOUND, word(FOUND) + 1);
    const next = offset + load<u8>(op + OP_LEN);
    switch (kind) {
      case CLASS_JMP_LOCAL: lead(load<u32>(op + OP_DISP), 0); return;
      case CLASS_JCC_LOCAL:
        lead(next, 0);
        lead(load<u32>(op + OP_DISP), 0);
        return;
      case CLASS_JCC: lead(next, 0); return;
      case CLASS_CALL:
        lead(next, MARK_ENTRY);
        lead(load<u32>(op + OP_DISP), 0);
        return;
      case CLASS_CALL_INDIRECT: lead(next, MARK_ENTRY); return;
      case CLASS_JMP:
      case CLASS_JMP_INDIRECT:
      case CLASS_RET: return;
      case CLASS_EXECUTOR:
        // The loop goes on after it when its executor looked around.
        if (detailOf(form)) {
          lead(next, MARK_ENTRY);
          return;
        }
        offset = next;
        break;
      default: offset = next; break;
    }
  }
}

/** Find the region around page offset `start` of the page RECORD; false when there is nothing to compile. */
export function findRegion(start: u32): bool {
  memory.fill(JIT_BLOCK_AT, 0, PAGE * 2);
  memory.fill(JIT_MARKS, 0, PAGE);
  setWord(WORK, 0);
  setWord(FOUND, 0);
  setWord(LEADERS, 0);
  setWord(ENTRIES, 0);
  const most = load<u32>(word(CPU) + JIT_MODE) == JIT_STRESS ? STRESS_OPERATIONS_MAX : OPERATIONS_MAX;
  lead(start, MARK_ENTRY);
  for (let i: u32 = 0; i < word(WORK); i++) {
    const offset = <u32>load<u16>(JIT_WORK + i * 2);
    if (!(load<u8>(JIT_MARKS + offset) & MARK_FOUND)) walk(offset, most);
  }
  makeBlocks();
  if (blockAt(start) < 0) return false;
  findEdges();
  findLoops();
  return true;
}

function makeBlocks(): void {
  let count: u32 = 0;
  for (let offset: u32 = 0; offset < PAGE; offset++) {
    const marks = load<u8>(JIT_MARKS + offset);
    if ((marks & (MARK_FOUND | MARK_LEADER)) != (MARK_FOUND | MARK_LEADER)) continue;
    const record = blockRecord(count++);
    memory.fill(record, 0, BLOCK_SIZE);
    store<u16>(record + BLOCK_START, <u16>offset);
    store<u16>(record + BLOCK_ENTRY, <u16>NO_ENTRY);
    if (marks & MARK_ENTRY) makeEntry(record);
    store<u16>(JIT_BLOCK_AT + offset * 2, <u16>count);
  }
  setWord(BLOCKS, count);
}

function makeEntry(record: u32): void {
  if (load<u16>(record + BLOCK_ENTRY) != NO_ENTRY) return;
  store<u16>(record + BLOCK_ENTRY, <u16>word(ENTRIES));
  setWord(ENTRIES, word(ENTRIES) + 1);
}

/** Count each block's operations, and find where it leads to. Targets of backward edges become entries. */
function findEdges(): void {
  const count = word(BLOCKS);
  for (let block: u32 = 0; block < count; block++) {
    const record = blockRecord(block);
    let offset = <u32>load<u16>(record + BLOCK_START);
    let operations: u32 = 0;
    let taken: i32 = -1;
    let next: i32 = -1;
    let outside = false;
    while (true) {
      const op = operationAt(offset);
      const kind = classOf(formOf(numberOf(op)));
      operations++;
      offset += load<u8>(op + OP_LEN);
      if (endsBlock(kind)) {
        const falls = kind == CLASS_JCC_LOCAL || kind == CLASS_JCC;
        if (falls) next = blockAt(offset);
        if (kind == CLASS_JCC_LOCAL || kind == CLASS_JMP_LOCAL || kind == CLASS_CALL) taken = blockAt(load<i32>(op + OP_DISP));
        outside = falls && next < 0 || taken < 0;
        const after = blockAt(offset);
        if (kind == CLASS_CALL && taken >= 0 && after >= 0) store<u8>(blockRecord(after) + BLOCK_RETURN, 1);
        break;
      }
      next = blockAt(offset);
      if (next >= 0) break;
      if (offset >= PAGE || !(load<u8>(JIT_MARKS + offset) & MARK_FOUND)) {
        outside = true;
        break;
      }
    }
    store<u16>(record + BLOCK_OPERATIONS, <u16>operations);
    store<i16>(record + BLOCK_NEXT, <i16>next);
    store<i16>(record + BLOCK_TAKEN, <i16>taken);
    store<u8>(record + BLOCK_OUTSIDE, u8(outside));
    if (next >= 0 && next <= <i32>block) makeEntry(blockRecord(next));
    if (taken >= 0 && taken <= <i32>block) makeEntry(blockRecord(taken));
  }
}
