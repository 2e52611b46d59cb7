// The local APIC's timer (Intel SDM vol. 3, 11.5.4). It counts the bus clock, 1 GHz, through a divider; in TSC-deadline mode
// it waits for a value of the TSC. Nothing ticks: the time at which it reaches 0 is known, and `lapicTimer` looks.
import { LAPIC_TIMER_DUE, MSR_TSC_DEADLINE } from "../layout/cpu";
import { now } from "./host";
import { alert, localInterrupt } from "./lapic-interrupt";
import { LVT_MASKED, LVT_TIMER, register, setRegister, TIMER_DIVIDE, TIMER_INITIAL } from "./lapic-state";
import { nanoseconds, readTsc } from "./tsc";

/** Mode, in the LVT entry. */
const MODE_MASK: u32 = 0x60000;
const PERIODIC: u32 = 0x20000;
const DEADLINE: u32 = 0x40000;

@inline
function mode(cpu: u32): u32 {
  return register(cpu, LVT_TIMER) & MODE_MASK;
}

/** Nanoseconds a count: divide by 2, 4, 8, 16, 32, 64, 128, 1. */
function divider(cpu: u32): u64 {
  const code = register(cpu, TIMER_DIVIDE);
  const power = ((code & 3) | ((code >> 1) & 4)) + 1;
  return <u64>1 << (power & 7);
}

/** Fire what is due. Cheap while nothing is armed. */
export function lapicTimer(cpu: u32): void {
  if (mode(cpu) == DEADLINE) {
    const deadline = load<u64>(cpu + MSR_TSC_DEADLINE);
    if (!deadline || readTsc(cpu) < deadline) return;
    store<u64>(cpu + MSR_TSC_DEADLINE, 0);
  } else {
    const due = load<u64>(cpu + LAPIC_TIMER_DUE);
    if (!due) return;
    const time = nanoseconds();
    if (time < due) return;
    store<u64>(cpu + LAPIC_TIMER_DUE, mode(cpu) == PERIODIC ? nextPeriod(cpu, due, time) : 0);
  }
  localInterrupt(cpu, LVT_TIMER);
}

/** First end of a period after `time`; interrupts of the periods in between are lost, as while the processor masks them. */
function nextPeriod(cpu: u32, due: u64, time: u64): u64 {
  const period = <u64>register(cpu, TIMER_INITIAL) * divider(cpu);
  return period ? due + ((time - due) / period + 1) * period : 0;
}

/** Guest nanoseconds at which the timer will interrupt next; Infinity when it will not. */
export function lapicNextTimer(cpu: u32): f64 {
  const entry = register(cpu, LVT_TIMER);
  if (entry & LVT_MASKED) return Infinity;
  if ((entry & MODE_MASK) != DEADLINE) {
    const due = load<u64>(cpu + LAPIC_TIMER_DUE);
    return due ? <f64>due : Infinity;
  }
  const deadline = load<u64>(cpu + MSR_TSC_DEADLINE);
  if (!deadline) return Infinity;
  const tsc = readTsc(cpu);
  return deadline <= tsc ? now() : now() + <f64>(deadline - tsc);
}

/** Writing the initial count starts the timer, 0 stops it; it has no effect in TSC-deadline mode. */
export function setInitialCount(cpu: u32, count: u32): void {
  if (mode(cpu) == DEADLINE) return;
  setRegister(cpu, TIMER_INITIAL, count);
  store<u64>(cpu + LAPIC_TIMER_DUE, count ? nanoseconds() + <u64>count * divider(cpu) : 0);
  alert(cpu);
}

/** Current count. */
export function currentCount(cpu: u32): u32 {
  lapicTimer(cpu);
  const due = load<u64>(cpu + LAPIC_TIMER_DUE);
  if (!due) return 0;
  const time = nanoseconds();
  const step = divider(cpu);
  return due > time ? <u32>((due - time + step - 1) / step) : 0;
}

/** The divider takes effect on the count that is left. */
export function setDivider(cpu: u32, value: u32): void {
  const left = currentCount(cpu);
  setRegister(cpu, TIMER_DIVIDE, value);
  if (left) store<u64>(cpu + LAPIC_TIMER_DUE, nanoseconds() + <u64>left * divider(cpu));
  alert(cpu);
}

/** Write the timer's LVT entry. Going to or from TSC-deadline mode disarms it. */
export function setTimerEntry(cpu: u32, value: u32): void {
  lapicTimer(cpu);
  const changed = mode(cpu) ^ (value & MODE_MASK);
  setRegister(cpu, LVT_TIMER, value);
  if (changed & DEADLINE) {
    store<u64>(cpu + LAPIC_TIMER_DUE, 0);
    store<u64>(cpu + MSR_TSC_DEADLINE, 0);
  }
  alert(cpu);
}

/** IA32_TSC_DEADLINE: 0 disarms; outside TSC-deadline mode writes are lost and it reads 0. */
export function setDeadline(cpu: u32, deadline: u64): void {
  if (mode(cpu) != DEADLINE) return;
  store<u64>(cpu + MSR_TSC_DEADLINE, deadline);
  lapicTimer(cpu);
  if (load<u64>(cpu + MSR_TSC_DEADLINE)) alert(cpu);
}
