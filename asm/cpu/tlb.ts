// The TLBs: two of TLB_ENTRIES direct-mapped entries, one for supervisor and one for user accesses. A tag that matches means
// that the access needs nothing more than adding the addend. Pages that are not RAM, bear decoded code, or whose A/D bits are
// still to be set have no matching tag. A log of filled entries keeps flushes short.
import {
  LAST_GPA, TLB, TLB_ADDEND, TLB_BYTES, TLB_ENTRIES, TLB_ENTRY, TLB_EXECUTE, TLB_INFO, TLB_LOG, TLB_LOG_COUNT, TLB_NONE,
  TLB_READ, TLB_WRITE,
} from "../layout/cpu";
import { isCodePage, nextGeneration } from "./code-pages";
import { watchesPage } from "./debug";
import { ramPointer } from "./phys";

/** In TLB_INFO: the entry is global; it came from a page larger than 4 KiB. */
export const INFO_GLOBAL: u8 = 1;
export const INFO_LARGE: u8 = 2;
const INFO_FILLED: u8 = 4;

/** TLB entry of a linear address. */
@inline
export function tlbEntry(tlb: u32, va: u64): u32 {
  return tlb + ((<u32>(va >> 7)) & ((TLB_ENTRIES - 1) << 5));
}

/** Supervisor's TLB: accesses the processor makes on its own account (descriptor tables, TSS, interrupt stacks). */
@inline
export function systemTlb(cpu: u32): u32 {
  return cpu + TLB;
}

/** Remember a translation. Reading is allowed by whoever asks. */
export function remember(cpu: u32, va: u64, gpa: u64, writable: bool, executable: bool, user: bool, info: u8): void {
  store<u64>(cpu, gpa, LAST_GPA);
  const page = ramPointer(cpu, gpa & ~0xfff, 0x1000);
  if (!page || watchesPage(cpu, va)) return;
  const index = (<u32>(va >> 12) & (TLB_ENTRIES - 1)) + (user ? TLB_ENTRIES : 0);
  const entry = cpu + TLB + index * TLB_ENTRY;
  const tag = va & ~0xfff;
  store<u64>(entry, tag, TLB_READ);
  store<u64>(entry, writable && !isCodePage(cpu, page) ? tag : <u64>TLB_NONE, TLB_WRITE);
  store<u64>(entry, executable ? tag : <u64>TLB_NONE, TLB_EXECUTE);
  store<u64>(entry, <u64>page - tag, TLB_ADDEND);
  const known = load<u8>(cpu + TLB_INFO + index);
  if (!(known & INFO_FILLED)) {
    const count = load<u32>(cpu, TLB_LOG_COUNT);
    store<u16>(cpu + TLB_LOG + count * 2, <u16>index);
    store<u32>(cpu, count + 1, TLB_LOG_COUNT);
  }
  store<u8>(cpu + TLB_INFO + index, info | INFO_FILLED);
}

function drop(cpu: u32, index: u32): void {
  const entry = cpu + TLB + index * TLB_ENTRY;
  store<u64>(entry, TLB_NONE, TLB_READ);
  store<u64>(entry, TLB_NONE, TLB_WRITE);
  store<u64>(entry, TLB_NONE, TLB_EXECUTE);
  store<u8>(cpu + TLB_INFO + index, 0);
}

/** Forget translations: all of them, or all but the global ones (MOV to CR3). */
export function flushTlb(cpu: u32, keepGlobal: bool): void {
  const count = load<u32>(cpu, TLB_LOG_COUNT);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const index = <u32>load<u16>(cpu + TLB_LOG + i * 2);
    if (keepGlobal && load<u8>(cpu + TLB_INFO + index) & INFO_GLOBAL) {
      store<u16>(cpu + TLB_LOG + kept * 2, <u16>index);
      kept++;
    } else drop(cpu, index);
  }
  store<u32>(cpu, kept, TLB_LOG_COUNT);
  nextGeneration(cpu);
}

/** INVLPG: forget the page of `va` in both TLBs, and whatever came from a large page around it. */
export function flushPage(cpu: u32, va: u64): void {
  const count = load<u32>(cpu, TLB_LOG_COUNT);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const index = <u32>load<u16>(cpu + TLB_LOG + i * 2);
    const tag = load<u64>(cpu + TLB + index * TLB_ENTRY + TLB_READ);
    const large = (load<u8>(cpu + TLB_INFO + index) & INFO_LARGE) != 0;
    if (large ? (tag ^ va) >> 30 == 0 : (tag ^ va) >> 12 == 0) drop(cpu, index);
    else {
      store<u16>(cpu + TLB_LOG + kept * 2, <u16>index);
      kept++;
    }
  }
  store<u32>(cpu, kept, TLB_LOG_COUNT);
  nextGeneration(cpu);
}

/** A page (by linear-memory address) now bears decoded code: stores to it must come by the slow path. */
export function withholdWrites(cpu: u32, page: u32): void {
  const count = load<u32>(cpu, TLB_LOG_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const entry = cpu + TLB + <u32>load<u16>(cpu + TLB_LOG + i * 2) * TLB_ENTRY;
    const tag = load<u64>(entry, TLB_READ);
    if (<u32>(tag + load<u64>(entry, TLB_ADDEND)) == page) store<u64>(entry, TLB_NONE, TLB_WRITE);
  }
}

/** Set both TLBs to empty, whatever the memory held. */
export function resetTlb(cpu: u32): void {
  for (let at = cpu + TLB; at < cpu + TLB + 2 * TLB_BYTES; at += TLB_ENTRY) {
    store<u64>(at + TLB_READ, TLB_NONE);
    store<u64>(at + TLB_WRITE, TLB_NONE);
    store<u64>(at + TLB_EXECUTE, TLB_NONE);
  }
  memory.fill(cpu + TLB_INFO, 0, 2 * TLB_ENTRIES);
  store<u32>(cpu, 0, TLB_LOG_COUNT);
  nextGeneration(cpu);
}
