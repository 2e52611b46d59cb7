// Near transfers of control outside the operations' loop. A target is cut to the operand size and checked before anything
// changes: against CS's limit, or for being canonical in 64-bit mode.
import { CS, FAULT, JUMP, MODE, MODE_LONG64, OK, RCX, RIP, RIP_BASE, SEG, SEG_LIMIT, SEG_SIZE } from "../../layout/cpu";
import { OP_DISP, OP_IMM } from "../../layout/op";
import { GP, raiseError } from "../exception";
import { condition, getZF } from "../flags";
import { canonical } from "../linear";
import { nextRip } from "../rip";
import { loadSized, moveStack, push, stackRead } from "../stack";
import { addressMask, setMasked, single } from "./operand";

/** Whether execution may go on at `target`; #GP(0) is recorded when not. */
function reachable(cpu: u32, target: u64): bool {
  if (load<u32>(cpu + MODE) & MODE_LONG64) {
    if (canonical(target)) return true;
  } else if (target <= <u64>load<u32>(cpu + SEG + CS * SEG_SIZE + SEG_LIMIT)) return true;
  raiseError(cpu, GP, 0);
  return false;
}

function jumpTo(cpu: u32, target: u64): u32 {
  if (!reachable(cpu, target)) return FAULT;
  store<u64>(cpu + RIP, target);
  return JUMP;
}

/** Target of a relative branch in an operand size of T. */
@inline
function relative<T>(cpu: u32, pc: u32): u64 {
  return <u64>(<T>(load<u64>(cpu + RIP_BASE) + <u64><i64>load<i32>(pc + OP_DISP)));
}

export function jumpRelative<T>(cpu: u32, pc: u32): u32 {
  return jumpTo(cpu, relative<T>(cpu, pc));
}

export function jumpIf<T>(cpu: u32, pc: u32, code: u32): u32 {
  return condition(cpu, code) ? jumpTo(cpu, relative<T>(cpu, pc)) : OK;
}

export function jumpIndirect<T>(cpu: u32, pc: u32, memory: bool): u32 {
  const at = single<T>(cpu, pc, memory);
  if (!at) return FAULT;
  return jumpTo(cpu, <u64>load<T>(at));
}

@inline
function callTo<T>(cpu: u32, pc: u32, target: u64): u32 {
  if (!reachable(cpu, target)) return FAULT;
  if (push(cpu, sizeof<T>(), nextRip(cpu, pc)) != OK) return FAULT;
  store<u64>(cpu + RIP, target);
  return JUMP;
}

export function callRelative<T>(cpu: u32, pc: u32): u32 {
  return callTo<T>(cpu, pc, relative<T>(cpu, pc));
}

export function callIndirect<T>(cpu: u32, pc: u32, memory: bool): u32 {
  const at = single<T>(cpu, pc, memory);
  if (!at) return FAULT;
  return callTo<T>(cpu, pc, <u64>load<T>(at));
}

/** RET; `release` more bytes leave the stack. */
export function returnNear(cpu: u32, size: u32, release: u32): u32 {
  const at = stackRead(cpu, 0, size);
  if (!at) return FAULT;
  const target = loadSized(at, size);
  if (!reachable(cpu, target)) return FAULT;
  moveStack(cpu, size + release);
  store<u64>(cpu + RIP, target);
  return JUMP;
}

export function releaseBytes(pc: u32): u32 {
  return <u32>load<u16>(pc + OP_IMM);
}

export const LOOPNE: u32 = 0;
export const LOOPE: u32 = 1;
export const LOOP: u32 = 2;

/** LOOP, LOOPE, LOOPNE: the count goes down before the target is looked at, but not when the target faults. */
export function loopBack<T>(cpu: u32, pc: u32, kind: u32): u32 {
  const mask = addressMask(pc);
  const left = load<u64>(cpu + RCX) - 1;
  const taken = (left & mask) != 0 && (kind == LOOP || getZF(cpu) == kind);
  if (taken && jumpTo(cpu, relative<T>(cpu, pc)) == FAULT) return FAULT;
  setMasked(cpu + RCX, left, mask);
  return taken ? JUMP : OK;
}

/** JCXZ, JECXZ, JRCXZ. */
export function jumpIfNoCount<T>(cpu: u32, pc: u32): u32 {
  return (load<u64>(cpu + RCX) & addressMask(pc)) == 0 ? jumpTo(cpu, relative<T>(cpu, pc)) : OK;
}
