// Hardware task switches (Intel SDM vol. 3, 7.3), outside long mode. Everything that can fault in the old task's name is done
// before anything changes; from then on faults are the new task's.
import {
  CPL, CR0, CR3, CS, DR, DS, ES, FAULT, FS, GPR, GS, LDTR, OK, RIP, SCRATCH, SEG_ATTR, SEG_BASE, SEG_LIMIT,
  SEG_SELECTOR, SS, TR,
} from "../layout/cpu";
import { commit } from "./access";
import { nextGeneration } from "./code-pages";
import { raiseDebug } from "./debug";
import {
  attributesOf, BIG, BUSY, changeType, CODE, CONFORMING, copyRecord, descriptorAddress, dplOf, enterable,
  fetchDescriptor, GATE_32, isNull, markAccessed, NEW_CS, NEW_SS, NOT_SYSTEM, PRESENT, segment, selectorFault,
  tableAddress, TSS16, TSS32, TYPE, unpack, unpackAccessed, wideRead, wideWrite,
} from "./descriptor";
import { GP, NP, raiseError, TS } from "./exception";
import { NT, setFlags, VM } from "./flags";
import { NOWHERE } from "./linear";
import { updateMode } from "./mode";
import { checkStackSegment, loadDataSegment, loadLdt, setCode, setNull, setV86Segment } from "./segment";
import { UNUSABLE } from "./segment-check";
import { systemTlb, flushTlb } from "./tlb";

/** How a task switch came about. */
export const SWITCH_JMP: u32 = 0;
/** CALL, interrupt or exception: the new task is nested. */
export const SWITCH_CALL: u32 = 1;
export const SWITCH_IRET: u32 = 2;

/** In place of FAULT when the exception is the new task's: RIP is already that task's. */
export const FAULT_AFTER: u32 = 0x100;

const CR0_TS: u32 = 8;
const CR0_PG: u32 = 0x80000000;
/** Local breakpoint enables and LE. */
const DR7_LOCAL: u64 = 0x155;
/** DR6: a task switch met the trap bit. */
const DR6_BT: u32 = 0x8000;
const FLAGS_VALID: u32 = 0x3f7fd5;

/** Offsets in a 32-bit task state segment (figure 7-2). */
const CR3_32: u32 = 0x1c;
const EIP_32: u32 = 0x20;
const SEGMENTS_32: u32 = 0x48;
const LDT_32: u32 = 0x60;
const TRAP_32: u32 = 0x64;
const BYTES_32: u32 = 0x68;
/** Offsets in a 16-bit one (figure 7-10). */
const IP_16: u32 = 0x0e;
const SEGMENTS_16: u32 = 0x22;
const LDT_16: u32 = 0x2a;
const BYTES_16: u32 = 0x2c;

/** Whether a descriptor is a task state segment that is not busy. */
export function isAvailableTask(attributes: u32): bool {
  const type = attributes & (NOT_SYSTEM | TYPE);
  return type == TSS16 || type == TSS32;
}

/**
 * Switch to the task of `selector`, whose `descriptor` was found to be a present task state segment. `rip` and `flags` are
 * what the old task goes on with. Returns OK, FAULT (nothing changed), or FAULT_AFTER.
 */
export function switchTask(cpu: u32, selector: u32, descriptor: u64, how: u32, rip: u64, flags: u32): u32 {
  const tlb = systemTlb(cpu);
  const tr = segment(cpu, TR);
  const oldSelector = load<u32>(tr + SEG_SELECTOR);
  const oldBase = load<u64>(tr + SEG_BASE);
  const oldWide = (load<u32>(tr + SEG_ATTR) & GATE_32) != 0;
  const wide = (attributesOf(descriptor) & GATE_32) != 0;
  const bytes = wide ? BYTES_32 : BYTES_16;
  const record = cpu + NEW_SS;
  unpack(record, selector, descriptor);
  if (load<u32>(record + SEG_LIMIT) < bytes - 1) return selectorFault(cpu, TS, selector);
  const base = load<u64>(record + SEG_BASE);

  const image = wideRead(cpu, tlb, base, bytes, TS);
  if (!image) return FAULT;
  memory.copy(cpu + SCRATCH, image, bytes);
  // From here to the new task each step is first tried, then done.
  const saved = oldWide ? EIP_32 : IP_16;
  const savedBytes = (oldWide ? LDT_32 : LDT_16) - saved;
  if (!wideWrite(cpu, tlb, tableAddress(cpu, oldBase, saved), savedBytes, true, TS)) return FAULT;
  if (how == SWITCH_CALL && !wideWrite(cpu, tlb, base, 2, true, TS)) return FAULT;
  if (how != SWITCH_CALL && !typeWritable(cpu, oldSelector)) return FAULT;
  if (how != SWITCH_IRET && !changeType(cpu, selector, BUSY, 0)) return FAULT;
  if (how != SWITCH_CALL) changeType(cpu, oldSelector, 0, BUSY);

  const old = wideWrite(cpu, tlb, tableAddress(cpu, oldBase, saved), savedBytes, true, TS);
  if (!old) return FAULT;
  if (how == SWITCH_IRET) flags &= ~NT;
  if (oldWide) saveState32(cpu, old - EIP_32, <u32>rip, flags);
  else saveState16(cpu, old - IP_16, <u32>rip, flags);
  commit(cpu, old);
  if (how == SWITCH_CALL) {
    const link = wideWrite(cpu, tlb, base, 2, true, TS);
    if (!link) return FAULT;
    store<u16>(link, <u16>oldSelector);
    commit(cpu, link);
  }

  copyRecord(tr, record);
  store<u32>(tr + SEG_ATTR, load<u32>(tr + SEG_ATTR) | BUSY);
  store<u64>(cpu + CR0, load<u64>(cpu + CR0) | CR0_TS);
  store<u64>(cpu + DR + 7 * 8, load<u64>(cpu + DR + 7 * 8) & ~DR7_LOCAL);
  return enterTask(cpu, wide, how == SWITCH_CALL) == OK ? OK : FAULT_AFTER;
}

/** Whether the type byte of the old task's descriptor can be written; a fault is recorded otherwise. */
function typeWritable(cpu: u32, selector: u32): bool {
  const address = descriptorAddress(cpu, selector, 8);
  if (address != NOWHERE) return wideWrite(cpu, systemTlb(cpu), address + 5, 1, true, TS) != 0;
  selectorFault(cpu, TS, selector);
  return false;
}

/** `task` is where the task state segment's first byte would be. */
function saveState32(cpu: u32, task: u32, eip: u32, flags: u32): void {
  store<u32>(task + EIP_32, eip);
  store<u32>(task + EIP_32 + 4, flags);
  for (let i: u32 = 0; i < 8; i++) store<u32>(task + EIP_32 + 8 + i * 4, load<u32>(cpu + GPR + i * 8));
  for (let i: u32 = 0; i < 6; i++) store<u16>(task + SEGMENTS_32 + i * 4, load<u16>(segment(cpu, i) + SEG_SELECTOR));
}

function saveState16(cpu: u32, task: u32, ip: u32, flags: u32): void {
  store<u16>(task + IP_16, <u16>ip);
  store<u16>(task + IP_16 + 2, <u16>flags);
  for (let i: u32 = 0; i < 8; i++) store<u16>(task + IP_16 + 4 + i * 2, load<u16>(cpu + GPR + i * 8));
  for (let i: u32 = 0; i < 4; i++) store<u16>(task + SEGMENTS_16 + i * 2, load<u16>(segment(cpu, i) + SEG_SELECTOR));
}

/** Selector of ES…GS in the new task's image in SCRATCH; a 16-bit one has no FS and GS. */
function imageSelector(cpu: u32, wide: bool, index: u32): u32 {
  if (wide) return load<u16>(cpu + SCRATCH + SEGMENTS_32 + index * 4);
  return index < FS ? <u32>load<u16>(cpu + SCRATCH + SEGMENTS_16 + index * 2) : 0;
}

/** Take over the state of the task whose image is in SCRATCH. A fault is that task's. */
function enterTask(cpu: u32, wide: bool, nested: bool): u32 {
  const image = cpu + SCRATCH;
  if (wide && load<u32>(cpu + CR0) & CR0_PG) {
    store<u64>(cpu + CR3, <u64>load<u32>(image, CR3_32));
    flushTlb(cpu, true);
  }
  for (let i: u32 = 0; i < 8; i++) {
    if (wide) store<u64>(cpu + GPR + i * 8, <u64>load<u32>(image + EIP_32 + 8 + i * 4));
    else store<u16>(cpu + GPR + i * 8, load<u16>(image + IP_16 + 4 + i * 2));
  }
  const flags = wide ? load<u32>(image, EIP_32 + 4) : <u32>load<u16>(image, IP_16 + 2);
  setFlags(cpu, (flags & FLAGS_VALID) | (nested ? NT : 0));
  const rip = wide ? load<u32>(image, EIP_32) : <u32>load<u16>(image, IP_16);
  store<u64>(cpu + RIP, <u64>rip);
  // NEW_CS and NEW_SS overlap no part of the image that is needed below.
  const ldt = <u32>load<u16>(image + (wide ? LDT_32 : LDT_16));
  const trap = wide && (load<u8>(image, TRAP_32) & 1) != 0;
  const virtual86 = (flags & VM) != 0;
  store<u32>(cpu + CPL, virtual86 ? 3 : imageSelector(cpu, wide, CS) & 3);

  // Until a segment is qualified, its register has the selector and nothing else.
  for (let i: u32 = 0; i < 6; i++) setNull(cpu, i, imageSelector(cpu, wide, i));
  store<u32>(segment(cpu, CS) + SEG_ATTR, wide ? UNUSABLE | BIG : UNUSABLE);
  setNull(cpu, LDTR, ldt);
  nextGeneration(cpu);
  updateMode(cpu);
  const result = qualify(cpu, wide, ldt, virtual86);
  updateMode(cpu);
  if (result != OK) return FAULT;
  if (!enterable(cpu, segment(cpu, CS), <u64>rip)) return raiseError(cpu, GP, 0);
  if (!trap) return OK;
  return raiseDebug(cpu, DR6_BT, true);
}

/** Load LDTR and the segment registers of the new task (table 7-1). */
function qualify(cpu: u32, wide: bool, ldt: u32, virtual86: bool): u32 {
  if (loadLdt(cpu, ldt, TS) != OK) return FAULT;
  if (virtual86) {
    for (let i: u32 = 0; i < 6; i++) setV86Segment(cpu, i, imageSelector(cpu, wide, i));
    return OK;
  }
  if (loadTaskCode(cpu, imageSelector(cpu, wide, CS)) != OK) return FAULT;
  const stack = imageSelector(cpu, wide, SS);
  if (isNull(stack)) return raiseError(cpu, TS, 0);
  if (checkStackSegment(cpu, stack, load<u32>(cpu + CPL), TS) != OK) return FAULT;
  copyRecord(segment(cpu, SS), cpu + NEW_SS);
  if (loadDataSegment(cpu, DS, imageSelector(cpu, wide, DS), TS) != OK) return FAULT;
  if (loadDataSegment(cpu, ES, imageSelector(cpu, wide, ES), TS) != OK) return FAULT;
  if (loadDataSegment(cpu, FS, imageSelector(cpu, wide, FS), TS) != OK) return FAULT;
  return loadDataSegment(cpu, GS, imageSelector(cpu, wide, GS), TS);
}

function loadTaskCode(cpu: u32, selector: u32): u32 {
  if (isNull(selector)) return raiseError(cpu, TS, 0);
  const at = fetchDescriptor(cpu, selector, TS);
  if (!at) return FAULT;
  const descriptor = load<u64>(at);
  const attributes = attributesOf(descriptor);
  const dpl = dplOf(attributes);
  const rpl = selector & 3;
  const code = (attributes & (NOT_SYSTEM | CODE)) == (NOT_SYSTEM | CODE);
  if (!code || (attributes & CONFORMING ? dpl > rpl : dpl != rpl)) return selectorFault(cpu, TS, selector);
  if (!(attributes & PRESENT)) return selectorFault(cpu, NP, selector);
  if (!markAccessed(cpu, selector, descriptor)) return FAULT;
  unpackAccessed(cpu + NEW_CS, selector, descriptor);
  setCode(cpu, cpu + NEW_CS);
  return OK;
}
