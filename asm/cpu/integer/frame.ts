// PUSHA, POPA, ENTER, LEAVE. Sizes are operand sizes in bytes; addresses have the stack's width.
import { FAULT, OK, RAX, RBP, RSP, SCRATCH } from "../../layout/cpu";
import { OP_IMM } from "../../layout/op";
import {
  loadSized, moveStack, setStackWide, stackMask, stackRead, stackReadAt, stackStore, stackWrite, stackWriteAt, storeSized,
} from "../stack";
import { commit } from "../access";
import { setRegister } from "./operand";

const REGISTERS: i32 = 8;

/** PUSHA: rAX rCX rDX rBX, the original rSP, rBP rSI rDI. */
export function pushAll(cpu: u32, size: i32): u32 {
  // Every slot is tried before the first is written.
  for (let i = 1; i <= REGISTERS; i++) if (!stackWrite(cpu, -i * size, size)) return FAULT;
  for (let i = 1; i <= REGISTERS; i++) {
    const at = stackWrite(cpu, -i * size, size);
    if (!at) return FAULT;
    storeSized(at, size, load<u64>(cpu + RAX + (i - 1) * 8));
    commit(cpu, at);
  }
  moveStack(cpu, -REGISTERS * size);
  return OK;
}

/** POPA: the reverse; the slot of rSP is skipped. */
export function popAll(cpu: u32, size: i32): u32 {
  for (let i = 0; i < REGISTERS; i++) {
    const at = stackRead(cpu, i * size, size);
    if (!at) return FAULT;
    store<u64>(cpu + SCRATCH + i * 8, loadSized(at, size));
  }
  moveStack(cpu, REGISTERS * size);
  for (let i = 0; i < REGISTERS; i++) {
    const to = cpu + RAX + (REGISTERS - 1 - i) * 8;
    if (to == cpu + RSP) continue;
    setSized(to, size, load<u64>(cpu + SCRATCH + i * 8));
  }
  return OK;
}

/** Store a register in an operand size of 2, 4 or 8 bytes. */
function setSized(at: u32, size: u32, value: u64): void {
  if (size == 8) store<u64>(at, value);
  else if (size == 4) setRegister<u32>(at, <u32>value);
  else store<u16>(at, <u16>value);
}

/** ENTER: push rBP, copy the enclosing frames' pointers, make rBP this frame and reserve room. */
export function enter(cpu: u32, pc: u32, size: u32): u32 {
  const operand = load<u32>(pc + OP_IMM);
  const room = <u64>(operand & 0xffff);
  const level = (operand >> 16) & 31;
  const frame = load<u64>(cpu + RSP) - size;
  if (stackStore(cpu, frame, size, load<u64>(cpu + RBP)) != OK) return FAULT;
  let rsp = frame;
  if (level) {
    let outer = load<u64>(cpu + RBP);
    for (let i: u32 = 1; i < level; i++) {
      outer -= size;
      rsp -= size;
      const at = stackReadAt(cpu, outer, size);
      if (!at) return FAULT;
      if (stackStore(cpu, rsp, size, loadSized(at, size)) != OK) return FAULT;
    }
    rsp -= size;
    if (stackStore(cpu, rsp, size, frame) != OK) return FAULT;
  }
  rsp -= room;
  // ENTER ends with a check, not a write, of the new top of the stack (AMD APM vol. 3, ENTER).
  if (!stackWriteAt(cpu, rsp, size)) return FAULT;
  setStackWide(cpu, RSP, rsp);
  // A frame pointer that the stack's width cannot hold is cut like the stack pointer.
  setSized(cpu + RBP, size, frame & stackMask(cpu));
  return OK;
}

/** LEAVE: rSP = rBP, pop rBP. */
export function leave(cpu: u32, size: u32): u32 {
  const frame = load<u64>(cpu + RBP);
  const at = stackReadAt(cpu, frame, size);
  if (!at) return FAULT;
  const value = loadSized(at, size);
  setStackWide(cpu, RSP, frame + size);
  setSized(cpu + RBP, size, value);
  return OK;
}
