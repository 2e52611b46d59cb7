// Model-specific registers (Intel SDM vol. 4, chapter 2; AMD APM vol. 2, appendix A). What is not here faults, and so does a
// value with bits that a register does not have.
//
// Most of them are only kept: the processor caches nothing, so MTRRs and PAT have no effect, nor have the AMD registers that
// Linux reads without asking CPUID first (SYSCFG, HWCR, NB_CFG, TOP_MEM, DE_CFG, the microcode's patch level).
import {
  CR0, EFER, FS, GS, MSR_APIC_BASE, MSR_CSTAR, MSR_DE_CFG, MSR_HWCR, MSR_KERNEL_GS_BASE, MSR_LSTAR, MSR_MTRR_DEF_TYPE,
  MSR_MTRR_FIX, MSR_MTRR_VAR, MSR_NB_CFG, MSR_PAT, MSR_PV_SYSTEM_TIME, MSR_PV_WALL_CLOCK, MSR_SFMASK, MSR_STAR,
  MSR_SYSCFG, MSR_SYSENTER_CS, MSR_SYSENTER_EIP, MSR_SYSENTER_ESP, MSR_TOP_MEM, MSR_TOP_MEM2, MSR_TSC_AUX,
  MSR_TSC_DEADLINE, SEG, SEG_BASE, SEG_SIZE, SYSTEM_SCRATCH,
} from "../layout/cpu";
import { lapicTimer, writeApicBase, x2apicRead, x2apicReadable, x2apicWrite } from "./lapic";
import { alert } from "./lapic-interrupt";
import { setDeadline } from "./lapic-timer";
import { canonical } from "./linear";
import { PHYSICAL_BITS } from "./mmu";
import { setSystemTime, setWallClock, writeSystemTime } from "./pvclock";
import { flushTlb } from "./tlb";
import { readTsc, writeTsc } from "./tsc";

const TSC: u32 = 0x10;
const APIC_BASE: u32 = 0x1b;
const PATCH_LEVEL: u32 = 0x8b;
const MTRR_CAP: u32 = 0xfe;
const SYSENTER_CS: u32 = 0x174;
const SYSENTER_ESP: u32 = 0x175;
const SYSENTER_EIP: u32 = 0x176;
const MCG_CAP: u32 = 0x179;
const MCG_STATUS: u32 = 0x17a;
const MTRR_VAR_FIRST: u32 = 0x200;
const MTRR_VAR_LAST: u32 = 0x20f;
const MTRR_FIX_64K: u32 = 0x250;
const MTRR_FIX_16K: u32 = 0x258;
const MTRR_FIX_4K: u32 = 0x268;
const MTRR_FIX_LAST: u32 = 0x26f;
const PAT: u32 = 0x277;
const MTRR_DEF_TYPE: u32 = 0x2ff;
const TSC_DEADLINE: u32 = 0x6e0;
const KVM_WALL_CLOCK: u32 = 0x4b564d00;
const KVM_SYSTEM_TIME: u32 = 0x4b564d01;
const EFER_INDEX: u32 = 0xc0000080;
const STAR: u32 = 0xc0000081;
const LSTAR: u32 = 0xc0000082;
const CSTAR: u32 = 0xc0000083;
const SFMASK: u32 = 0xc0000084;
const FS_BASE: u32 = 0xc0000100;
const GS_BASE: u32 = 0xc0000101;
const KERNEL_GS_BASE: u32 = 0xc0000102;
const TSC_AUX: u32 = 0xc0000103;
const SYSCFG: u32 = 0xc0010010;
const HWCR: u32 = 0xc0010015;
const TOP_MEM: u32 = 0xc001001a;
const TOP_MEM2: u32 = 0xc001001d;
const NB_CFG: u32 = 0xc001001f;
const DE_CFG: u32 = 0xc0011029;

/** Eight variable ranges, fixed ranges, write-combining. */
const MTRR_CAP_VALUE: u64 = 0x508;
/** A patch level of no processor in particular; the one that KVM shows. */
const PATCH_LEVEL_VALUE: u64 = 0x01000065;
/** Bits that stay set: TscFreqSel in HWCR, LfenceSerialize in DE_CFG. */
const HWCR_FIXED: u64 = 0x1000000;
const DE_CFG_FIXED: u64 = 2;

const EFER_LME: u64 = 0x100;
const EFER_LMA: u64 = 0x400;
const EFER_NXE: u64 = 0x800;
/** SCE, LME, LMA, NXE and automatic IBRS. */
const EFER_BITS: u64 = 0x200d01;
const CR0_PG: u32 = 0x80000000;

const LOW: u64 = 0xffffffff;
const ADDRESS: u64 = ((<u64>1 << PHYSICAL_BITS) - 1) & ~0xfff;

/** Where an MSR that is nothing but its value is kept, as an offset in the vCPU block; 0 for the others. */
function fieldOf(index: u32): u32 {
  if (index >= MTRR_VAR_FIRST && index <= MTRR_VAR_LAST) return MSR_MTRR_VAR + (index - MTRR_VAR_FIRST) * 8;
  if (index == MTRR_FIX_64K) return MSR_MTRR_FIX;
  if (index == MTRR_FIX_16K || index == MTRR_FIX_16K + 1) return MSR_MTRR_FIX + (1 + index - MTRR_FIX_16K) * 8;
  if (index >= MTRR_FIX_4K && index <= MTRR_FIX_LAST) return MSR_MTRR_FIX + (3 + index - MTRR_FIX_4K) * 8;
  switch (index) {
    case APIC_BASE: return MSR_APIC_BASE;
    case SYSENTER_CS: return MSR_SYSENTER_CS;
    case SYSENTER_ESP: return MSR_SYSENTER_ESP;
    case SYSENTER_EIP: return MSR_SYSENTER_EIP;
    case PAT: return MSR_PAT;
    case MTRR_DEF_TYPE: return MSR_MTRR_DEF_TYPE;
    case TSC_DEADLINE: return MSR_TSC_DEADLINE;
    case KVM_WALL_CLOCK: return MSR_PV_WALL_CLOCK;
    case KVM_SYSTEM_TIME: return MSR_PV_SYSTEM_TIME;
    case EFER_INDEX: return EFER;
    case STAR: return MSR_STAR;
    case LSTAR: return MSR_LSTAR;
    case CSTAR: return MSR_CSTAR;
    case SFMASK: return MSR_SFMASK;
    case FS_BASE: return SEG + FS * SEG_SIZE + SEG_BASE;
    case GS_BASE: return SEG + GS * SEG_SIZE + SEG_BASE;
    case KERNEL_GS_BASE: return MSR_KERNEL_GS_BASE;
    case TSC_AUX: return MSR_TSC_AUX;
    case SYSCFG: return MSR_SYSCFG;
    case HWCR: return MSR_HWCR;
    case TOP_MEM: return MSR_TOP_MEM;
    case TOP_MEM2: return MSR_TOP_MEM2;
    case NB_CFG: return MSR_NB_CFG;
    case DE_CFG: return MSR_DE_CFG;
    default: return 0;
  }
}

/** Read MSR `index` to the first word of SYSTEM_SCRATCH. False when there is no such register. */
export function readMsr(cpu: u32, index: u32): bool {
  const field = fieldOf(index);
  let value: u64 = 0;
  if (field) value = load<u64>(cpu + field);
  else if (index >> 8 == 8) {
    if (!x2apicReadable(cpu, index)) return false;
    value = x2apicRead(cpu, index);
  } else {
    switch (index) {
      case TSC: value = readTsc(cpu); break;
      case PATCH_LEVEL: value = PATCH_LEVEL_VALUE; break;
      case MTRR_CAP: value = MTRR_CAP_VALUE; break;
      // No machine-check banks.
      case MCG_CAP: case MCG_STATUS: break;
      default: return false;
    }
  }
  store<u64>(cpu + SYSTEM_SCRATCH, value);
  return true;
}

/** Write MSR `index`. False when there is no such register, it is read-only, or it cannot hold `value`. */
export function writeMsr(cpu: u32, index: u32, value: u64): bool {
  if (index >> 8 == 8) return x2apicWrite(cpu, index, value);
  switch (index) {
    case TSC: return moveTsc(cpu, value);
    case APIC_BASE: return writeApicBase(cpu, value);
    case EFER_INDEX: return writeEfer(cpu, value);
    case TSC_DEADLINE: setDeadline(cpu, value); return true;
    case KVM_WALL_CLOCK: setWallClock(cpu, value); return true;
    case KVM_SYSTEM_TIME: setSystemTime(cpu, value); return true;
    case HWCR: value |= HWCR_FIXED; break;
    case DE_CFG: value |= DE_CFG_FIXED; break;
    case TSC_AUX: value &= LOW; break;
    default: break;
  }
  const field = fieldOf(index);
  if (!field || !canHold(index, value)) return false;
  store<u64>(cpu + field, value);
  return true;
}

function moveTsc(cpu: u32, value: u64): bool {
  writeTsc(cpu, value);
  writeSystemTime(cpu);
  lapicTimer(cpu);
  alert(cpu);
  return true;
}

/** LMA follows from CR0.PG and cannot be written; LME cannot change while paging is on (AMD APM vol. 2, 3.1.7). */
function writeEfer(cpu: u32, value: u64): bool {
  const old = load<u64>(cpu + EFER);
  if (value & ~EFER_BITS) return false;
  if ((old ^ value) & EFER_LME && load<u32>(cpu + CR0) & CR0_PG) return false;
  store<u64>(cpu + EFER, (value & ~EFER_LMA) | (old & EFER_LMA));
  // Translations remember who may execute.
  if ((old ^ value) & EFER_NXE) flushTlb(cpu, false);
  return true;
}

/** Whether a register that is only kept has all the bits of `value`. */
function canHold(index: u32, value: u64): bool {
  if (index >= MTRR_VAR_FIRST && index <= MTRR_VAR_LAST) {
    // Base with a type, or mask with a valid bit.
    return index & 1 ? !(value & ~(ADDRESS | 0x800)) : !(value & ~(ADDRESS | 0xff)) && isType(<u32>value & 0xff, false);
  }
  if (index >= MTRR_FIX_64K && index <= MTRR_FIX_LAST) return areTypes(value, false);
  switch (index) {
    case PAT: return areTypes(value, true);
    case MTRR_DEF_TYPE: return !(value & ~0xcff) && isType(<u32>value & 0xff, false);
    case SYSENTER_ESP: case SYSENTER_EIP: case LSTAR: case CSTAR: case FS_BASE: case GS_BASE: case KERNEL_GS_BASE:
      return canonical(value);
    case SYSENTER_CS: case SYSCFG: case HWCR: return value <= LOW;
    case TOP_MEM: case TOP_MEM2: return !(value & ~(ADDRESS & ~0x7fffff));
    default: return true;
  }
}

/** Memory types: UC WC WT WP WB, and UC− in the PAT. */
function isType(type: u32, pat: bool): bool {
  return type == 0 || type == 1 || (type >= 4 && type <= 6) || (pat && type == 7);
}

function areTypes(value: u64, pat: bool): bool {
  for (; value; value >>= 8) if (!isType(<u32>value & 0xff, pat)) return false;
  return true;
}
