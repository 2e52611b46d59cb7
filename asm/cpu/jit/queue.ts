// Hot operations wait here for company: a module costs more than a function in it.
import {
  ARENA_NEXT, COUNT_JIT_BYTES, COUNT_JIT_MODULES, COUNT_JIT_REGIONS, JIT_MODE, RIP, TLB, TLB_NOW,
} from "../../layout/cpu";
import {
  JIT_BODIES, JIT_BODIES_END, JIT_HINTS, JIT_MODULE, JIT_OP_ENTRY, JIT_OP_FUNCTION, JIT_OP_ORIGINAL, JIT_QUEUE, JIT_QUEUE_MAX,
  JIT_STRESS,
} from "../../layout/jit";
import { CODE_ARENA_END } from "../../layout/memory";
import { OP, OP_LEN, OP_LINK, OP_PAGE_OFFSET, OP_SIZE, OP_UNFUSED } from "../../layout/op";
import { JG_LOCAL, JIT_SYSTEM, JIT_USER, JO_LOCAL, LINK, NEXT_PAGE, RESYNC } from "../../generated/ops";
import { allocate, decodedAt, PAGE_RUNS, RUN_COUNT, RUN_NEXT } from "../code-pages";
import { compile } from "../host";
import { fetchPointer, pageRecord } from "../lookup";
import { BLOCK_ENTRY, BLOCK_START, blockRecord, NO_ENTRY } from "./blocks";

import { analyse } from "./flow";
import { emitFunction } from "./function";
import { assemble } from "./module";
import { isCompiled } from "./original";
import { findRegion } from "./region";
import {
  BLOCKS, CPU, HINT_NEXT, NEXT_FUNCTION, OUT, QUEUE_AGE, QUEUED, RANDOM, RECORD, setWord, TLB_USED, word,
} from "./state";

/** Regions that make a module, and slices that the first of them waits for the others at most. */
const BATCH: u32 = 8;
const AGE_MAX: u32 = 24;
/** When so many table indices are used, everything is thrown away. */
const FUNCTIONS_MAX: u32 = 20_000;
/** Room that one region's code needs at most. */
const BODY_MAX: u32 = 0x60000;
/** Entries of the queue: operation, page record, TLB. */
const QUEUE_ENTRY: u32 = 12;
/** Entries of a region, for the room that their originals take. */
const ENTRY_ROOM: u32 = 4 * OP_SIZE;

/** Wish for the region around the operation `op`, which is at RIP. */
export function enqueue(cpu: u32, op: u32): void {
  const number = <u32>load<u16>(op + OP);
  // A conditional jump is read as the second half of a fused pair: it must stay what it is.
  if (number == RESYNC || number - JO_LOCAL <= JG_LOCAL - JO_LOCAL) return;
  const count = word(QUEUED);
  if (count == JIT_QUEUE_MAX) return;
  const at = fetchPointer(cpu, load<u64>(cpu + RIP));
  if (!at) return;
  const record = pageRecord(cpu, at & ~0xfff);
  const entry = JIT_QUEUE + count * QUEUE_ENTRY;
  store<u32>(entry, op);
  store<u32>(entry + 4, record);
  store<u32>(entry + 8, load<u32>(cpu + TLB_NOW));
  setWord(QUEUED, count + 1);
  if (!count) setWord(QUEUE_AGE, 0);
}

/** A slice has passed: compile what waits if it is time. */
export function attendQueue(cpu: u32): void {
  const count = word(QUEUED);
  if (!count) return;
  const age = word(QUEUE_AGE) + 1;
  setWord(QUEUE_AGE, age);
  const stress = load<u32>(cpu + JIT_MODE) == JIT_STRESS;
  if (count < BATCH && age < AGE_MAX && !stress) return;
  compileQueue(cpu, count);
  if (stress && next() % 512 == 0) store<u32>(cpu + ARENA_NEXT, CODE_ARENA_END);
}

/** xorshift32. */
function next(): u32 {
  let x = word(RANDOM) | 1;
  x ^= x << 13;
  x ^= x >> 17;
  x ^= x << 5;
  setWord(RANDOM, x);
  return x;
}

function compileQueue(cpu: u32, count: u32): void {
  setWord(QUEUED, 0);
  setWord(CPU, cpu);
  setWord(OUT, JIT_BODIES);
  setWord(HINT_NEXT, JIT_HINTS);
  const first = word(NEXT_FUNCTION);
  let made: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const entry = JIT_QUEUE + i * QUEUE_ENTRY;
    const op = load<u32>(entry);
    if (word(OUT) + BODY_MAX > JIT_BODIES_END || first + made >= FUNCTIONS_MAX) break;
    if (load<u16>(op + OP) == RESYNC || isCompiled(op)) continue;
    setWord(RECORD, load<u32>(entry + 4));
    setWord(TLB_USED, load<u32>(entry + 8));
    if (compileRegion(cpu, op, first + made)) made++;
  }
  // The next look-up drops all code.
  if (first + made >= FUNCTIONS_MAX) store<u32>(cpu + ARENA_NEXT, CODE_ARENA_END);
  if (!made) return;
  setWord(NEXT_FUNCTION, first + made);
  const length = assemble(first, made, word(OUT));
  compile(JIT_MODULE, length, first, made);
  store<u32>(cpu + COUNT_JIT_REGIONS, load<u32>(cpu + COUNT_JIT_REGIONS) + made);
  store<u32>(cpu + COUNT_JIT_MODULES, load<u32>(cpu + COUNT_JIT_MODULES) + 1);
  store<u32>(cpu + COUNT_JIT_BYTES, load<u32>(cpu + COUNT_JIT_BYTES) + length);
}

/** Emit the region around `op` as function `index`, and lead the interpreter there. */
function compileRegion(cpu: u32, op: u32, index: u32): bool {
  if (!findRegion(load<u16>(op + OP_PAGE_OFFSET))) return false;
  const blocks = word(BLOCKS);
  if (load<u32>(cpu + ARENA_NEXT) + blocks * ENTRY_ROOM > CODE_ARENA_END) return false;
  analyse();
  for (let block: u32 = 0; block < blocks; block++) {
    const record = blockRecord(block);
    const entry = <u32>load<u16>(record + BLOCK_ENTRY);
    const at = decodedAt(word(RECORD), load<u16>(record + BLOCK_START));
    if (entry != NO_ENTRY && (at == op || !isCompiled(at))) replace(cpu, at, index, entry);
  }
  emitFunction();
  return true;
}

/** Put a JIT operation in the place of `op`; what was there is moved away, and goes on where it did. */
function replace(cpu: u32, op: u32, index: u32, entry: u32): void {
  const number = <u32>load<u16>(op + OP);
  if (number - JO_LOCAL <= JG_LOCAL - JO_LOCAL) return;
  const pair: u32 = load<u16>(op + OP_UNFUSED) ? 2 : 1;
  const run = allocate(cpu, (pair + 2) * OP_SIZE);
  const moved = run + OP_SIZE;
  const link = moved + pair * OP_SIZE;
  memory.copy(moved, op, pair * OP_SIZE);
  const last = link - OP_SIZE;
  memory.fill(link, 0, OP_SIZE);
  const end = <u32>load<u16>(last + OP_PAGE_OFFSET) + load<u8>(last + OP_LEN);
  store<u16>(link + OP_PAGE_OFFSET, <u16>end);
  // A link to another page holds only for a while.
  store<u16>(link + OP, <u16>(end < 0x1000 ? LINK : NEXT_PAGE));
  if (end < 0x1000) store<u32>(link + OP_LINK, op + pair * OP_SIZE);
  const record = word(RECORD);
  store<u32>(run + RUN_NEXT, load<u32>(record + PAGE_RUNS));
  store<u32>(run + RUN_COUNT, pair + 1);
  store<u32>(record + PAGE_RUNS, run);
  const offset = load<u16>(op + OP_PAGE_OFFSET);
  memory.fill(op, 0, OP_SIZE);
  store<u16>(op + OP, <u16>(word(TLB_USED) == cpu + TLB ? JIT_SYSTEM : JIT_USER));
  store<u16>(op + OP_PAGE_OFFSET, offset);
  store<u16>(op + JIT_OP_ENTRY, <u16>entry);
  store<u32>(op + JIT_OP_FUNCTION, index);
  store<u32>(op + JIT_OP_ORIGINAL, moved);
}
