// PUSH and POP of registers, memory, immediates and segment registers.
import {
  FAULT, JUMP, MODE, OK, RSP, SEG, SEG_SELECTOR, SEG_SIZE, SHADOW, SHADOW_SET, SHADOW_SS, SS,
} from "../../layout/cpu";
import { OP_DST, OP_IMM } from "../../layout/op";
import { commit, readMemory, writeMemory } from "../access";
import { storeNextRip } from "../rip";
import { loadSegment } from "../segment";
import { moveStack, pop, popped, push, stackRead } from "../stack";
import { setRegister } from "./operand";

export function pushRegister<T>(cpu: u32, pc: u32): u32 {
  return push(cpu, sizeof<T>(), <u64>load<T>(cpu + <u32>load<u16>(pc + OP_DST)));
}

export function pushImmediate(cpu: u32, pc: u32, size: u32): u32 {
  return push(cpu, size, load<u64>(pc + OP_IMM));
}

export function pushMemory<T>(cpu: u32, pc: u32): u32 {
  const at = readMemory(cpu, pc, sizeof<T>());
  if (!at) return FAULT;
  return push(cpu, sizeof<T>(), <u64>load<T>(at));
}

/** POP to a register; into the stack pointer itself the popped value wins. */
export function popRegister<T>(cpu: u32, pc: u32): u32 {
  if (pop(cpu, sizeof<T>()) != OK) return FAULT;
  setRegister<T>(cpu + <u32>load<u16>(pc + OP_DST), <T>popped(cpu));
  return OK;
}

/** POP to memory: an address with the stack pointer as its base is computed after the increment. */
export function popMemory<T>(cpu: u32, pc: u32): u32 {
  const rsp = load<u64>(cpu + RSP);
  if (pop(cpu, sizeof<T>()) != OK) return FAULT;
  const at = writeMemory(cpu, pc, sizeof<T>());
  if (!at) {
    store<u64>(cpu + RSP, rsp);
    return FAULT;
  }
  store<T>(at, <T>popped(cpu));
  commit(cpu, at);
  return OK;
}

/** PUSH of a segment register: the selector, zero-extended to the operand size as AMD does. */
export function pushSegment(cpu: u32, segment: u32, size: u32): u32 {
  return push(cpu, size, <u64>load<u16>(cpu + SEG + segment * SEG_SIZE + SEG_SELECTOR));
}

/** POP to a segment register. After POP SS interrupts wait for one more instruction (Intel SDM vol. 3, 6.8.3). */
export function popSegment(cpu: u32, pc: u32, segment: u32, size: u32): u32 {
  const at = stackRead(cpu, 0, size);
  if (!at) return FAULT;
  const mode = load<u32>(cpu + MODE);
  const selector = <u32>load<u16>(at);
  const rsp = load<u64>(cpu + RSP);
  // The increment has the width of the stack that the selector was on.
  moveStack(cpu, <i32>size);
  if (loadSegment(cpu, segment, selector) != OK) {
    store<u64>(cpu + RSP, rsp);
    return FAULT;
  }
  if (segment == SS) {
    store<u32>(cpu + SHADOW, SHADOW_SS);
    store<u32>(cpu + SHADOW_SET, 1);
  }
  if (load<u32>(cpu + MODE) == mode) return OK;
  storeNextRip(cpu, pc);
  return JUMP;
}
