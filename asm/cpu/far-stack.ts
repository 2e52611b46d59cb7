// Frames of far calls, interrupts and returns. A frame is pushed whole or not at all: every slot is checked and translated,
// in the order of the pushes, before the first is written.
import {
  MODE, MODE_LONG64, MODE_STACK32, OK, RSP, SEG_ATTR, SEG_BASE, SEG_LIMIT, SEG_SELECTOR, SS, TLB_ADDEND, TLB_NOW,
  TLB_WRITE, TR,
} from "../layout/cpu";
import { commit, readLinear, writeLinear } from "./access";
import {
  BIG, EXPAND_DOWN, FRAME, GATE_32, isNull, segment, selectorFault, tableAddress, wideRead, wideWrite,
} from "./descriptor";
import { raiseError, SS_FAULT, TS } from "./exception";
import { canonical, NOWHERE } from "./linear";
import { checkStackSegment } from "./segment";
import { segmentAddress, UNUSABLE } from "./segment-check";
import { systemTlb, tlbEntry } from "./tlb";

/** Bits of the stack pointer that the current stack segment uses. */
export function stackMask(cpu: u32): u64 {
  const mode = load<u32>(cpu + MODE);
  if (mode & MODE_LONG64) return ~(<u64>0);
  return mode & MODE_STACK32 ? 0xffffffff : 0xffff;
}

/** Set the stack pointer, as wide as the current stack segment has it; the rest stays, but for bits 32–63. */
export function setStackPointer(cpu: u32, value: u64): void {
  const mask = stackMask(cpu);
  const rest = load<u64>(cpu + RSP) & ~mask & 0xffffffff;
  store<u64>(cpu + RSP, (value & mask) | rest);
}

/** Address of `size` readable bytes at `offset` above the stack pointer, with the rights of CPL; 0 when a fault was recorded. */
export function peek(cpu: u32, offset: u32, size: u32): u32 {
  const va = segmentAddress(cpu, SS, (load<u64>(cpu + RSP) + offset) & stackMask(cpu), size, false);
  return va == NOWHERE ? 0 : readLinear(cpu, load<u32>(cpu + TLB_NOW), va, size, SS_FAULT);
}

/** The value of a slot of 2, 4 or 8 bytes. */
@inline
export function slotAt(at: u32, size: u32): u64 {
  return size == 8 ? load<u64>(at) : size == 4 ? <u64>load<u32>(at) : <u64>load<u16>(at);
}

@inline
export function storeSlot(at: u32, value: u64, size: u32): void {
  if (size == 8) store<u64>(at, value);
  else if (size == 4) store<u32>(at, <u32>value);
  else store<u16>(at, <u16>value);
}

/** Put value `index` (in the order of the pushes) of the frame that pushFrame pushes. */
@inline
export function frameValue(cpu: u32, index: u32, value: u32): void {
  store<u32>(cpu + FRAME + index * 4, value);
}

/** Linear address of `size` bytes at `offset` of a stack segment, or NOWHERE when they are beyond its limit (nothing recorded). */
function stackAddress(record: u32, offset: u64, size: u32): u64 {
  const attributes = load<u32>(record + SEG_ATTR);
  const limit = <u64>load<u32>(record + SEG_LIMIT);
  const last = offset + size - 1;
  const good = attributes & EXPAND_DOWN
    ? offset > limit && last <= (attributes & BIG ? <u64>0xffffffff : <u64>0xffff)
    : last <= limit;
  return good && !(attributes & UNUSABLE) ? (offset + load<u64>(record + SEG_BASE)) & 0xffffffff : NOWHERE;
}

/**
 * Push the `count` values of the frame, `size` (2 or 4) bytes each, below `pointer` in the stack segment `record`, outside
 * 64-bit mode. Returns the new stack pointer (its unused bits as in `pointer`), or NOWHERE with a fault recorded: #SS with
 * `error` beyond the limit.
 */
export function pushFrame(cpu: u32, record: u32, tlb: u32, pointer: u64, count: u32, size: u32, error: u32): u64 {
  const mask: u64 = load<u32>(record + SEG_ATTR) & BIG ? 0xffffffff : 0xffff;
  let offset = pointer;
  for (let i: u32 = 0; i < count; i++) {
    offset = (offset - size) & mask;
    const va = stackAddress(record, offset, size);
    if (va == NOWHERE) {
      raiseError(cpu, SS_FAULT, error);
      return NOWHERE;
    }
    if (!writeLinear(cpu, tlb, va, size, SS_FAULT)) return NOWHERE;
  }
  offset = pointer;
  for (let i: u32 = 0; i < count; i++) {
    offset = (offset - size) & mask;
    const at = writeLinear(cpu, tlb, stackAddress(record, offset, size), size, SS_FAULT);
    // Only a stack that lies over its own page tables can fault now.
    if (!at) return NOWHERE;
    storeSlot(at, load<u32>(cpu + FRAME + i * 4), size);
    commit(cpu, at);
  }
  return (pointer & ~mask & 0xffffffff) | offset;
}

/**
 * Address where a frame of `count` slots of `size` bytes below `top` can be stored (lowest slot first) in 64-bit mode, to be
 * finished with commit; 0 when a fault was recorded.
 */
export function longFrame(cpu: u32, tlb: u32, top: u64, count: u32, size: u32): u32 {
  const bytes = count * size;
  const va = top - bytes;
  const entry = tlbEntry(tlb, va);
  if (((va + bytes - 1) & ~0xfff) == load<u64>(entry + TLB_WRITE)) return <u32>(va + load<u64>(entry + TLB_ADDEND));
  for (let i: u32 = 1; i <= count; i++) {
    if (!wideWrite(cpu, tlb, top - i * size, size, false, SS_FAULT)) return 0;
  }
  return wideWrite(cpu, tlb, va, bytes, false, SS_FAULT);
}

/** Push a far return address on the current stack. Returns the new RSP, or NOWHERE with a fault recorded. */
export function pushReturn(cpu: u32, selector: u32, rip: u64, size: u32): u64 {
  const rsp = load<u64>(cpu + RSP);
  const tlb = load<u32>(cpu + TLB_NOW);
  if (!(load<u32>(cpu + MODE) & MODE_LONG64)) {
    frameValue(cpu, 0, selector);
    frameValue(cpu, 1, <u32>rip);
    return pushFrame(cpu, segment(cpu, SS), tlb, rsp, 2, size, 0);
  }
  const at = longFrame(cpu, tlb, rsp, 2, size);
  if (!at) return NOWHERE;
  storeSlot(at, rip, size);
  storeSlot(at + size, selector, size);
  commit(cpu, at);
  return rsp - 2 * size;
}

/**
 * Stack for inner privilege level `level` from the 16- or 32-bit task state segment: its segment in NEW_SS.
 * Returns its ESP, or NOWHERE with a fault recorded (Intel SDM vol. 2, CALL and INT n).
 */
export function innerStack(cpu: u32, level: u32): u64 {
  const tr = segment(cpu, TR);
  const wide = (load<u32>(tr + SEG_ATTR) & GATE_32) != 0;
  const offset = wide ? level * 8 + 4 : level * 4 + 2;
  const bytes: u32 = wide ? 6 : 4;
  const task = load<u32>(tr + SEG_SELECTOR);
  if (offset + bytes - 1 > load<u32>(tr + SEG_LIMIT)) {
    selectorFault(cpu, TS, task);
    return NOWHERE;
  }
  const at = wideRead(cpu, systemTlb(cpu), tableAddress(cpu, load<u64>(tr + SEG_BASE), offset), bytes, TS);
  if (!at) return NOWHERE;
  const esp = wide ? load<u32>(at) : <u32>load<u16>(at);
  const selector = <u32>load<u16>(at + bytes - 2);
  if (isNull(selector)) {
    raiseError(cpu, TS, 0);
    return NOWHERE;
  }
  return checkStackSegment(cpu, selector, level, TS) == OK ? <u64>esp : NOWHERE;
}

/** A stack pointer (RSP0–2, IST1–7) of the 64-bit task state segment, or NOWHERE with a fault recorded. */
export function longStack(cpu: u32, offset: u32): u64 {
  const tr = segment(cpu, TR);
  if (offset + 7 > load<u32>(tr + SEG_LIMIT)) {
    selectorFault(cpu, TS, load<u32>(tr + SEG_SELECTOR));
    return NOWHERE;
  }
  const at = wideRead(cpu, systemTlb(cpu), load<u64>(tr + SEG_BASE) + offset, 8, TS);
  if (!at) return NOWHERE;
  const rsp = load<u64>(at);
  if (canonical(rsp)) return rsp;
  raiseError(cpu, SS_FAULT, 0);
  return NOWHERE;
}
