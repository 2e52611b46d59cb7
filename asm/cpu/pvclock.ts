// kvmclock: the guest names a page and finds there how to make time of the TSC (Linux Documentation/virt/kvm/x86/msr.rst).
// Both clocks count guest nanoseconds, so what is written once holds until the TSC is moved.
import { MSR_PV_SYSTEM_TIME, MSR_PV_WALL_CLOCK, MSR_TSC_OFFSET, SYSTEM_SCRATCH, WALL_CLOCK_NS } from "../layout/cpu";
import { PHYSICAL_BITS } from "./mmu";
import { physWrite, ramPointer } from "./phys";
import { nanoseconds } from "./tsc";

/** In the system-time MSR: the structure at the address (4-byte aligned) is in use. */
const ENABLED: u64 = 1;

// pvclock_vcpu_time_info: u32 version, u32 pad, u64 TSC, u64 ns at that TSC, u32 multiplier, i8 shift, u8 flags.
const INFO_TSC: u32 = 8;
const INFO_TIME: u32 = 16;
const INFO_MULTIPLIER: u32 = 24;
const INFO_SHIFT: u32 = 28;
const INFO_FLAGS: u32 = 29;
const INFO_SIZE: u32 = 32;
/** ns = (counts << shift) × multiplier / 2^32. */
const MULTIPLIER: u32 = 0x80000000;
const SHIFT: u8 = 1;
const FLAG_STABLE: u8 = 1;

// pvclock_wall_clock: u32 version, u32 seconds, u32 nanoseconds.
const WALL_SECONDS: u32 = 4;
const WALL_NANOSECONDS: u32 = 8;
const WALL_SIZE: u32 = 12;

const BILLION: u64 = 1000000000;

export function setSystemTime(cpu: u32, value: u64): void {
  store<u64>(cpu + MSR_PV_SYSTEM_TIME, value);
  writeSystemTime(cpu);
}

/** Write the time structure, if the guest has one; also after the TSC was moved. */
export function writeSystemTime(cpu: u32): void {
  const address = load<u64>(cpu + MSR_PV_SYSTEM_TIME);
  if (!(address & ENABLED)) return;
  const time = nanoseconds();
  const info = cpu + SYSTEM_SCRATCH;
  memory.fill(info, 0, INFO_SIZE);
  store<u64>(info + INFO_TSC, time + load<u64>(cpu + MSR_TSC_OFFSET));
  store<u64>(info + INFO_TIME, time);
  store<u32>(info + INFO_MULTIPLIER, MULTIPLIER);
  store<u8>(info + INFO_SHIFT, SHIFT);
  store<u8>(info + INFO_FLAGS, FLAG_STABLE);
  publish(cpu, address & ~3, INFO_SIZE);
}

/** Write the wall-clock time of guest time 0. */
export function setWallClock(cpu: u32, address: u64): void {
  store<u64>(cpu + MSR_PV_WALL_CLOCK, address);
  const wall = load<u64>(cpu + WALL_CLOCK_NS);
  const info = cpu + SYSTEM_SCRATCH;
  store<u32>(info + WALL_SECONDS, <u32>(wall / BILLION));
  store<u32>(info + WALL_NANOSECONDS, <u32>(wall % BILLION));
  publish(cpu, address & ~3, WALL_SIZE);
}

/** Copy a structure from SYSTEM_SCRATCH to guest RAM with the next even version. What is not RAM is left alone. */
function publish(cpu: u32, gpa: u64, size: u32): void {
  if (gpa >> PHYSICAL_BITS) return;
  const at = ramPointer(cpu, gpa, 4);
  if (!at) return;
  store<u32>(cpu + SYSTEM_SCRATCH, (load<u32>(at) & ~1) + 2);
  for (let done: u32 = 0; done < size; done += 4) {
    if (ramPointer(cpu, gpa + done, 4)) physWrite(cpu, gpa + done, cpu + SYSTEM_SCRATCH + done, 4);
  }
}
