// Where the operations' loop meets the JIT: entering compiled code, and looking for hot code between slices.
import { COUNT_JIT_ENTRIES, JIT_INSTRUCTIONS, JIT_MODE, MODE, MODE_LONG64, RIP, STEP_OF } from "../../layout/cpu";
import {
  JIT_OFF, JIT_OP_ENTRY, JIT_OP_FUNCTION, JIT_SAMPLE_SLOTS, JIT_SAMPLES, JIT_STRESS,
} from "../../layout/jit";
import { OP_SIZE } from "../../layout/op";
import { COLD } from "./exits";
import { currentRip } from "../rip";
import { setWord, WARM, word } from "./state";
import { isCompiled } from "./original";
import { attendQueue, enqueue } from "./queue";

/** Slices in instructions: while cold code is executed, and while compiled code is. */
const COLD_SLICE: i32 = 1_000;
const WARM_SLICE: i32 = 8_000;
const STRESS_SLICE: i32 = 50;
/** Heat at which an operation is compiled; what a sample and an exit from compiled code to it add. */
const HOT: u32 = 256;
const SAMPLE_HEAT: u32 = 64;
const EXIT_HEAT: u32 = 1;
/** Run compiled code from a JIT operation on: what is left << 32 | operation to go on with | status. */
export function enterCompiled(cpu: u32, op: u32, left: i32): u64 {
  const result = call_indirect<u64>(load<u32>(op + JIT_OP_FUNCTION), left, <u32>load<u16>(op + JIT_OP_ENTRY));
  store<u64>(cpu + JIT_INSTRUCTIONS, load<u64>(cpu + JIT_INSTRUCTIONS) + <u64>(<u32>(left - <i32>(result >> 32)) / OP_SIZE));
  store<u32>(cpu + COUNT_JIT_ENTRIES, load<u32>(cpu + COUNT_JIT_ENTRIES) + 1);
  const status = <u32>result & (OP_SIZE - 1);
  if (status != COLD) return result;
  const target = <u32>result & ~(OP_SIZE - 1);
  if (heat(target, EXIT_HEAT)) {
    store<u64>(cpu + RIP, currentRip(cpu, target));
    enqueue(cpu, target);
  }
  return result - COLD;
}

/** Add to an operation's heat; true when it becomes hot by that. */
function heat(op: u32, more: u32): bool {
  const slot = JIT_SAMPLES + ((op / OP_SIZE) & (JIT_SAMPLE_SLOTS - 1)) * 8;
  const before = load<u32>(slot) == op ? load<u32>(slot + 4) : 0;
  store<u32>(slot, op);
  store<u32>(slot + 4, before + more);
  return before < HOT && before + more >= HOT;
}

/** Length of the next slice, in bytes of operations. */
export function sliceOf(cpu: u32): i32 {
  const mode = load<u32>(cpu + JIT_MODE);
  if (mode == JIT_OFF) return i32.MAX_VALUE;
  if (mode == JIT_STRESS) return STRESS_SLICE * OP_SIZE;
  return (word(WARM) ? WARM_SLICE : COLD_SLICE) * OP_SIZE;
}

/** A slice ended before the operation `op`, at RIP: hot code is where that happens often. */
export function sampleAt(cpu: u32, op: u32): void {
  const mode = load<u32>(cpu + JIT_MODE);
  if (mode == JIT_OFF || load<u32>(cpu + STEP_OF) || !(load<u32>(cpu + MODE) & MODE_LONG64)) return;
  const compiled = isCompiled(op);
  setWord(WARM, u32(compiled));
  if (!compiled) {
    if (heat(op, SAMPLE_HEAT) || mode == JIT_STRESS) enqueue(cpu, op);
  }
  attendQueue(cpu);
}
