// Segment descriptors in memory: where they lie, how they unpack into a segment record (Intel SDM vol. 3, 3.4.5 and 3.5),
// and the processor's own accesses to descriptor tables and task state segments.
import {
  EFER, GDT_BASE, GDT_LIMIT, LDTR, MODE, MODE_LONG64, SCRATCH, SEG, SEG_ATTR, SEG_BASE, SEG_LIMIT, SEG_SELECTOR,
  SEG_SIZE, TLB_ADDEND, TLB_READ, TLB_WRITE,
} from "../layout/cpu";
import { commit, readSlow, writeSlow } from "./access";
import { GP, raiseError } from "./exception";
import { canonical, NOWHERE } from "./linear";
import { UNUSABLE } from "./segment-check";
import { systemTlb, tlbEntry } from "./tlb";

// Attributes as SEG_ATTR holds them.
export const TYPE: u32 = 0x0f;
export const ACCESSED: u32 = 0x01;
export const WRITABLE: u32 = 0x02;
export const READABLE: u32 = 0x02;
export const CONFORMING: u32 = 0x04;
export const EXPAND_DOWN: u32 = 0x04;
export const CODE: u32 = 0x08;
export const NOT_SYSTEM: u32 = 0x10;
export const PRESENT: u32 = 0x80;
export const LONG: u32 = 0x2000;
export const BIG: u32 = 0x4000;

/** System descriptor types (Intel SDM vol. 3, table 3-2). */
export const TSS16: u32 = 1;
export const LDT: u32 = 2;
export const CALL_GATE16: u32 = 4;
export const TASK_GATE: u32 = 5;
export const INTERRUPT_GATE16: u32 = 6;
export const TSS32: u32 = 9;
export const CALL_GATE32: u32 = 12;
/** In a TSS descriptor's type. */
export const BUSY: u32 = 2;
/** In an interrupt, trap or call gate's type: 32 bits; in an interrupt or trap gate's: IF stays. */
export const GATE_32: u32 = 8;
export const GATE_TRAP: u32 = 1;

const EFER_LMA: u32 = 0x400;

/** Scratch: u32 values of a frame to be pushed, then the code and stack segments of a transfer that may yet fail. */
export const FRAME: u32 = SCRATCH;
export const NEW_CS: u32 = SCRATCH + 0xa0;
export const NEW_SS: u32 = SCRATCH + 0xc0;

/** True in long mode, 64-bit or compatibility. */
@inline
export function longMode(cpu: u32): bool {
  return (load<u32>(cpu + EFER) & EFER_LMA) != 0;
}

/** Segment record of ES…TR. */
@inline
export function segment(cpu: u32, index: u32): u32 {
  return cpu + SEG + index * SEG_SIZE;
}

@inline
export function isNull(selector: u32): bool {
  return (selector & 0xfffc) == 0;
}

@inline
export function dplOf(attributes: u32): u32 {
  return (attributes >> 5) & 3;
}

/** Attributes of a descriptor, without those that only a null selector has. */
@inline
export function attributesOf(descriptor: u64): u32 {
  return <u32>(descriptor >> 40) & 0xf0ff;
}

/** Record an exception whose error code names a selector. Returns FAULT. */
export function selectorFault(cpu: u32, vector: u32, selector: u32): u32 {
  return raiseError(cpu, vector, selector & 0xfffc);
}

/** Linear address in a table: 64 bits wide in long mode, even below a 32-bit code segment. */
@inline
export function tableAddress(cpu: u32, base: u64, offset: u32): u64 {
  const address = base + offset;
  return longMode(cpu) ? address : address & 0xffffffff;
}

/** For the time of an access, addresses are those of 64-bit mode if the processor is in long mode at all. Returns the old MODE. */
function widen(cpu: u32): u32 {
  const mode = load<u32>(cpu + MODE);
  if (longMode(cpu)) store<u32>(cpu + MODE, mode | MODE_LONG64);
  return mode;
}

/** As readLinear (access.ts), but with the width of addresses that tables and interrupt stacks have. */
export function wideRead(cpu: u32, tlb: u32, va: u64, size: u32, vector: u32): u32 {
  const entry = tlbEntry(tlb, va);
  if (((va + size - 1) & ~0xfff) == load<u64>(entry + TLB_READ)) return <u32>(va + load<u64>(entry + TLB_ADDEND));
  const mode = widen(cpu);
  const at = readSlow(cpu, tlb, va, size, vector);
  store<u32>(cpu + MODE, mode);
  return at;
}

/** As writeLinear, or modifyLinear, with that width. */
export function wideWrite(cpu: u32, tlb: u32, va: u64, size: u32, modify: bool, vector: u32): u32 {
  const entry = tlbEntry(tlb, va);
  if (((va + size - 1) & ~0xfff) == load<u64>(entry + TLB_WRITE)) return <u32>(va + load<u64>(entry + TLB_ADDEND));
  const mode = widen(cpu);
  const at = writeSlow(cpu, tlb, va, size, modify, vector);
  store<u32>(cpu + MODE, mode);
  return at;
}

/** Linear address of the descriptor (`size` bytes, 8 or 16) of a selector, or NOWHERE when it is outside its table; records nothing. */
export function descriptorAddress(cpu: u32, selector: u32, size: u32): u64 {
  const offset = selector & 0xfff8;
  if (!(selector & 4)) {
    if (offset + size - 1 > load<u32>(cpu + GDT_LIMIT)) return NOWHERE;
    return tableAddress(cpu, load<u64>(cpu + GDT_BASE), offset);
  }
  const ldt = segment(cpu, LDTR);
  if (load<u32>(ldt + SEG_ATTR) & UNUSABLE || offset + size - 1 > load<u32>(ldt + SEG_LIMIT)) return NOWHERE;
  return tableAddress(cpu, load<u64>(ldt + SEG_BASE), offset);
}

/**
 * Linear-memory address where the descriptor of a selector can be read (until the next access); 0 when a fault was
 * recorded: `vector` with the selector when it is outside its table, or what reading the table raised.
 */
export function fetchDescriptor(cpu: u32, selector: u32, vector: u32): u32 {
  return fetchSized(cpu, selector, vector, 8);
}

/** The same for a system descriptor, which is 16 bytes long in long mode. */
export function fetchSystem(cpu: u32, selector: u32, vector: u32): u32 {
  return fetchSized(cpu, selector, vector, longMode(cpu) ? 16 : 8);
}

function fetchSized(cpu: u32, selector: u32, vector: u32, size: u32): u32 {
  const address = descriptorAddress(cpu, selector, size);
  if (address == NOWHERE) {
    selectorFault(cpu, vector, selector);
    return 0;
  }
  return wideRead(cpu, systemTlb(cpu), address, size, GP);
}

/** Fill a segment record from a descriptor (its lower 8 bytes). */
export function unpack(record: u32, selector: u32, descriptor: u64): void {
  const high = <u32>(descriptor >> 32);
  const limit = (<u32>descriptor & 0xffff) | (high & 0xf0000);
  store<u64>(record + SEG_BASE, <u64>((<u32>(descriptor >> 16) & 0xffffff) | (high & 0xff000000)));
  store<u32>(record + SEG_LIMIT, high & 0x800000 ? (limit << 12) | 0xfff : limit);
  store<u32>(record + SEG_ATTR, attributesOf(descriptor));
  store<u32>(record + SEG_SELECTOR, selector);
}

/** Copy a segment record. */
@inline
export function copyRecord(to: u32, from: u32): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to + 8, load<u64>(from + 8));
  store<u32>(to + 16, load<u32>(from + 16));
}

/** Set or clear bits in the type of a descriptor in memory (accessed, busy). False when a fault was recorded. */
export function changeType(cpu: u32, selector: u32, set: u32, clear: u32): bool {
  const address = descriptorAddress(cpu, selector, 8) + 5;
  const at = wideWrite(cpu, systemTlb(cpu), address, 1, true, GP);
  if (!at) return false;
  store<u8>(at, <u8>((load<u8>(at) & ~clear) | set));
  commit(cpu, at);
  return true;
}

/** Set the accessed bit of a code or data descriptor in memory unless it is set. False when a fault was recorded. */
@inline
export function markAccessed(cpu: u32, selector: u32, descriptor: u64): bool {
  return ((descriptor >> 40) & 1) != 0 || changeType(cpu, selector, ACCESSED, 0);
}

/** Unpack a code or data descriptor whose accessed bit was set by markAccessed. */
@inline
export function unpackAccessed(record: u32, selector: u32, descriptor: u64): void {
  unpack(record, selector, descriptor | (<u64>ACCESSED << 40));
}

/** True when a code segment (as a record) can be entered at `rip`: canonical in 64-bit mode, else within the limit. */
export function enterable(cpu: u32, record: u32, rip: u64): bool {
  if (longMode(cpu) && load<u32>(record + SEG_ATTR) & LONG) return canonical(rip);
  return rip <= <u64>load<u32>(record + SEG_LIMIT);
}
