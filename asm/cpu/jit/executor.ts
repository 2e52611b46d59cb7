// Operations that the JIT leaves to their executors: what these read from the vCPU block goes there, what they may have
// changed comes back.
import { CODE_KEY, JUMP, OK, RIP, ZERO } from "../../layout/cpu";
import { JIT_FALLBACK_SLOTS, JIT_FALLBACKS } from "../../layout/jit";
import { OP_BASE, OP_DST, OP_INDEX, OP_SRC } from "../../layout/op";
import { CLASS_EXECUTOR, CLASS_LIGHT_FLAGS } from "../../generated/jit-forms";
import { execute } from "../../generated/interpreter";
import { nextRip } from "../rip";
import { beginIf, call, const32, endIf, get, set } from "./emit";
import { exitWithNext, loadRegisters, refund, returnNext, storeRegisters } from "./exits";
import { loadFlags, settleFlags, storeFlags } from "./flags";
import { classOf } from "./forms";
import { NEXT } from "./locals";
import { originalAt } from "./original";
import { CALL_EXECUTE } from "./module";
import { CPU, MODIFIED, NUMBER, PC, USED, word } from "./state";

/** Execute an operation for compiled code: 0 to go on, or `pc` and the status to leave with. */
export function executeFor(cpu: u32, op: u32, number: u32): u32 {
  // Another region may begin here by now.
  const pc = originalAt(op);
  const count = JIT_FALLBACKS + (number & (JIT_FALLBACK_SLOTS - 1)) * 4;
  store<u32>(count, load<u32>(count) + 1);
  const key = load<u32>(cpu + CODE_KEY);
  const status = execute(cpu, pc, number);
  if (status != OK) return pc | status;
  if (load<u32>(cpu + CODE_KEY) == key) return 0;
  // Code was dropped, perhaps this.
  store<u64>(cpu + RIP, nextRip(cpu, pc));
  return pc | JUMP;
}

function callExecutor(): void {
  const32(word(CPU));
  const32(word(PC));
  const32(word(NUMBER));
  call(CALL_EXECUTE);
  set(NEXT);
}

export function emitExecutor(form: u32): void {
  if (classOf(form) != CLASS_EXECUTOR) {
    emitLight(form);
    return;
  }
  settleFlags();
  storeRegisters(word(MODIFIED));
  storeFlags();
  callExecutor();
  get(NEXT);
  beginIf();
  refund();
  returnNext(NEXT);
  endIf();
  loadRegisters(word(USED) | word(MODIFIED));
  loadFlags();
}

/** An executor that reads only the registers that the operation names, and writes at most its first operand. */
function emitLight(form: u32): void {
  const pc = word(PC);
  const dst = <u32>load<u16>(pc + OP_DST);
  const named = maskOf(dst) | maskOf(load<u16>(pc + OP_SRC)) | maskOf(load<u16>(pc + OP_BASE)) | maskOf(load<u16>(pc + OP_INDEX));
  storeRegisters(named & word(MODIFIED));
  callExecutor();
  loadRegisters(maskOf(dst));
  get(NEXT);
  beginIf();
  exitWithNext();
  endIf();
  if (classOf(form) == CLASS_LIGHT_FLAGS) loadFlags();
}

function maskOf(offset: u32): u32 {
  return offset < ZERO ? 1 << (offset >> 3) : 0;
}
