// The time-stamp counter: guest nanoseconds at 1 GHz, plus an offset that writes of IA32_TIME_STAMP_COUNTER and RESET move.
import { MSR_TSC_OFFSET } from "../layout/cpu";
import { now } from "./host";

/** Counts of the TSC, and of the local APIC's bus clock, in a millisecond. */
export const TSC_KHZ: u32 = 1000000;
export const APIC_BUS_KHZ: u32 = 1000000;

/** Guest time in whole nanoseconds. */
@inline
export function nanoseconds(): u64 {
  return <u64>now();
}

export function readTsc(cpu: u32): u64 {
  return nanoseconds() + load<u64>(cpu + MSR_TSC_OFFSET);
}

export function writeTsc(cpu: u32, value: u64): void {
  store<u64>(cpu + MSR_TSC_OFFSET, value - nanoseconds());
}
