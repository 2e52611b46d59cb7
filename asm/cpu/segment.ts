// Loading segment registers, LDTR and TR (Intel SDM vol. 2, MOV, LDS/LES/LSS, LLDT, LTR; vol. 3, 5.5–5.8).
import {
  CPL, CS, DS, ES, FS, GS, LDTR, MODE, MODE_LONG64, MODE_REAL, MODE_V86, OK, SEG_ATTR, SEG_BASE, SEG_LIMIT,
  SEG_SELECTOR, SS, TR, FAULT,
} from "../layout/cpu";
import { nextGeneration } from "./code-pages";
import {
  attributesOf, BIG, BUSY, changeType, CODE, CONFORMING, copyRecord, dplOf, fetchDescriptor, fetchSystem, isNull, LDT,
  longMode, markAccessed, NEW_SS, NOT_SYSTEM, PRESENT, READABLE, segment, selectorFault, TSS16, TSS32, TYPE, unpack,
  unpackAccessed, WRITABLE,
} from "./descriptor";
import { GP, NP, raiseError, SS_FAULT } from "./exception";
import { canonical } from "./linear";
import { updateMode } from "./mode";
import { UNUSABLE } from "./segment-check";

/** Attributes of a data segment, present, writable, accessed, DPL 0; and DPL 3, as all segments are in virtual-8086 mode. */
const REAL_DATA: u32 = 0x93;
const V86_DATA: u32 = 0xf3;

/**
 * Load ES, SS, DS, FS or GS with every check of the current mode, and recompute MODE.
 * Returns OK, or FAULT with nothing changed.
 */
export function loadSegment(cpu: u32, index: u32, selector: u32): u32 {
  const mode = load<u32>(cpu + MODE);
  if (mode & (MODE_REAL | MODE_V86)) loadRealSegment(cpu, index, selector);
  else if (index == SS) {
    if (loadStackSegment(cpu, selector) != OK) return FAULT;
  } else if (loadDataSegment(cpu, index, selector, GP) != OK) return FAULT;
  if (!(mode & MODE_LONG64)) updateMode(cpu);
  return OK;
}

/**
 * Real-address and virtual-8086 mode: the base is the selector × 16. Limit and attributes stay as they are in
 * real-address mode ("unreal mode" rests on it), CS excepted, which becomes writable; they are fixed in virtual-8086 mode.
 */
export function loadRealSegment(cpu: u32, index: u32, selector: u32): void {
  const record = segment(cpu, index);
  setBase(cpu, index, <u64>selector << 4);
  store<u32>(record + SEG_SELECTOR, selector);
  if (load<u32>(cpu + MODE) & MODE_V86) {
    setV86Attributes(record);
    return;
  }
  const attributes = load<u32>(record + SEG_ATTR);
  if (attributes & UNUSABLE) {
    store<u32>(record + SEG_ATTR, REAL_DATA);
    store<u32>(record + SEG_LIMIT, 0xffff);
  } else if (index == CS) store<u32>(record + SEG_ATTR, (attributes & BIG) | REAL_DATA);
}

/** A segment register as virtual-8086 mode has it. */
export function setV86Segment(cpu: u32, index: u32, selector: u32): void {
  const record = segment(cpu, index);
  setBase(cpu, index, <u64>selector << 4);
  store<u32>(record + SEG_SELECTOR, selector);
  setV86Attributes(record);
}

function setV86Attributes(record: u32): void {
  store<u32>(record + SEG_LIMIT, 0xffff);
  store<u32>(record + SEG_ATTR, V86_DATA);
}

/** Copy a checked record to CS. */
export function setCode(cpu: u32, record: u32): void {
  const cs = segment(cpu, CS);
  if (load<u32>(cs + SEG_LIMIT) != load<u32>(record + SEG_LIMIT)) nextGeneration(cpu);
  setBase(cpu, CS, load<u64>(record + SEG_BASE));
  copyRecord(cs, record);
}

/** Links between decoded pages go by instruction pointers: they do not outlive the base of CS. */
function setBase(cpu: u32, index: u32, base: u64): void {
  const record = segment(cpu, index);
  if (index == CS && load<u64>(record + SEG_BASE) != base) nextGeneration(cpu);
  store<u64>(record + SEG_BASE, base);
}

/** Mark a data segment register as null. The base is cleared, as processors with NullSelectorClearsBase do (AMD APM vol. 3, 0x80000021). */
export function setNull(cpu: u32, index: u32, selector: u32): void {
  const record = segment(cpu, index);
  store<u64>(record + SEG_BASE, 0);
  store<u32>(record + SEG_LIMIT, 0);
  store<u32>(record + SEG_ATTR, UNUSABLE);
  store<u32>(record + SEG_SELECTOR, selector);
}

/** Make a record the null stack segment of 64-bit mode, for privilege level `level`. */
export function setNullStack(record: u32, selector: u32, level: u32): void {
  store<u64>(record + SEG_BASE, 0);
  store<u32>(record + SEG_LIMIT, 0);
  store<u32>(record + SEG_ATTR, UNUSABLE | (level << 5));
  store<u32>(record + SEG_SELECTOR, selector);
}

/** Base 0, limit 4 GiB and the given attributes, no descriptor read: SYSCALL, SYSENTER and their returns. MODE is the caller's to update. */
export function setFlatSegment(cpu: u32, index: u32, selector: u32, attributes: u32): void {
  const record = segment(cpu, index);
  setBase(cpu, index, 0);
  store<u32>(record + SEG_LIMIT, 0xffffffff);
  store<u32>(record + SEG_ATTR, attributes);
  store<u32>(record + SEG_SELECTOR, selector);
}

/** ES, DS, FS, GS in protected mode. `vector` is what a bad selector raises: GP, or TS in a task switch. */
export function loadDataSegment(cpu: u32, index: u32, selector: u32, vector: u32): u32 {
  if (isNull(selector)) {
    setNull(cpu, index, selector);
    return OK;
  }
  const at = fetchDescriptor(cpu, selector, vector);
  if (!at) return FAULT;
  const descriptor = load<u64>(at);
  const attributes = attributesOf(descriptor);
  if (!(attributes & NOT_SYSTEM) || (attributes & (CODE | READABLE)) == CODE) return selectorFault(cpu, vector, selector);
  if ((attributes & (CODE | CONFORMING)) != (CODE | CONFORMING)) {
    const dpl = dplOf(attributes);
    if ((selector & 3) > dpl || load<u32>(cpu + CPL) > dpl) return selectorFault(cpu, vector, selector);
  }
  if (!(attributes & PRESENT)) return selectorFault(cpu, NP, selector);
  if (!markAccessed(cpu, selector, descriptor)) return FAULT;
  unpackAccessed(segment(cpu, index), selector, descriptor);
  return OK;
}

/** SS by MOV, POP, LSS in protected mode. A null selector is for 64-bit mode below CPL 3 (AMD APM vol. 3, MOV). */
function loadStackSegment(cpu: u32, selector: u32): u32 {
  const cpl = load<u32>(cpu + CPL);
  if (isNull(selector)) {
    if (!(load<u32>(cpu + MODE) & MODE_LONG64) || cpl == 3) return raiseError(cpu, GP, 0);
    setNullStack(segment(cpu, SS), selector, cpl);
    return OK;
  }
  if (checkStackSegment(cpu, selector, cpl, GP) != OK) return FAULT;
  copyRecord(segment(cpu, SS), cpu + NEW_SS);
  return OK;
}

/**
 * Read a (not null) selector's descriptor into NEW_SS if it can be the stack of privilege level `level`.
 * `vector` is what a bad selector raises: GP, or TS for stacks that a task state segment names.
 */
export function checkStackSegment(cpu: u32, selector: u32, level: u32, vector: u32): u32 {
  const at = fetchDescriptor(cpu, selector, vector);
  if (!at) return FAULT;
  const descriptor = load<u64>(at);
  const attributes = attributesOf(descriptor);
  const writable = (attributes & (NOT_SYSTEM | CODE | WRITABLE)) == (NOT_SYSTEM | WRITABLE);
  if ((selector & 3) != level || dplOf(attributes) != level || !writable) return selectorFault(cpu, vector, selector);
  if (!(attributes & PRESENT)) return selectorFault(cpu, SS_FAULT, selector);
  if (!markAccessed(cpu, selector, descriptor)) return FAULT;
  unpackAccessed(cpu + NEW_SS, selector, descriptor);
  return OK;
}

/** On a return to an outer level: data segments that it may not use become null (Intel SDM vol. 2, RET). */
export function dropInnerSegments(cpu: u32, level: u32): void {
  dropInner(cpu, ES, level);
  dropInner(cpu, DS, level);
  dropInner(cpu, FS, level);
  dropInner(cpu, GS, level);
}

@inline
function dropInner(cpu: u32, index: u32, level: u32): void {
  const attributes = load<u32>(segment(cpu, index) + SEG_ATTR);
  // A null FS or GS may have a base that came from an MSR: it stays.
  if (attributes & UNUSABLE || (attributes & (CODE | CONFORMING)) == (CODE | CONFORMING)) return;
  if (dplOf(attributes) < level) setNull(cpu, index, 0);
}

/** LLDT and task switches. `vector` is what a bad selector raises: GP, or TS in a task switch. */
export function loadLdt(cpu: u32, selector: u32, vector: u32): u32 {
  if (isNull(selector)) {
    setNull(cpu, LDTR, selector);
    return OK;
  }
  if (selector & 4) return selectorFault(cpu, vector, selector);
  const at = fetchSystem(cpu, selector, vector);
  if (!at) return FAULT;
  const descriptor = load<u64>(at);
  const attributes = attributesOf(descriptor);
  const high = longMode(cpu) ? load<u32>(at, 8) : 0;
  if ((attributes & (NOT_SYSTEM | TYPE)) != LDT || !canonical(<u64>high << 32)) return selectorFault(cpu, vector, selector);
  if (!(attributes & PRESENT)) return selectorFault(cpu, vector == GP ? NP : vector, selector);
  loadSystem(segment(cpu, LDTR), selector, descriptor, high);
  return OK;
}

/** LTR: the task becomes busy, in memory too. */
export function loadTr(cpu: u32, selector: u32): u32 {
  if (isNull(selector)) return raiseError(cpu, GP, 0);
  if (selector & 4) return selectorFault(cpu, GP, selector);
  const at = fetchSystem(cpu, selector, GP);
  if (!at) return FAULT;
  const descriptor = load<u64>(at);
  const attributes = attributesOf(descriptor);
  const type = attributes & (NOT_SYSTEM | TYPE);
  const high = longMode(cpu) ? load<u32>(at, 8) : 0;
  if (type != TSS32 && (type != TSS16 || longMode(cpu))) return selectorFault(cpu, GP, selector);
  if (!canonical(<u64>high << 32)) return selectorFault(cpu, GP, selector);
  if (!(attributes & PRESENT)) return selectorFault(cpu, NP, selector);
  if (!changeType(cpu, selector, BUSY, 0)) return FAULT;
  loadSystem(segment(cpu, TR), selector, descriptor | (<u64>BUSY << 40), high);
  return OK;
}

function loadSystem(record: u32, selector: u32, descriptor: u64, high: u32): void {
  unpack(record, selector, descriptor);
  store<u64>(record + SEG_BASE, load<u64>(record + SEG_BASE) | (<u64>high << 32));
}
