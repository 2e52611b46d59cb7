// Linear to physical: the page walk (Intel SDM vol. 3, 4.3–4.7).
import { COUNT_TLB_MISS, CR0, CR2, CR3, CR4, EFER } from "../layout/cpu";
import { PF, raiseError } from "./exception";
import { EXECUTE, NOWHERE, WRITE } from "./linear";
import { gateA20, ramPointer } from "./phys";
import { INFO_GLOBAL, INFO_LARGE, remember } from "./tlb";

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

/**
 * Translate `va` for `access`, on behalf of user mode or not. Fills the TLB.
 * Returns the physical address, or NOWHERE with #PF recorded. `va` must be canonical.
 */
export function translate(cpu: u32, va: u64, access: u32, user: bool): u64 {
  store<u32>(cpu + COUNT_TLB_MISS, load<u32>(cpu + COUNT_TLB_MISS) + 1);
  if (!(load<u32>(cpu + CR0) & CR0_PG)) {
    const gpa = gateA20(cpu, va & 0xffffffff);
    remember(cpu, va, gpa, true, true, user, INFO_GLOBAL);
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
    remember(cpu, va, gpa, allowed(cpu, rights, false, WRITE, user) && (marked & PTE_D) != 0,
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
  remember(cpu, va, gpa, allowed(cpu, rights, false, WRITE, user) && (marked & <u32>PTE_D) != 0,
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
