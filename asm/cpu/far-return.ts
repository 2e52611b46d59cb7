// Far RET, and what IRET shares with it: the checks of the segments that are returned to (Intel SDM vol. 2, RET, IRET).
import { CPL, CS, FAULT, MODE, MODE_REAL, MODE_V86, OK, RSP, SEG_ATTR, SEG_LIMIT, SS } from "../layout/cpu";
import {
  attributesOf, CONFORMING, copyRecord, dplOf, enterable, fetchDescriptor, isNull, LONG, longMode, markAccessed,
  NEW_CS, NEW_SS, PRESENT, segment, selectorFault, unpackAccessed,
} from "./descriptor";
import { enterCode, enterReal } from "./enter-code";
import { GP, NP, raiseError } from "./exception";
import { peek, setStackPointer, slotAt } from "./far-stack";
import { isCode } from "./far-transfer";
import { checkStackSegment, dropInnerSegments, setNullStack } from "./segment";

/** RETF that releases `release` bytes of parameters; operand size `size` bytes. */
export function returnFar(cpu: u32, size: u32, release: u32): u32 {
  let at = peek(cpu, 0, size);
  if (!at) return FAULT;
  const rip = slotAt(at, size);
  at = peek(cpu, size, size);
  if (!at) return FAULT;
  const selector = <u32>load<u16>(at);
  if (load<u32>(cpu + MODE) & (MODE_REAL | MODE_V86)) {
    if (rip > <u64>load<u32>(segment(cpu, CS) + SEG_LIMIT)) return raiseError(cpu, GP, 0);
    setStackPointer(cpu, load<u64>(cpu + RSP) + 2 * size + release);
    return enterReal(cpu, selector, rip);
  }
  if (checkReturnCode(cpu, selector) != OK) return FAULT;
  const level = selector & 3;
  if (level == load<u32>(cpu + CPL)) {
    if (!enterable(cpu, cpu + NEW_CS, rip)) return raiseError(cpu, GP, 0);
    setStackPointer(cpu, load<u64>(cpu + RSP) + 2 * size + release);
    return enterCode(cpu, rip);
  }
  at = peek(cpu, 2 * size + release, size);
  if (!at) return FAULT;
  const rsp = slotAt(at, size);
  at = peek(cpu, 3 * size + release, size);
  if (!at) return FAULT;
  if (checkReturnStack(cpu, <u32>load<u16>(at), level) != OK) return FAULT;
  if (!enterable(cpu, cpu + NEW_CS, rip)) return raiseError(cpu, GP, 0);
  return enterOuter(cpu, rip, rsp + release, level);
}

/** The code segment that RETF or IRET goes to, into NEW_CS. */
export function checkReturnCode(cpu: u32, selector: u32): u32 {
  if (isNull(selector)) return raiseError(cpu, GP, 0);
  const at = fetchDescriptor(cpu, selector, GP);
  if (!at) return FAULT;
  const descriptor = load<u64>(at);
  const attributes = attributesOf(descriptor);
  const rpl = selector & 3;
  const dpl = dplOf(attributes);
  if (!isCode(cpu, attributes) || rpl < load<u32>(cpu + CPL)) return selectorFault(cpu, GP, selector);
  if (attributes & CONFORMING ? dpl > rpl : dpl != rpl) return selectorFault(cpu, GP, selector);
  if (!(attributes & PRESENT)) return selectorFault(cpu, NP, selector);
  if (!markAccessed(cpu, selector, descriptor)) return FAULT;
  unpackAccessed(cpu + NEW_CS, selector, descriptor);
  return OK;
}

/** The stack segment that goes with the code segment in NEW_CS, into NEW_SS. Null is for 64-bit code below CPL 3. */
export function checkReturnStack(cpu: u32, selector: u32, level: u32): u32 {
  if (!isNull(selector)) return checkStackSegment(cpu, selector, level, GP);
  const long = longMode(cpu) && (load<u32>(cpu + NEW_CS + SEG_ATTR) & LONG) != 0;
  if (!long || level == 3) return raiseError(cpu, GP, 0);
  setNullStack(cpu + NEW_SS, selector, level);
  return OK;
}

/** Continue at privilege level `level`, the current one or an outer one, with the segments in NEW_CS and NEW_SS. */
export function enterOuter(cpu: u32, rip: u64, rsp: u64, level: u32): u32 {
  if (level != load<u32>(cpu + CPL)) {
    store<u32>(cpu + CPL, level);
    dropInnerSegments(cpu, level);
  }
  copyRecord(segment(cpu, SS), cpu + NEW_SS);
  const result = enterCode(cpu, rip);
  setStackPointer(cpu, rsp);
  return result;
}
