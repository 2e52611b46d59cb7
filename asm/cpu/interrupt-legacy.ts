// Interrupts and exceptions in protected and virtual-8086 mode outside long mode: 8-byte interrupt, trap and task gates
// (Intel SDM vol. 2, INT n; vol. 3, 6.12).
import {
  CPL, CS, DS, ES, EXC_HAS_ERROR, EXC_SOFTWARE, FAULT, FS, GS, IDT_BASE, IDT_LIMIT, OK, RIP, RSP, SEG_ATTR,
  SEG_SELECTOR, SS, TLB_NOW, TR,
} from "../layout/cpu";
import {
  attributesOf, CODE, CONFORMING, copyRecord, dplOf, enterable, fetchDescriptor, GATE_32, GATE_TRAP, INTERRUPT_GATE16,
  isNull, markAccessed, NEW_CS, NEW_SS, NOT_SYSTEM, PRESENT, segment, selectorFault, tableAddress, TASK_GATE, TYPE,
  unpackAccessed, wideRead,
} from "./descriptor";
import { enterCode } from "./enter-code";
import { GP, NP, raiseError } from "./exception";
import { frameValue, innerStack, pushFrame } from "./far-stack";
import { IF, NT, RF, setFlags, TF, VM } from "./flags";
import { NOWHERE } from "./linear";
import { savedFlags } from "./saved-flags";
import { setNull } from "./segment";
import { FAULT_AFTER, SWITCH_CALL } from "./task";
import { switchByGate } from "./task-gate";
import { systemTlb } from "./tlb";

/** Deliver `vector` with `error` if `kind` (EXC_*) says so. Returns OK, FAULT with nothing changed, or FAULT_AFTER in a new task. */
export function deliverLegacy(cpu: u32, vector: u32, error: u32, kind: u32): u32 {
  const gateError = vector * 8 + 2;
  if (vector * 8 + 7 > load<u32>(cpu + IDT_LIMIT)) return raiseError(cpu, GP, gateError);
  const at = wideRead(cpu, systemTlb(cpu), tableAddress(cpu, load<u64>(cpu + IDT_BASE), vector * 8), 8, GP);
  if (!at) return FAULT;
  const gate = load<u64>(at);
  const attributes = attributesOf(gate);
  const type = attributes & (NOT_SYSTEM | TYPE);
  const task = type == TASK_GATE;
  if (!task && (type & ~(GATE_32 | GATE_TRAP)) != INTERRUPT_GATE16) return raiseError(cpu, GP, gateError);
  if (kind & EXC_SOFTWARE && dplOf(attributes) < load<u32>(cpu + CPL)) return raiseError(cpu, GP, gateError);
  if (!(attributes & PRESENT)) return raiseError(cpu, NP, gateError);
  const flags = savedFlags(cpu, vector, kind);
  if (task) return deliverToTask(cpu, gate, flags, error, kind);
  return deliverThroughGate(cpu, gate, flags, error, kind);
}

function deliverToTask(cpu: u32, gate: u64, flags: u32, error: u32, kind: u32): u32 {
  const result = switchByGate(cpu, gate, SWITCH_CALL, load<u64>(cpu + RIP), flags);
  if (result != OK || !(kind & EXC_HAS_ERROR)) return result;
  const size: u32 = load<u32>(segment(cpu, TR) + SEG_ATTR) & GATE_32 ? 4 : 2;
  frameValue(cpu, 0, error);
  const esp = pushFrame(cpu, segment(cpu, SS), load<u32>(cpu + TLB_NOW), load<u64>(cpu + RSP), 1, size, 0);
  if (esp == NOWHERE) return FAULT_AFTER;
  store<u64>(cpu + RSP, esp);
  return OK;
}

function deliverThroughGate(cpu: u32, gate: u64, flags: u32, error: u32, kind: u32): u32 {
  const attributes = attributesOf(gate);
  const wide = (attributes & GATE_32) != 0;
  const target = (gate & 0xffff) | (wide ? (gate >> 32) & 0xffff0000 : 0);
  const cpl = load<u32>(cpu + CPL);
  const virtual86 = (flags & VM) != 0;
  const level = checkHandler(cpu, <u32>(gate >> 16) & 0xffff, virtual86);
  if (level > 3) return FAULT;
  if (!enterable(cpu, cpu + NEW_CS, target)) return raiseError(cpu, GP, 0);

  let stack = segment(cpu, SS);
  let esp = load<u64>(cpu + RSP);
  let tlb = load<u32>(cpu + TLB_NOW);
  let stackError: u32 = 0;
  if (level != cpl) {
    esp = innerStack(cpu, level);
    if (esp == NOWHERE) return FAULT;
    stack = cpu + NEW_SS;
    tlb = systemTlb(cpu);
    stackError = load<u32>(stack + SEG_SELECTOR) & 0xfffc;
  }
  let count = writeFrame(cpu, flags, level != cpl, virtual86);
  if (kind & EXC_HAS_ERROR) frameValue(cpu, count++, error);
  esp = pushFrame(cpu, stack, tlb, esp, count, wide ? 4 : 2, stackError);
  if (esp == NOWHERE) return FAULT;

  store<u64>(cpu + RSP, esp);
  if (level != cpl) {
    copyRecord(segment(cpu, SS), stack);
    store<u32>(cpu + CPL, level);
  }
  if (virtual86) {
    setNull(cpu, ES, 0);
    setNull(cpu, DS, 0);
    setNull(cpu, FS, 0);
    setNull(cpu, GS, 0);
  }
  setFlags(cpu, flags & ~(TF | NT | RF | VM | (attributes & GATE_TRAP ? 0 : IF)));
  enterCode(cpu, target);
  return OK;
}

/** The values of an interrupt's frame without error code, in the order of the pushes. Returns how many. */
function writeFrame(cpu: u32, flags: u32, inner: bool, virtual86: bool): u32 {
  let count: u32 = 0;
  if (virtual86) {
    frameValue(cpu, count++, load<u32>(segment(cpu, GS) + SEG_SELECTOR));
    frameValue(cpu, count++, load<u32>(segment(cpu, FS) + SEG_SELECTOR));
    frameValue(cpu, count++, load<u32>(segment(cpu, DS) + SEG_SELECTOR));
    frameValue(cpu, count++, load<u32>(segment(cpu, ES) + SEG_SELECTOR));
  }
  if (inner) {
    frameValue(cpu, count++, load<u32>(segment(cpu, SS) + SEG_SELECTOR));
    frameValue(cpu, count++, load<u32>(cpu + RSP));
  }
  frameValue(cpu, count++, flags);
  frameValue(cpu, count++, load<u32>(segment(cpu, CS) + SEG_SELECTOR));
  frameValue(cpu, count++, load<u32>(cpu + RIP));
  return count;
}

/** Put a gate's code segment into NEW_CS. Returns the privilege level of the handler, or 4 with a fault recorded. */
function checkHandler(cpu: u32, selector: u32, virtual86: bool): u32 {
  if (isNull(selector)) {
    raiseError(cpu, GP, 0);
    return 4;
  }
  const at = fetchDescriptor(cpu, selector, GP);
  if (!at) return 4;
  const descriptor = load<u64>(at);
  const attributes = attributesOf(descriptor);
  const cpl = load<u32>(cpu + CPL);
  const dpl = dplOf(attributes);
  const level = attributes & CONFORMING ? cpl : dpl;
  const good = (attributes & (NOT_SYSTEM | CODE)) == (NOT_SYSTEM | CODE) && dpl <= cpl && (!virtual86 || level == 0);
  if (!good || !(attributes & PRESENT)) {
    selectorFault(cpu, good ? NP : GP, selector);
    return 4;
  }
  if (!markAccessed(cpu, selector, descriptor)) return 4;
  unpackAccessed(cpu + NEW_CS, (selector & 0xfffc) | level, descriptor);
  return level;
}
