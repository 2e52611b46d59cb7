// IRET in every mode (Intel SDM vol. 2, IRET).
import {
  CPL, CS, DS, ES, FAULT, FS, GS, JUMP, MODE, MODE_LONG64, MODE_REAL, MODE_V86, NMI_BLOCKED, OK, RIP, RSP, SEG_BASE,
  SEG_LIMIT, SS, TLB_NOW, TR,
} from "../layout/cpu";
import { readLinear } from "./access";
import {
  attributesOf, BUSY, enterable, fetchDescriptor, FRAME, longMode, NEW_CS, NOT_SYSTEM, PRESENT, segment, selectorFault,
  TSS16, TSS32, TYPE, wideRead,
} from "./descriptor";
import { enterCode, enterReal } from "./enter-code";
import { GP, NP, raiseError, SS_FAULT, TS } from "./exception";
import { finishSwitch } from "./far-gate";
import { checkReturnCode, checkReturnStack, enterOuter } from "./far-return";
import { frameValue, peek, setStackPointer, slotAt } from "./far-stack";
import { AC, ARITHMETIC, DF, getFlags, ID, IF, IOPL, NT, RF, setFlags, TF, VIF, VIP, VM } from "./flags";
import { updateMode } from "./mode";
import { setV86Segment } from "./segment";
import { SWITCH_IRET, switchTask } from "./task";
import { systemTlb } from "./tlb";

/** Operand size `size` bytes. RIP is that of the instruction after it when a task is left. */
export function returnFromInterrupt(cpu: u32, size: u32, next: u64): u32 {
  const mode = load<u32>(cpu + MODE);
  let result: u32;
  if (mode & MODE_LONG64) result = returnLong(cpu, size);
  else if (mode & (MODE_REAL | MODE_V86)) result = returnReal(cpu, size);
  else result = returnLegacy(cpu, size, next);
  if (result != FAULT) store<u32>(cpu + NMI_BLOCKED, 0);
  return result;
}

/** Flags that IRET may change at privilege level `level`. */
function flagMask(cpu: u32, size: u32, level: u32): u32 {
  let mask = ARITHMETIC | TF | DF | NT;
  if (size > 2) mask |= RF | AC | ID;
  const flags = getFlags(cpu);
  if (level <= (flags & IOPL) >> 12) mask |= IF;
  if (level == 0) mask |= size > 2 ? IOPL | VIF | VIP : IOPL;
  return mask;
}

function restoreFlags(cpu: u32, image: u32, mask: u32): void {
  setFlags(cpu, (getFlags(cpu) & ~mask) | (image & mask));
}

/** In 64-bit mode all five slots are popped, whatever the privilege level. */
function returnLong(cpu: u32, size: u32): u32 {
  if (getFlags(cpu) & NT) return raiseError(cpu, GP, 0);
  const frame = readLinear(cpu, load<u32>(cpu + TLB_NOW), load<u64>(cpu + RSP), 5 * size, SS_FAULT);
  if (!frame) return FAULT;
  const rip = slotAt(frame, size);
  const selector = <u32>slotAt(frame + size, size) & 0xffff;
  const flags = <u32>slotAt(frame + 2 * size, size);
  const rsp = slotAt(frame + 3 * size, size);
  const stack = <u32>slotAt(frame + 4 * size, size) & 0xffff;
  const level = selector & 3;
  if (checkReturnCode(cpu, selector) != OK || checkReturnStack(cpu, stack, level) != OK) return FAULT;
  if (!enterable(cpu, cpu + NEW_CS, rip)) return raiseError(cpu, GP, 0);
  restoreFlags(cpu, flags, flagMask(cpu, size, load<u32>(cpu + CPL)));
  return enterOuter(cpu, rip, rsp, level);
}

/** Real-address mode, and virtual-8086 mode with IOPL 3, where IOPL itself stays. */
function returnReal(cpu: u32, size: u32): u32 {
  const virtual86 = (load<u32>(cpu + MODE) & MODE_V86) != 0;
  if (virtual86 && (getFlags(cpu) & IOPL) != IOPL) return raiseError(cpu, GP, 0);
  let at = peek(cpu, 0, size);
  if (!at) return FAULT;
  const rip = slotAt(at, size);
  at = peek(cpu, size, size);
  if (!at) return FAULT;
  const selector = <u32>load<u16>(at);
  at = peek(cpu, 2 * size, size);
  if (!at) return FAULT;
  const flags = <u32>slotAt(at, size);
  if (rip > <u64>load<u32>(segment(cpu, CS) + SEG_LIMIT)) return raiseError(cpu, GP, 0);
  setStackPointer(cpu, load<u64>(cpu + RSP) + 3 * size);
  restoreFlags(cpu, flags, flagMask(cpu, size, virtual86 ? 3 : 0) & ~(VIF | VIP));
  return enterReal(cpu, selector, rip);
}

/** Protected mode outside long mode, and compatibility mode. */
function returnLegacy(cpu: u32, size: u32, next: u64): u32 {
  const cpl = load<u32>(cpu + CPL);
  if (getFlags(cpu) & NT) return longMode(cpu) ? raiseError(cpu, GP, 0) : returnToTask(cpu, next);
  let at = peek(cpu, 0, size);
  if (!at) return FAULT;
  const rip = slotAt(at, size);
  at = peek(cpu, size, size);
  if (!at) return FAULT;
  const selector = <u32>load<u16>(at);
  at = peek(cpu, 2 * size, size);
  if (!at) return FAULT;
  const flags = <u32>slotAt(at, size);
  if (flags & VM && cpl == 0 && !longMode(cpu)) return returnToV86(cpu, rip, selector, flags);
  if (checkReturnCode(cpu, selector) != OK) return FAULT;
  const level = selector & 3;
  if (level == cpl) {
    if (!enterable(cpu, cpu + NEW_CS, rip)) return raiseError(cpu, GP, 0);
    setStackPointer(cpu, load<u64>(cpu + RSP) + 3 * size);
    restoreFlags(cpu, flags, flagMask(cpu, size, cpl));
    return enterCode(cpu, rip);
  }
  at = peek(cpu, 3 * size, size);
  if (!at) return FAULT;
  const rsp = slotAt(at, size);
  at = peek(cpu, 4 * size, size);
  if (!at) return FAULT;
  if (checkReturnStack(cpu, <u32>load<u16>(at), level) != OK) return FAULT;
  if (!enterable(cpu, cpu + NEW_CS, rip)) return raiseError(cpu, GP, 0);
  restoreFlags(cpu, flags, flagMask(cpu, size, cpl));
  return enterOuter(cpu, rip, rsp, level);
}

/** To virtual-8086 mode: ESP SS ES DS FS GS follow EFLAGS, in 4-byte slots. */
function returnToV86(cpu: u32, eip: u64, selector: u32, flags: u32): u32 {
  for (let slot: u32 = 3; slot < 9; slot++) {
    const at = peek(cpu, slot * 4, 4);
    if (!at) return FAULT;
    frameValue(cpu, slot, load<u32>(at));
  }
  if (eip > 0xffff) return raiseError(cpu, GP, 0);
  const frame = cpu + FRAME;
  restoreFlags(cpu, flags, flagMask(cpu, 4, 0) | VM);
  store<u64>(cpu + RSP, <u64>load<u32>(frame, 12));
  setV86Segment(cpu, CS, selector);
  setV86Segment(cpu, SS, load<u16>(frame, 16));
  setV86Segment(cpu, ES, load<u16>(frame, 20));
  setV86Segment(cpu, DS, load<u16>(frame, 24));
  setV86Segment(cpu, FS, load<u16>(frame, 28));
  setV86Segment(cpu, GS, load<u16>(frame, 32));
  store<u32>(cpu + CPL, 3);
  store<u64>(cpu + RIP, eip);
  updateMode(cpu);
  return JUMP;
}

/** NT: back to the task that the task state segment's link names. */
function returnToTask(cpu: u32, next: u64): u32 {
  const link = wideRead(cpu, systemTlb(cpu), load<u64>(segment(cpu, TR) + SEG_BASE), 2, TS);
  if (!link) return FAULT;
  const selector = <u32>load<u16>(link);
  if (selector & 4) return selectorFault(cpu, TS, selector);
  const at = fetchDescriptor(cpu, selector, TS);
  if (!at) return FAULT;
  const descriptor = load<u64>(at);
  const attributes = attributesOf(descriptor);
  const type = attributes & (NOT_SYSTEM | TYPE);
  if (type != (TSS16 | BUSY) && type != (TSS32 | BUSY)) return selectorFault(cpu, TS, selector);
  if (!(attributes & PRESENT)) return selectorFault(cpu, NP, selector);
  return finishSwitch(cpu, switchTask(cpu, selector, descriptor, SWITCH_IRET, next, getFlags(cpu)));
}
