// The processor's mode, derived from its registers, and its state after RESET (Intel SDM vol. 3, 10.1.1).
import {
  CODE_KEY, CPL, CR0, CS, DEBUG_HITS, DR, DS, EFER, ES, FCW, FTW, GDT_LIMIT, GPR, HALTED, IDT_LIMIT, LDTR, MODE,
  MODE_D32, MODE_FLAT, MODE_LONG64, MODE_REAL, MODE_STACK32, MODE_USER, MODE_V86, MSR_DE_CFG, MSR_HWCR, MSR_NB_CFG,
  MSR_PAT, MSR_PV_SYSTEM_TIME, MSR_PV_WALL_CLOCK, MSR_SYSCFG, MSR_TOP_MEM, MSR_TOP_MEM2, MXCSR, NMI_BLOCKED,
  NMI_LATCHED, PENDING, RDX, RFLAGS, RIP, SEG, SEG_ATTR, SEG_BASE, SEG_LIMIT, SEG_SELECTOR, SEG_SIZE, SHADOW,
  SHADOW_SET, SS, STEP, STEP_OF, TLB, TLB_BYTES, TLB_NOW, TR,
} from "../layout/cpu";
import { SIGNATURE } from "./cpuid";
import { DR6_FIXED, DR7_ENABLES, DR7_FIXED } from "./debug";
import { TF, VM } from "./flags";
import { resetApic } from "./lapic";
import { UNUSABLE } from "./segment-check";
import { resetTlb } from "./tlb";
import { writeTsc } from "./tsc";

const CR0_PE: u32 = 1;
/** CD, NW and ET. */
const CR0_RESET: u64 = 0x60000010;
const EFER_LMA: u32 = 0x400;

const ATTR_LONG: u32 = 0x2000;
const ATTR_BIG: u32 = 0x4000;
/** Type bits (code, expand-down or conforming, readable or writable) of a segment that a flat one must have. */
const TYPE_MASK: u32 = 0xe;
const DATA_WRITABLE: u32 = 2;
const CODE_READABLE: u32 = 0xa;
const CODE_CONFORMING: u32 = 4;

/** Present, writable, accessed data; LDT; busy 32-bit TSS. */
const ATTR_DATA: u32 = 0x93;
const ATTR_LDT: u32 = 0x82;
const ATTR_TSS: u32 = 0x8b;

/** PAT entries WB WT UC− UC, twice. */
const PAT_RESET: u64 = 0x0007040600070406;
/** TscFreqSel: the TSC counts at the frequency of P-state 0. */
const HWCR_RESET: u64 = 0x1000000;
/** LFENCE is dispatch serializing. */
const DE_CFG_RESET: u64 = 2;

@inline
function attributes(cpu: u32, segment: u32): u32 {
  return load<u32>(cpu + SEG + segment * SEG_SIZE + SEG_ATTR);
}

/** Base 0, limit 4 GiB, usable, and of the given type. */
function isFlat(cpu: u32, segment: u32, ignored: u32, type: u32): bool {
  const record = cpu + SEG + segment * SEG_SIZE;
  return load<u64>(record + SEG_BASE) == 0 && load<u32>(record + SEG_LIMIT) == 0xffffffff &&
    (load<u32>(record + SEG_ATTR) & (UNUSABLE | (TYPE_MASK & ~ignored))) == type;
}

/** Recompute MODE and what hangs on it: TLB_NOW, STEP and the low byte of CODE_KEY. */
export function updateMode(cpu: u32): void {
  const flags = load<u32>(cpu + RFLAGS);
  const protectedMode = (load<u32>(cpu + CR0) & CR0_PE) != 0;
  const v86 = protectedMode && (flags & VM) != 0;
  const cs = attributes(cpu, CS);
  const user = load<u32>(cpu + CPL) == 3;
  let mode: u32 = 0;
  if (load<u32>(cpu + EFER) & EFER_LMA && cs & ATTR_LONG) mode = MODE_LONG64;
  else {
    if (cs & ATTR_BIG) mode |= MODE_D32;
    if (attributes(cpu, SS) & ATTR_BIG) mode |= MODE_STACK32;
    if (v86) mode |= MODE_V86;
    if (v86 || !protectedMode) mode |= MODE_REAL;
    else if (mode & MODE_D32 && isFlat(cpu, CS, CODE_CONFORMING, CODE_READABLE) && isFlat(cpu, DS, 0, DATA_WRITABLE) &&
      isFlat(cpu, ES, 0, DATA_WRITABLE) && isFlat(cpu, SS, 0, DATA_WRITABLE)) mode |= MODE_FLAT;
  }
  if (user) mode |= MODE_USER;
  store<u32>(cpu + MODE, mode);
  store<u32>(cpu + CODE_KEY, (load<u32>(cpu + CODE_KEY) & ~0xff) | mode);
  store<u32>(cpu + TLB_NOW, cpu + TLB + (user ? TLB_BYTES : 0));
  const armed = load<u32>(cpu + DR + 7 * 8) & DR7_ENABLES;
  store<u32>(cpu + STEP, u32((flags & TF) != 0 || armed != 0));
}

/** A segment register as RESET leaves it. */
function resetSegment(cpu: u32, segment: u32, attr: u32): void {
  const record = cpu + SEG + segment * SEG_SIZE;
  store<u32>(record + SEG_LIMIT, 0xffff);
  store<u32>(record + SEG_ATTR, attr);
}

/**
 * Processor state after RESET. The TSC starts from 0. What belongs to the machine (RAM, A20, the INTR pin, counters,
 * the wall clock, decoded code) stays.
 */
export function reset(cpu: u32): void {
  // All of the neutral state, from the registers up to the local APIC.
  memory.fill(cpu + GPR, 0, PENDING - GPR);
  store<u64>(cpu + RIP, 0xfff0);
  store<u64>(cpu + RFLAGS, 2);
  store<u64>(cpu + RDX, SIGNATURE);
  for (let segment: u32 = ES; segment <= TR; segment++) resetSegment(cpu, segment, ATTR_DATA);
  resetSegment(cpu, LDTR, ATTR_LDT);
  resetSegment(cpu, TR, ATTR_TSS);
  const cs = cpu + SEG + CS * SEG_SIZE;
  store<u64>(cs + SEG_BASE, 0xffff0000);
  store<u32>(cs + SEG_SELECTOR, 0xf000);
  store<u32>(cpu + GDT_LIMIT, 0xffff);
  store<u32>(cpu + IDT_LIMIT, 0xffff);
  store<u64>(cpu + CR0, CR0_RESET);
  store<u64>(cpu + DR + 6 * 8, DR6_FIXED);
  store<u64>(cpu + DR + 7 * 8, DR7_FIXED);
  store<u32>(cpu + MXCSR, 0x1f80);
  store<u16>(cpu + FCW, 0x40);
  store<u16>(cpu + FTW, 0x5555);
  resetMsrs(cpu);
  resetApic(cpu);
  store<u32>(cpu + NMI_LATCHED, 0);
  store<u32>(cpu + NMI_BLOCKED, 0);
  store<u32>(cpu + CPL, 0);
  store<u32>(cpu + SHADOW, 0);
  store<u32>(cpu + SHADOW_SET, 0);
  store<u32>(cpu + DEBUG_HITS, 0);
  store<u32>(cpu + HALTED, 0);
  store<u32>(cpu + STEP_OF, 0);
  updateMode(cpu);
  resetTlb(cpu);
}

function resetMsrs(cpu: u32): void {
  store<u64>(cpu + MSR_PAT, PAT_RESET);
  store<u64>(cpu + MSR_HWCR, HWCR_RESET);
  store<u64>(cpu + MSR_DE_CFG, DE_CFG_RESET);
  store<u64>(cpu + MSR_SYSCFG, 0);
  store<u64>(cpu + MSR_NB_CFG, 0);
  store<u64>(cpu + MSR_TOP_MEM, 0);
  store<u64>(cpu + MSR_TOP_MEM2, 0);
  store<u64>(cpu + MSR_PV_SYSTEM_TIME, 0);
  store<u64>(cpu + MSR_PV_WALL_CLOCK, 0);
  writeTsc(cpu, 0);
}
