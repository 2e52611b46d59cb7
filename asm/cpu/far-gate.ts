// Far CALL and JMP through call gates, task gates and task state segments (Intel SDM vol. 2, CALL, JMP; vol. 3, 5.8.3–5.8.5).
import { CPL, CS, EXIT, FAULT, JUMP, MODE, MODE_LONG64, OK, RSP, SEG_SELECTOR, SS, TLB_NOW } from "../layout/cpu";
import { commit, readLinear } from "./access";
import {
  attributesOf, BIG, CALL_GATE16, CALL_GATE32, CODE, CONFORMING, copyRecord, dplOf, enterable, fetchDescriptor,
  fetchSystem, GATE_32, isNull, LONG, longMode, markAccessed, NEW_CS, NEW_SS, NOT_SYSTEM, PRESENT, segment,
  selectorFault, TASK_GATE, TYPE, unpackAccessed,
} from "./descriptor";
import { enterCode } from "./enter-code";
import { GP, NP, raiseError, SS_FAULT } from "./exception";
import { frameValue, innerStack, longFrame, longStack, pushFrame, pushReturn, stackMask } from "./far-stack";
import { getFlags } from "./flags";
import { deliver } from "./interrupt";
import { canonical, NOWHERE } from "./linear";
import { setNullStack } from "./segment";
import { segmentAddress } from "./segment-check";
import { FAULT_AFTER, isAvailableTask, SWITCH_CALL, SWITCH_JMP, switchTask } from "./task";
import { switchByGate } from "./task-gate";
import { systemTlb } from "./tlb";

/** `selector` names a gate or a task state segment; `next` is the instruction pointer after the CALL or JMP. */
export function transferBySystemDescriptor(cpu: u32, selector: u32, descriptor: u64, next: u64, call: bool): u32 {
  const attributes = attributesOf(descriptor);
  const type = attributes & TYPE;
  const long = longMode(cpu);
  const gate = type == CALL_GATE32 || (!long && type == CALL_GATE16);
  const task = !long && (isAvailableTask(attributes) || type == TASK_GATE);
  if (!gate && !task) return selectorFault(cpu, GP, selector);
  const dpl = dplOf(attributes);
  if (dpl < load<u32>(cpu + CPL) || (selector & 3) > dpl) return selectorFault(cpu, GP, selector);
  if (gate) return long ? longGate(cpu, selector, next, call) : callGate(cpu, selector, descriptor, next, call);
  // A task state segment is always in the GDT.
  if (type != TASK_GATE && selector & 4) return selectorFault(cpu, GP, selector);
  if (!(attributes & PRESENT)) return selectorFault(cpu, NP, selector);
  const how = call ? SWITCH_CALL : SWITCH_JMP;
  if (type != TASK_GATE) return finishSwitch(cpu, switchTask(cpu, selector, descriptor, how, next, getFlags(cpu)));
  return finishSwitch(cpu, switchByGate(cpu, descriptor, how, next, getFlags(cpu)));
}

/** What an instruction returns that switched tasks: a fault that is the new task's is delivered here, RIP being that task's. */
export function finishSwitch(cpu: u32, result: u32): u32 {
  if (result == FAULT_AFTER) return deliver(cpu) == OK ? JUMP : EXIT;
  return result == OK ? JUMP : FAULT;
}

/**
 * Check the code segment that a call gate names, and put it into NEW_CS. Returns the privilege level that the call runs at,
 * or 4 with a fault recorded.
 */
function gateTarget(cpu: u32, selector: u32, call: bool): u32 {
  const cpl = load<u32>(cpu + CPL);
  if (isNull(selector)) {
    raiseError(cpu, GP, 0);
    return 4;
  }
  const at = fetchDescriptor(cpu, selector, GP);
  if (!at) return 4;
  const descriptor = load<u64>(at);
  const attributes = attributesOf(descriptor);
  const dpl = dplOf(attributes);
  const conforming = (attributes & CONFORMING) != 0;
  let good = (attributes & (NOT_SYSTEM | CODE)) == (NOT_SYSTEM | CODE) && dpl <= cpl;
  if (longMode(cpu) && (attributes & (LONG | BIG)) != LONG) good = false;
  if (!call && !conforming && dpl != cpl) good = false;
  if (!good || !(attributes & PRESENT)) {
    selectorFault(cpu, good ? NP : GP, selector);
    return 4;
  }
  if (!markAccessed(cpu, selector, descriptor)) return 4;
  const level = conforming ? cpl : dpl;
  unpackAccessed(cpu + NEW_CS, (selector & 0xfffc) | level, descriptor);
  return level;
}

/** 16- and 32-bit gates. */
function callGate(cpu: u32, selector: u32, gate: u64, next: u64, call: bool): u32 {
  const attributes = attributesOf(gate);
  if (!(attributes & PRESENT)) return selectorFault(cpu, NP, selector);
  const wide = (attributes & GATE_32) != 0;
  const size: u32 = wide ? 4 : 2;
  const offset = (gate & 0xffff) | (wide ? (gate >> 32) & 0xffff0000 : 0);
  const level = gateTarget(cpu, <u32>(gate >> 16) & 0xffff, call);
  if (level > 3) return FAULT;
  if (!enterable(cpu, cpu + NEW_CS, offset)) return raiseError(cpu, GP, 0);
  if (!call) return enterCode(cpu, offset);
  const cs = load<u32>(segment(cpu, CS) + SEG_SELECTOR);
  if (level == load<u32>(cpu + CPL)) {
    const rsp = pushReturn(cpu, cs, next, size);
    if (rsp == NOWHERE) return FAULT;
    store<u64>(cpu + RSP, rsp);
    return enterCode(cpu, offset);
  }
  const stack = innerStack(cpu, level);
  if (stack == NOWHERE) return FAULT;
  const parameters = <u32>(gate >> 32) & 31;
  frameValue(cpu, 0, load<u32>(segment(cpu, SS) + SEG_SELECTOR));
  frameValue(cpu, 1, load<u32>(cpu + RSP));
  if (!copyParameters(cpu, parameters, size)) return FAULT;
  frameValue(cpu, parameters + 2, cs);
  frameValue(cpu, parameters + 3, <u32>next);
  const error = load<u32>(cpu + NEW_SS + SEG_SELECTOR) & 0xfffc;
  const esp = pushFrame(cpu, cpu + NEW_SS, systemTlb(cpu), stack, parameters + 4, size, error);
  if (esp == NOWHERE) return FAULT;
  store<u64>(cpu + RSP, esp);
  copyRecord(segment(cpu, SS), cpu + NEW_SS);
  store<u32>(cpu + CPL, level);
  return enterCode(cpu, offset);
}

/** Copy the parameters from the caller's stack to the frame, topmost first. False when a fault was recorded. */
function copyParameters(cpu: u32, count: u32, size: u32): bool {
  const mask = stackMask(cpu);
  const esp = load<u64>(cpu + RSP);
  for (let i: u32 = 0; i < count; i++) {
    const va = segmentAddress(cpu, SS, (esp + (count - 1 - i) * size) & mask, size, false);
    if (va == NOWHERE) return false;
    const at = readLinear(cpu, load<u32>(cpu + TLB_NOW), va, size, SS_FAULT);
    if (!at) return false;
    frameValue(cpu, 2 + i, size == 4 ? load<u32>(at) : <u32>load<u16>(at));
  }
  return true;
}

/** 64-bit gates: 16 bytes, no parameters, a null SS after a change of privilege level. */
function longGate(cpu: u32, selector: u32, next: u64, call: bool): u32 {
  const at = fetchSystem(cpu, selector, GP);
  if (!at) return FAULT;
  const low = load<u64>(at);
  const high = load<u64>(at, 8);
  if ((high >> 40) & 0x1f) return selectorFault(cpu, GP, selector);
  if (!(attributesOf(low) & PRESENT)) return selectorFault(cpu, NP, selector);
  const offset = (low & 0xffff) | ((low >> 32) & 0xffff0000) | (high << 32);
  const level = gateTarget(cpu, <u32>(low >> 16) & 0xffff, call);
  if (level > 3) return FAULT;
  if (!canonical(offset)) return raiseError(cpu, GP, 0);
  if (!call) return enterCode(cpu, offset);
  const inner = level != load<u32>(cpu + CPL);
  let rsp = load<u64>(cpu + RSP);
  // A caller in compatibility mode keeps its stack segment, but the stack is a 64-bit one from here on.
  if (!(load<u32>(cpu + MODE) & MODE_LONG64)) rsp &= 0xffffffff;
  if (inner) {
    rsp = longStack(cpu, level * 8 + 4);
    if (rsp == NOWHERE) return FAULT;
  }
  const slots: u32 = inner ? 4 : 2;
  const frame = longFrame(cpu, inner ? systemTlb(cpu) : load<u32>(cpu + TLB_NOW), rsp, slots, 8);
  if (!frame) return FAULT;
  const ss = segment(cpu, SS);
  store<u64>(frame, next);
  store<u64>(frame, <u64>load<u32>(segment(cpu, CS) + SEG_SELECTOR), 8);
  if (inner) {
    store<u64>(frame, load<u64>(cpu + RSP), 16);
    store<u64>(frame, <u64>load<u32>(ss + SEG_SELECTOR), 24);
  }
  commit(cpu, frame);
  if (inner) setNullStack(ss, level, level);
  store<u64>(cpu + RSP, rsp - slots * 8);
  store<u32>(cpu + CPL, level);
  return enterCode(cpu, offset);
}
