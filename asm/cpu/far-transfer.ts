// Far CALL and JMP (Intel SDM vol. 2, CALL, JMP): real mode and code segments here, gates and tasks in far-gate.ts.
import { CPL, CS, FAULT, MODE, MODE_REAL, MODE_V86, OK, RSP, SEG_LIMIT, SEG_SELECTOR } from "../layout/cpu";
import {
  attributesOf, BIG, CODE, CONFORMING, dplOf, enterable, fetchDescriptor, isNull, LONG, longMode, markAccessed, NEW_CS,
  NOT_SYSTEM, PRESENT, segment, selectorFault, unpackAccessed,
} from "./descriptor";
import { enterCode, enterReal } from "./enter-code";
import { GP, NP, raiseError } from "./exception";
import { transferBySystemDescriptor } from "./far-gate";
import { pushReturn } from "./far-stack";
import { NOWHERE } from "./linear";
import { nextRip } from "./rip";

/** Go to `selector:offset`; operand size `size` bytes; `call` pushes a return address. */
export function transfer(cpu: u32, pc: u32, selector: u32, offset: u64, size: u32, call: bool): u32 {
  if (load<u32>(cpu + MODE) & (MODE_REAL | MODE_V86)) return transferReal(cpu, pc, selector, offset, size, call);
  if (isNull(selector)) return raiseError(cpu, GP, 0);
  const at = fetchDescriptor(cpu, selector, GP);
  if (!at) return FAULT;
  const descriptor = load<u64>(at);
  if (!(attributesOf(descriptor) & NOT_SYSTEM)) {
    return transferBySystemDescriptor(cpu, selector, descriptor, nextRip(cpu, pc), call);
  }
  if (checkCode(cpu, selector, descriptor) != OK) return FAULT;
  if (!enterable(cpu, cpu + NEW_CS, offset)) return raiseError(cpu, GP, 0);
  if (call) {
    const rsp = pushReturn(cpu, load<u32>(segment(cpu, CS) + SEG_SELECTOR), nextRip(cpu, pc), size);
    if (rsp == NOWHERE) return FAULT;
    store<u64>(cpu + RSP, rsp);
  }
  return enterCode(cpu, offset);
}

function transferReal(cpu: u32, pc: u32, selector: u32, offset: u64, size: u32, call: bool): u32 {
  const cs = segment(cpu, CS);
  if (offset > <u64>load<u32>(cs + SEG_LIMIT)) return raiseError(cpu, GP, 0);
  if (call) {
    const rsp = pushReturn(cpu, load<u32>(cs + SEG_SELECTOR), nextRip(cpu, pc), size);
    if (rsp == NOWHERE) return FAULT;
    store<u64>(cpu + RSP, rsp);
  }
  return enterReal(cpu, selector, offset);
}

/** Whether a descriptor's attributes are those of a code segment that the processor can be in: not both L and D in long mode. */
export function isCode(cpu: u32, attributes: u32): bool {
  if ((attributes & (NOT_SYSTEM | CODE)) != (NOT_SYSTEM | CODE)) return false;
  return (attributes & (LONG | BIG)) != (LONG | BIG) || !longMode(cpu);
}

/** A code segment as direct target of CALL and JMP, into NEW_CS. */
function checkCode(cpu: u32, selector: u32, descriptor: u64): u32 {
  const attributes = attributesOf(descriptor);
  const cpl = load<u32>(cpu + CPL);
  const dpl = dplOf(attributes);
  if (!isCode(cpu, attributes)) return selectorFault(cpu, GP, selector);
  const denied = attributes & CONFORMING ? dpl > cpl : (selector & 3) > cpl || dpl != cpl;
  if (denied) return selectorFault(cpu, GP, selector);
  if (!(attributes & PRESENT)) return selectorFault(cpu, NP, selector);
  if (!markAccessed(cpu, selector, descriptor)) return FAULT;
  unpackAccessed(cpu + NEW_CS, (selector & 0xfffc) | cpl, descriptor);
  return OK;
}
