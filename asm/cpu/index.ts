// The CPU kernel: everything that packages/cpu calls. Each function takes the linear-memory address of a vCPU's block.
import { A20_MASK, INTR, NMI_LATCHED, PENDING, RAM_BASE, RAM_HIGH, RAM_LOW, VCPU_SIZE } from "../layout/cpu";
import { codeWritten, dropAllCode } from "./code-pages";
import { lapicDeliver, lapicMatches } from "./lapic";
import { reset as resetState } from "./mode";
import { flushTlb, resetTlb } from "./tlb";

export { run } from "../generated/interpreter";
export { decode } from "./decode";
export { condition, getFlags, setFlags } from "./flags";
export { setCarryOverflow } from "./integer/operand";
export { overflows } from "./integer/multiply";
export { executeFor } from "./jit/executor";
export { lapicNextTimer } from "./lapic";
export { updateMode } from "./mode";

/** Make a fresh vCPU, in its state after RESET. RAM: linear-memory offset, bytes below the hole, bytes from 4 GiB up. */
export function create(cpu: u32, ramBase: u32, ramLow: u32, ramHigh: u32): void {
  memory.fill(cpu, 0, VCPU_SIZE);
  store<u32>(cpu + RAM_BASE, ramBase);
  store<u32>(cpu + RAM_LOW, ramLow);
  store<u32>(cpu + RAM_HIGH, ramHigh);
  store<u32>(cpu + A20_MASK, 0xffffffff);
  dropAllCode(cpu);
  reset(cpu);
}

/** RESET or INIT pin: the processor's state as after power-on; RAM stays. */
export function reset(cpu: u32): void {
  resetState(cpu);
  resetTlb(cpu);
}

/** A device or the host wrote `size` bytes of RAM at linear-memory address `at`. */
export function written(cpu: u32, at: u32, size: u32): void {
  codeWritten(cpu, at, size);
}

/** Forget cached translations after the host changed control registers. */
export function flush(cpu: u32): void {
  flushTlb(cpu, false);
}

/** Level of the INTR pin. */
export function setIntr(cpu: u32, level: bool): void {
  store<u32>(cpu + INTR, u32(level));
  if (level) store<u32>(cpu + PENDING, 1);
}

/** A pulse on the NMI pin. */
export function pulseNmi(cpu: u32): void {
  store<u32>(cpu + NMI_LATCHED, 1);
  store<u32>(cpu + PENDING, 1);
}

/** The A20 gate. */
export function setA20(cpu: u32, open: bool): void {
  store<u32>(cpu + A20_MASK, open ? 0xffffffff : 0xffefffff);
  resetTlb(cpu);
}

/** An APIC message to whom it concerns: delivered when this vCPU is its destination. True if it was. */
export function deliverApic(cpu: u32, destination: u32, logical: bool, mode: u32, vector: u32, level: bool): bool {
  if (!lapicMatches(cpu, destination, logical)) return false;
  lapicDeliver(cpu, mode, vector, level);
  return true;
}
