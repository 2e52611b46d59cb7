// Linear to physical: the page walk (Intel SDM vol. 3, 4.3–4.7) and the TLBs that remember it. There are two TLBs, one for
// supervisor and one for user accesses; a tag that matches means that the access needs nothing more than adding the
// addend. Pages that are not RAM, bear decoded code, or whose A/D bits are still to be set have no matching tag.
import {
  COUNT_TLB_MISS, CR0, CR2, CR3, CR4, EFER, LAST_GPA, MODE, MODE_LONG64, TLB, TLB_ADDEND, TLB_BYTES,
  TLB_ENTRIES, TLB_ENTRY, TLB_EXECUTE, TLB_INFO, TLB_LOG, TLB_LOG_COUNT, TLB_NONE, TLB_READ, TLB_WRITE,
} from "../layout/cpu";
import { isCodePage, nextGeneration } from "./code";
import { watchesPage } from "./debug";
import { GP, PF, raiseError } from "./exception";
import { gateA20, ramPointer } from "./phys";

export const READ: u32 = 0;
export const WRITE: u32 = 1;
export const EXECUTE: u32 = 2;

/** In place of an address when a fault was recorded: neither canonical nor physical. */
export const NOWHERE: u64 = 0x7fffffffffffffff;

/** Physical address bits (CPUID 0x80000008). */
export const PHYSICAL_BITS: u64 = 40;
const ADDRESS: u64 = ((<u64>1 << PHYSICAL_BITS) - 1) & ~0xfff;
const RESERVED: u64 = 0x000fffffffffffff & ~((<u64>1 << PHYSICAL_BITS) - 1);

const PTE_P: u64 = 1;
const PTE_W: u64 = 2;
const PTE_U: u64 = 4;
const PTE_A: u64 = 0x20;
const PTE_D: u64 = 0x40;
const PTE_PS: u64 = 0x80;
const PTE_G: u64 = 0x100;
const PTE_NX: u64 = 0x8000000000000000;

const CR0_PG: u32 = 0x80000000;
const CR0_WP: u32 = 0x10000;
const CR4_PSE: u32 = 0x10;
const CR4_PAE: u32 = 0x20;
const CR4_PGE: u32 = 0x80;
const CR4_SMEP: u32 = 0x100000;
const EFER_LMA: u32 = 0x400;
const EFER_NXE: u32 = 0x800;

/** Page-fault error code bits (Intel SDM vol. 3, 4.7). */
const PF_P: u32 = 1;
const PF_W: u32 = 2;
const PF_U: u32 = 4;
const PF_RSVD: u32 = 8;
const PF_I: u32 = 16;

/** In TLB_INFO: the entry is global; it came from a page larger than 4 KiB. */
const INFO_GLOBAL: u8 = 1;
const INFO_LARGE: u8 = 2;
const INFO_FILLED: u8 = 4;

/** True when a linear address is canonical (or outside 64-bit mode, where it always is). */
// @ts-ignore: decorator
@inline
export function canonical(va: u64): bool {
  return <u64>((<i64>va << 16) >> 16) == va;
}

/**
 * Translate `va` for `access`, on behalf of user mode or not. Fills the TLB.
 * Returns the physical address, or NOWHERE with #PF recorded. `va` must be canonical.
 */
export function translate(cpu: u32, va: u64, access: u32, user: bool): u64 {
  store<u32>(cpu + COUNT_TLB_MISS, load<u32>(cpu + COUNT_TLB_MISS) + 1);
  if (!(load<u32>(cpu + CR0) & CR0_PG)) {
    const gpa = gateA20(cpu, va & 0xffffffff);
    fill(cpu, va, gpa, true, true, user, INFO_GLOBAL);
    return gpa;
  }
  return load<u32>(cpu + CR4) & CR4_PAE ? walkLong(cpu, va, access, user) : walkLegacy(cpu, va, access, user);
}

/** PAE and 4-level paging: 8-byte entries. */
function walkLong(cpu: u32, va: u64, access: u32, user: bool): u64 {
  const long = (load<u32>(cpu + EFER) & EFER_LMA) != 0;
  const nx = (load<u32>(cpu + EFER) & EFER_NXE) != 0;
  let table = load<u64>(cpu + CR3) & (long ? ADDRESS : <u64>0xffffffe0);
  let rights = PTE_W | PTE_U;
  let noExecute: u64 = 0;
  let level: u32 = long ? 4 : 3;
  const top = level;
  for (; ; level--) {
    const shift = 12 + (level - 1) * 9;
    const at = ramPointer(cpu, gateA20(cpu, table + (((va >> shift) & 0x1ff) << 3)), 8);
    // A table that is not in RAM reads as all ones on the bus of a PC: present, reserved bits set.
    const entry = at ? load<u64>(at) : ~(<u64>0);
    if (!(entry & PTE_P)) return pageFault(cpu, va, 0, access, user);
    const pdpte = !long && level == 3;
    let reserved = RESERVED | (nx ? 0 : PTE_NX);
    if (pdpte) reserved |= 0x1e6 | PTE_NX;
    const leaf = level == 1 || (level <= 3 && !pdpte && (entry & PTE_PS) != 0);
    if (level == 4) reserved |= PTE_PS;
    if (leaf && level > 1) reserved |= ((<u64>1 << shift) - 1) & ~0x1fff;
    if (!long) reserved |= 0x7ff0000000000000;
    if (entry & reserved) return pageFault(cpu, va, PF_P | PF_RSVD, access, user);
    if (!pdpte) {
      rights &= entry;
      noExecute |= entry & PTE_NX;
    }
    if (!leaf) {
      if (!pdpte && !(entry & PTE_A)) store<u64>(at, entry | PTE_A);
      table = entry & ADDRESS;
      continue;
    }
    if (!allowed(cpu, rights, noExecute != 0, access, user)) return pageFault(cpu, va, PF_P, access, user);
    const marked = entry | PTE_A | (access == WRITE ? PTE_D : 0);
    if (marked != entry) store<u64>(at, marked);
    const offset = (<u64>1 << shift) - 1;
    const gpa = gateA20(cpu, (entry & ADDRESS & ~offset) | (va & offset));
    let info: u8 = level > 1 ? INFO_LARGE : 0;
    if (marked & PTE_G && load<u32>(cpu + CR4) & CR4_PGE) info |= INFO_GLOBAL;
    fill(cpu, va, gpa, allowed(cpu, rights, false, WRITE, user) && (marked & PTE_D) != 0,
      allowed(cpu, rights, noExecute != 0, EXECUTE, user), user, info);
    return gpa;
  }
}

/** 32-bit paging: 4-byte entries, 4 MiB pages with PSE (and PSE-36's higher address bits). */
function walkLegacy(cpu: u32, va: u64, access: u32, user: bool): u64 {
  const directory = (load<u32>(cpu + CR3) & 0xfffff000) + ((<u32>va >> 22) << 2);
  const pdeAt = ramPointer(cpu, gateA20(cpu, directory), 4);
  const pde = pdeAt ? load<u32>(pdeAt) : 0xffffffff;
  if (!(pde & 1)) return pageFault(cpu, va, 0, access, user);
  let rights = <u64>pde & (PTE_W | PTE_U);
  const large = (pde & <u32>PTE_PS) != 0 && (load<u32>(cpu + CR4) & CR4_PSE) != 0;
  let at = pdeAt;
  let entry = pde;
  let frame: u64;
  if (large) {
    if (pde & 0x200000) return pageFault(cpu, va, PF_P | PF_RSVD, access, user);
    frame = (<u64>(pde & 0xffc00000) | (<u64>(pde & 0x1fe000) << 19) | (va & 0x3ff000)) & ADDRESS;
  } else {
    if (!(pde & <u32>PTE_A)) store<u32>(pdeAt, pde | <u32>PTE_A);
    at = ramPointer(cpu, gateA20(cpu, (pde & 0xfffff000) + (((<u32>va >> 12) & 0x3ff) << 2)), 4);
    entry = at ? load<u32>(at) : 0xffffffff;
    if (!(entry & 1)) return pageFault(cpu, va, 0, access, user);
    rights &= <u64>entry;
    frame = <u64>(entry & 0xfffff000);
  }
  if (!allowed(cpu, rights, false, access, user)) return pageFault(cpu, va, PF_P, access, user);
  const marked = entry | <u32>PTE_A | (access == WRITE ? <u32>PTE_D : 0);
  if (marked != entry && at) store<u32>(at, marked);
  const gpa = gateA20(cpu, frame | (va & 0xfff));
  let info: u8 = large ? INFO_LARGE : 0;
  if (marked & <u32>PTE_G && load<u32>(cpu + CR4) & CR4_PGE) info |= INFO_GLOBAL;
  fill(cpu, va, gpa, allowed(cpu, rights, false, WRITE, user) && (marked & <u32>PTE_D) != 0,
    allowed(cpu, rights, false, EXECUTE, user), user, info);
  return gpa;
}

/** Access rights of a translation (Intel SDM vol. 3, 4.6.1). `rights` holds the ANDed W and U bits. */
function allowed(cpu: u32, rights: u64, noExecute: bool, access: u32, user: bool): bool {
  if (user && !(rights & PTE_U)) return false;
  if (access == WRITE) return (rights & PTE_W) != 0 || (!user && !(load<u32>(cpu + CR0) & CR0_WP));
  if (access == EXECUTE) {
    if (noExecute) return false;
    if (!user && rights & PTE_U && load<u32>(cpu + CR4) & CR4_SMEP) return false;
  }
  return true;
}

function pageFault(cpu: u32, va: u64, error: u32, access: u32, user: bool): u64 {
  if (access == WRITE) error |= PF_W;
  if (user) error |= PF_U;
  if (access == EXECUTE && (load<u32>(cpu + CR4) & CR4_SMEP || load<u32>(cpu + EFER) & EFER_NXE)) error |= PF_I;
  store<u64>(cpu + CR2, va);
  raiseError(cpu, PF, error);
  return NOWHERE;
}

/** Remember a translation. Reading is allowed by whoever asks. */
function fill(cpu: u32, va: u64, gpa: u64, writable: bool, executable: bool, user: bool, info: u8): void {
  store<u64>(cpu + LAST_GPA, gpa);
  const page = ramPointer(cpu, gpa & ~0xfff, 0x1000);
  if (!page || watchesPage(cpu, va)) return;
  const index = (<u32>(va >> 12) & (TLB_ENTRIES - 1)) + (user ? TLB_ENTRIES : 0);
  const entry = cpu + TLB + index * TLB_ENTRY;
  const tag = va & ~0xfff;
  store<u64>(entry + TLB_READ, tag);
  store<u64>(entry + TLB_WRITE, writable && !isCodePage(cpu, page) ? tag : <u64>TLB_NONE);
  store<u64>(entry + TLB_EXECUTE, executable ? tag : <u64>TLB_NONE);
  store<u64>(entry + TLB_ADDEND, <u64>page - tag);
  const known = load<u8>(cpu + TLB_INFO + index);
  if (!(known & INFO_FILLED)) {
    const count = load<u32>(cpu + TLB_LOG_COUNT);
    store<u16>(cpu + TLB_LOG + count * 2, <u16>index);
    store<u32>(cpu + TLB_LOG_COUNT, count + 1);
  }
  store<u8>(cpu + TLB_INFO + index, info | INFO_FILLED);
}

function drop(cpu: u32, index: u32): void {
  const entry = cpu + TLB + index * TLB_ENTRY;
  store<u64>(entry + TLB_READ, TLB_NONE);
  store<u64>(entry + TLB_WRITE, TLB_NONE);
  store<u64>(entry + TLB_EXECUTE, TLB_NONE);
  store<u8>(cpu + TLB_INFO + index, 0);
}

/** Forget translations: all of them, or all but the global ones (MOV to CR3). */
export function flushTlb(cpu: u32, keepGlobal: bool): void {
  const count = load<u32>(cpu + TLB_LOG_COUNT);
  let kept: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const index = <u32>load<u16>(cpu + TLB_LOG + i * 2);
    if (keepGlobal && load<u8>(cpu + TLB_INFO + index) & INFO_GLOBAL) {
      store<u16>(cpu + TLB_LOG + kept * 2, <u16>index);
      kept++;
    } else drop(cpu, index);
  }
  store<u32>(cpu + TLB_LOG_COUNT, kept);
  nextGeneration(cpu);
}

/** INVLPG: forget the page of `va` in both TLBs, and whatever came from a large page around it. */
export function flushPage(cpu: u32, va: u64): void {
  const count = load<u32>(cpu + TLB_LOG_COUNT);
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
  store<u32>(cpu + TLB_LOG_COUNT, kept);
  nextGeneration(cpu);
}

/** A page (by linear-memory address) now bears decoded code: stores to it must come by the slow path. */
export function withholdWrites(cpu: u32, page: u32): void {
  const count = load<u32>(cpu + TLB_LOG_COUNT);
  for (let i: u32 = 0; i < count; i++) {
    const entry = cpu + TLB + <u32>load<u16>(cpu + TLB_LOG + i * 2) * TLB_ENTRY;
    const tag = load<u64>(entry + TLB_READ);
    if (<u32>(tag + load<u64>(entry + TLB_ADDEND)) == page) store<u64>(entry + TLB_WRITE, TLB_NONE);
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
  store<u32>(cpu + TLB_LOG_COUNT, 0);
  nextGeneration(cpu);
}

/** Address width of linear addresses in the current mode: they wrap at 4 GiB outside 64-bit mode. */
// @ts-ignore: decorator
@inline
export function wrapLinear(cpu: u32, va: u64): u64 {
  return load<u32>(cpu + MODE) & MODE_LONG64 ? va : va & 0xffffffff;
}

/** Record #GP(0), or #SS(0), for a non-canonical address. */
export function nonCanonical(cpu: u32, vector: u32): u32 {
  return raiseError(cpu, vector == 0 ? GP : vector, 0);
}
