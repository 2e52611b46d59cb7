// Instructions about the processor itself: halting, interrupts, time stamps, model-specific registers, identification.
import {
  COUNT_HALT, CPL, CR4, EXIT, EXIT_HALT, EXIT_HALT_FOREVER, EXIT_REASON, JUMP, MODE, MODE_REAL, MODE_V86, MSR_TSC_AUX,
  OK, PENDING, RAX, RCX, RDX, RFLAGS, SHADOW, SHADOW_SET, SHADOW_STI, SYSTEM_SCRATCH,
} from "../layout/cpu";
import { cpuid } from "./cpuid";
import { GP, raiseError } from "./exception";
import { IF, IOPL } from "./flags";
import { lapicTimer, lapicWakes } from "./lapic";
import { updateMode } from "./mode";
import { readMsr, writeMsr } from "./msr";
import { storeNextRip } from "./rip";
import { goOn, goOnAfresh, unprivileged } from "./system-common";
import { readTsc } from "./tsc";

const CR4_TSD: u32 = 4;
const MSR_EFER: u32 = 0xc0000080;

/** HLT. With an interrupt at hand it is over at once; with IF = 0 only an NMI ends it. */
export function hlt(cpu: u32, pc: u32): u32 {
  if (unprivileged(cpu)) return raiseError(cpu, GP, 0);
  storeNextRip(cpu, pc);
  const open = (load<u32>(cpu + RFLAGS) & IF) != 0;
  if (open && load<u32>(cpu + PENDING)) {
    lapicTimer(cpu);
    if (lapicWakes(cpu)) return JUMP;
  }
  store<u32>(cpu + COUNT_HALT, load<u32>(cpu + COUNT_HALT) + 1);
  store<u32>(cpu + EXIT_REASON, open ? EXIT_HALT : EXIT_HALT_FOREVER);
  return EXIT;
}

/** Whether CLI and STI may change IF: by IOPL in protected mode, only with IOPL 3 in virtual-8086 mode (no VME). */
function mayChangeIf(cpu: u32): bool {
  const mode = load<u32>(cpu + MODE);
  const level = (load<u32>(cpu + RFLAGS) & IOPL) >> 12;
  if (mode & MODE_V86) return level == 3;
  return (mode & MODE_REAL) != 0 || load<u32>(cpu + CPL) <= level;
}

export function cli(cpu: u32): u32 {
  if (!mayChangeIf(cpu)) return raiseError(cpu, GP, 0);
  store<u32>(cpu + RFLAGS, load<u32>(cpu + RFLAGS) & ~IF);
  return OK;
}

/** STI holds interrupts off until after the next instruction, if they were disabled (Intel SDM vol. 2, STI). */
export function sti(cpu: u32, pc: u32): u32 {
  if (!mayChangeIf(cpu)) return raiseError(cpu, GP, 0);
  const flags = load<u32>(cpu + RFLAGS);
  if (flags & IF) return OK;
  store<u32>(cpu + RFLAGS, flags | IF);
  store<u32>(cpu + SHADOW, SHADOW_STI);
  store<u32>(cpu + SHADOW_SET, 1);
  return goOn(cpu, pc);
}

@inline
function answer(cpu: u32, value: u64): void {
  store<u64>(cpu + RAX, value & 0xffffffff);
  store<u64>(cpu + RDX, value >> 32);
}

export function rdtsc(cpu: u32): u32 {
  if (load<u32>(cpu + CR4) & CR4_TSD && unprivileged(cpu)) return raiseError(cpu, GP, 0);
  answer(cpu, readTsc(cpu));
  return OK;
}

export function rdtscp(cpu: u32): u32 {
  if (rdtsc(cpu) != OK) return raiseError(cpu, GP, 0);
  store<u64>(cpu + RCX, <u64>load<u32>(cpu + MSR_TSC_AUX));
  return OK;
}

/** There are no performance counters to read. */
export function rdpmc(cpu: u32): u32 {
  return raiseError(cpu, GP, 0);
}

export function rdmsr(cpu: u32): u32 {
  if (unprivileged(cpu) || !readMsr(cpu, load<u32>(cpu + RCX))) return raiseError(cpu, GP, 0);
  answer(cpu, load<u64>(cpu + SYSTEM_SCRATCH));
  return OK;
}

export function wrmsr(cpu: u32, pc: u32): u32 {
  const index = load<u32>(cpu + RCX);
  const value = <u64>load<u32>(cpu + RAX) | (<u64>load<u32>(cpu + RDX) << 32);
  if (unprivileged(cpu) || !writeMsr(cpu, index, value)) return raiseError(cpu, GP, 0);
  if (index != MSR_EFER) return goOn(cpu, pc);
  updateMode(cpu);
  return goOnAfresh(cpu, pc);
}

export function execCpuid(cpu: u32): u32 {
  cpuid(cpu);
  return OK;
}

/** INVD and WBINVD: there are no caches. */
export function invalidateCaches(cpu: u32): u32 {
  return unprivileged(cpu) ? raiseError(cpu, GP, 0) : OK;
}
