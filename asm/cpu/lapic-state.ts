// Registers of the local APIC, kept at the offsets that they have in its page, and what can be read off them alone.
import { LAPIC, MSR_APIC_BASE } from "../layout/cpu";

export const ID: u32 = 0x20;
export const VERSION: u32 = 0x30;
export const TPR: u32 = 0x80;
export const APR: u32 = 0x90;
export const PPR: u32 = 0xa0;
export const EOI: u32 = 0xb0;
export const LDR: u32 = 0xd0;
export const DFR: u32 = 0xe0;
export const SVR: u32 = 0xf0;
/** Eight registers each, 32 vectors a register. */
export const ISR: u32 = 0x100;
export const TMR: u32 = 0x180;
export const IRR: u32 = 0x200;
export const ESR: u32 = 0x280;
export const ICR: u32 = 0x300;
export const ICR_HIGH: u32 = 0x310;
export const LVT_TIMER: u32 = 0x320;
export const LVT_THERMAL: u32 = 0x330;
export const LVT_PERFORMANCE: u32 = 0x340;
export const LVT_LINT0: u32 = 0x350;
export const LVT_LINT1: u32 = 0x360;
export const LVT_ERROR: u32 = 0x370;
export const TIMER_INITIAL: u32 = 0x380;
export const TIMER_CURRENT: u32 = 0x390;
export const TIMER_DIVIDE: u32 = 0x3e0;
/** x2APIC mode only. */
export const SELF_IPI: u32 = 0x3f0;
export const REGISTERS: u32 = 0x400;

/** IA32_APIC_BASE. */
export const BASE_BSP: u64 = 0x100;
export const BASE_X2APIC: u64 = 0x400;
export const BASE_ENABLE: u64 = 0x800;
export const BASE_ADDRESS: u64 = 0xfffffff000;

export const SVR_ENABLE: u32 = 0x100;
export const LVT_MASKED: u32 = 0x10000;

/** Delivery modes, in LVT entries, the ICR and interrupt messages. */
export const FIXED: u32 = 0;
export const LOWEST: u32 = 1;
export const NMI_MODE: u32 = 4;
export const EXTINT: u32 = 7;

@inline
export function register(cpu: u32, offset: u32): u32 {
  return load<u32>(cpu + LAPIC + offset);
}

@inline
export function setRegister(cpu: u32, offset: u32, value: u32): void {
  store<u32>(cpu + LAPIC + offset, value);
}

/** Globally enabled, by IA32_APIC_BASE. */
@inline
export function present(cpu: u32): bool {
  return (load<u64>(cpu + MSR_APIC_BASE) & BASE_ENABLE) != 0;
}

/** Enabled by software, in the spurious-interrupt vector register. */
@inline
export function enabled(cpu: u32): bool {
  return (register(cpu, SVR) & SVR_ENABLE) != 0;
}

@inline
export function x2apic(cpu: u32): bool {
  return (load<u64>(cpu + MSR_APIC_BASE) & BASE_X2APIC) != 0;
}

/** Highest vector set in ISR, TMR or IRR; −1 when there is none. */
export function highest(cpu: u32, bitmap: u32): i32 {
  for (let word: i32 = 7; word >= 0; word--) {
    const bits = register(cpu, bitmap + word * 16);
    if (bits) return word * 32 + 31 - clz<u32>(bits);
  }
  return -1;
}

@inline
export function testVector(cpu: u32, bitmap: u32, vector: u32): bool {
  return ((register(cpu, bitmap + (vector >> 5) * 16) >> (vector & 31)) & 1) != 0;
}

@inline
export function putVector(cpu: u32, bitmap: u32, vector: u32, set: bool): void {
  const offset = bitmap + (vector >> 5) * 16;
  const bit = <u32>1 << (vector & 31);
  setRegister(cpu, offset, set ? register(cpu, offset) | bit : register(cpu, offset) & ~bit);
}

/** Processor priority: the higher class of TPR and of the interrupts in service (Intel SDM vol. 3, 11.8.3.1). */
export function priority(cpu: u32): u32 {
  const task = register(cpu, TPR);
  const serving = highest(cpu, ISR);
  const class_: u32 = serving < 0 ? 0 : <u32>serving & 0xf0;
  return (task & 0xf0) >= class_ ? task : class_;
}
