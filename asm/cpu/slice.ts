// Between operations: what the loop in generated/interpreter.ts does when its straight line ends. Looks at interrupts and
// other wishes, finds the next operation, settles exceptions and exits, and executes one instruction at a time where
// single-stepping, breakpoints or an interrupt shadow ask for it.
import {
  ARENA_DROPS, CHARGED, CODE_KEY, CS, EXC_FLAGS, EXC_TRAP, EXIT, EXIT_HALT, EXIT_HALT_FOREVER, EXIT_REASON, EXIT_SLICE,
  EXITING, FAULT, HALTED, INSTRUCTIONS, JUMP, MODE, MODE_LONG64, PENDING, RESTART, RFLAGS, RIP, SEG, SEG_BASE, SEG_SIZE,
  SHADOW, SHADOW_SET, SHADOW_SS, STEP, STEP_ALONE, STEP_LEFT, STEP_OF, STEP_RF, STEP_TF, STOP,
} from "../layout/cpu";
import { OP, OP_LINK, OP_LINK_KEY, OP_SIZE } from "../layout/op";
import { CROSS } from "../generated/ops";
import { single } from "./alone";
import { debugTrap, executionBreakpoint } from "./debug";
import { RF, TF } from "./flags";
import { deliver } from "./interrupt";
import { lookup } from "./lookup";
import { currentRip } from "./rip";
import { serve } from "./serve";

/** Statuses of the loop itself, beside those that operations return: a branch was taken and RIP says where to; fetching at RIP faulted. Both are accounted for. */
export const TAKEN: u32 = 5;
export const FETCH_FAULT: u32 = 6;

/**
 * A fault, and a repetition's pause, retire no instruction, but they take time. They are charged to the slice as so many
 * bytes of operations, lest a guest that does nothing else stay in run for ever.
 */
const FAULT_CHARGE: i32 = <i32>OP_SIZE;
const PAUSE_CHARGE: i32 = 128 * <i32>OP_SIZE;

@inline
function charge(cpu: u32, bytes: i32): void {
  store<i32>(cpu + CHARGED, load<i32>(cpu + CHARGED) + bytes);
}

/**
 * The operation to go on with, or 0 when run must return (EXIT_REASON says why). `from` is a branch operation, or 0, whose
 * target is at RIP.
 */
export function nextOperation(cpu: u32, left: i32, from: u32): u32 {
  const target = load<u64>(cpu + RIP);
  while (true) {
    if (load<u32>(cpu + EXITING)) return 0;
    if (left <= load<i32>(cpu + CHARGED)) return leave(cpu, EXIT_SLICE);
    if (load<u32>(cpu + PENDING) | load<u32>(cpu + STOP) | load<u32>(cpu + HALTED)) {
      if (!serve(cpu)) return 0;
    }
    if (load<u32>(cpu + STEP) && breaks(cpu)) continue;
    const drops = load<u32>(cpu + ARENA_DROPS);
    const rip = load<u64>(cpu + RIP);
    const op = lookup(cpu, rip);
    if (!op) {
      settleFault(cpu);
      continue;
    }
    if (from && rip == target && drops == load<u32>(cpu + ARENA_DROPS)) {
      store<u32>(from + OP_LINK, op);
      store<u32>(from + OP_LINK_KEY, load<u32>(cpu + CODE_KEY));
    }
    if (!(load<u32>(cpu + STEP) | load<u32>(cpu + SHADOW))) return op;
    return alone(cpu, op);
  }
}

function leave(cpu: u32, reason: u32): u32 {
  store<u32>(cpu + EXIT_REASON, reason);
  return 0;
}

/** An instruction breakpoint at RIP raises #DB before the instruction. True when it did. */
function breaks(cpu: u32): bool {
  const base = load<u32>(cpu + MODE) & MODE_LONG64 ? 0 : load<u64>(cpu + SEG + CS * SEG_SIZE + SEG_BASE);
  if (!executionBreakpoint(cpu, base + load<u64>(cpu + RIP))) return false;
  settleFault(cpu);
  return true;
}

/** Arrange for just the instruction at `op` to be executed. */
function alone(cpu: u32, op: u32): u32 {
  const flags = load<u32>(cpu + RFLAGS);
  store<u32>(cpu + STEP_OF, STEP_ALONE | (flags & TF ? STEP_TF : 0) | (flags & RF ? STEP_RF : 0));
  store<u32>(cpu + SHADOW_SET, 0);
  return load<u16>(op + OP) == CROSS ? op : single(cpu, op);
}

/** What `left` the loop goes on with: less what was charged, which does not count as instructions; while stepping, enough for one. */
export function sliceLeft(cpu: u32, left: i32): i32 {
  const charged = load<i32>(cpu + CHARGED);
  if (charged) {
    left -= charged;
    store<i32>(cpu + CHARGED, 0);
    store<u64>(cpu + INSTRUCTIONS, load<u64>(cpu + INSTRUCTIONS) - <u64>(<u32>charged / OP_SIZE));
  }
  if (!load<u32>(cpu + STEP_OF)) return left;
  store<i32>(cpu + STEP_LEFT, left);
  return 1;
}

/** Bytes of operations executed since `start` that no branch accounted for. */
export function accountFor(cpu: u32, status: u32, pc: u32, start: u32): i32 {
  if (status == JUMP || status == EXIT) return <i32>(pc - start + OP_SIZE);
  if (status == TAKEN || status == FETCH_FAULT) return 0;
  const trap = status == FAULT && (load<u32>(cpu + EXC_FLAGS) & EXC_TRAP) != 0;
  return <i32>(pc - start + (trap ? OP_SIZE : 0));
}

/** After the loop's line ended with `status` at `pc`: deliver what was raised, note exits, end a step. Answers what is left. */
export function settle(cpu: u32, pc: u32, status: u32, left: i32): i32 {
  const step = load<u32>(cpu + STEP_OF);
  if (step) left = load<i32>(cpu + STEP_LEFT) - (status == FAULT ? 0 : <i32>OP_SIZE);
  if (status == FAULT) {
    if (!(load<u32>(cpu + EXC_FLAGS) & EXC_TRAP)) store<u64>(cpu + RIP, currentRip(cpu, pc));
    settleFault(cpu);
  } else if (status == FETCH_FAULT) settleFault(cpu);
  else if (status == EXIT) noteExit(cpu);
  else if (status == RESTART && !step) charge(cpu, PAUSE_CHARGE);
  if (step) endStep(cpu, status, step);
  return left;
}

function settleFault(cpu: u32): void {
  charge(cpu, FAULT_CHARGE);
  if (deliver(cpu) == EXIT) store<u32>(cpu + EXITING, 1);
}

function noteExit(cpu: u32): void {
  store<u32>(cpu + EXITING, 1);
  const reason = load<u32>(cpu + EXIT_REASON);
  if (reason != EXIT_HALT && reason != EXIT_HALT_FOREVER) return;
  store<u32>(cpu + HALTED, 1);
  store<u32>(cpu + SHADOW, 0);
}

/** The instruction executed alone is over: end the interrupt shadow, raise what single-stepping and data breakpoints ask for. */
function endStep(cpu: u32, status: u32, step: u32): void {
  const stepped = (load<u32>(cpu + STEP_OF) & STEP_TF) != 0;
  store<u32>(cpu + STEP_OF, 0);
  if (!load<u32>(cpu + SHADOW_SET)) store<u32>(cpu + SHADOW, 0);
  if (status == FAULT || status == FETCH_FAULT) return;
  // A repetition to be gone on with keeps RF, so that its instruction breakpoint does not hit again (Intel SDM vol. 3, 18.3.1.1).
  if (status == RESTART) store<u32>(cpu + RFLAGS, load<u32>(cpu + RFLAGS) | RF);
  else if (step & STEP_RF) store<u32>(cpu + RFLAGS, load<u32>(cpu + RFLAGS) & ~RF);
  // After a load of SS debug traps wait for the next instruction (Intel SDM vol. 3, 6.8.3).
  if (load<u32>(cpu + SHADOW_SET) && load<u32>(cpu + SHADOW) == SHADOW_SS) return;
  if (debugTrap(cpu, stepped) == FAULT) settleFault(cpu);
}

/** End of run: count what was executed, answer the reason. */
export function finishSlice(cpu: u32, used: i32): u32 {
  store<u64>(cpu + INSTRUCTIONS, load<u64>(cpu + INSTRUCTIONS) + <u64>(<u32>used / OP_SIZE));
  store<u32>(cpu + EXITING, 0);
  store<i32>(cpu + CHARGED, 0);
  return load<u32>(cpu + EXIT_REASON);
}
