// The local APIC of a processor that is alone (Intel SDM vol. 3, chapter 11), in its page and in x2APIC mode (11.12).
//
// Modelled: IRR, ISR, TMR and priorities (TPR, PPR, CR8), fixed and lowest-priority messages, NMI, ExtINT, IPIs to oneself,
// EOI with broadcast to the I/O APICs, all six LVT entries (timer, LINT0 and error with sources), error status, physical
// and logical destinations (flat and cluster), the timer in its three modes, software disable, IA32_APIC_BASE with its
// transitions.
// Not modelled: other processors (INIT, start-up and IPIs to others vanish), SMI, arbitration and remote read, focus
// processor checking, thermal and performance-counter sources, suppressed EOI broadcasts, AMD's extended registers, LINT0 in
// other modes than ExtINT. The NMI pin is wired past LINT1.
//
// What a guest may abuse: a timer with a period of nanoseconds interrupts at every boundary, on its own time only; register
// numbers, sizes and values are all checked here, and only the 1 KiB of register state is ever addressed.
import { LAPIC, LAPIC_ERRORS, LAPIC_EXTINT, LAPIC_TIMER_DUE, MSR_APIC_BASE, MSR_TSC_DEADLINE } from "../layout/cpu";
import {
  alert, alertIfPending, endInterrupt, ILLEGAL_REGISTER, raiseError, sendIpi, sendSelf,
} from "./lapic-interrupt";
import {
  APR, BASE_ADDRESS, BASE_BSP, BASE_ENABLE, BASE_X2APIC, DFR, EOI, ESR, ICR, ICR_HIGH, ID, IRR, ISR, LDR, LVT_ERROR,
  LVT_LINT0, LVT_LINT1, LVT_MASKED, LVT_PERFORMANCE, LVT_THERMAL, LVT_TIMER, PPR, priority, register, REGISTERS,
  SELF_IPI, setRegister, SVR, SVR_ENABLE, TIMER_CURRENT, TIMER_DIVIDE, TIMER_INITIAL, TPR, VERSION, x2apic, enabled,
} from "./lapic-state";
import { currentCount, setDivider, setInitialCount, setTimerEntry } from "./lapic-timer";

export { extIntAccepted, lapicAccept, lapicDeliver, lapicMatches, lapicPending, lapicWakes } from "./lapic-interrupt";
export { lapicNextTimer, lapicTimer } from "./lapic-timer";

const RESET_BASE: u64 = 0xfee00000 | BASE_ENABLE | BASE_BSP;
/** Integrated APIC with six LVT entries. */
const VERSION_VALUE: u32 = 0x00050014;
const SVR_BITS: u32 = 0x3ff;
const ICR_BITS: u32 = 0xcdfff;
/** Delivery status: always idle. */
const ICR_PENDING: u32 = 0x1000;
/** Read-only bits of LVT entries: delivery status and remote IRR. */
const LVT_STATUS: u32 = 0x5000;
const DIVIDE_BITS: u32 = 0xb;

const X2APIC_FIRST: u32 = 0x800;

/** State after RESET. */
export function resetApic(cpu: u32): void {
  store<u64>(cpu + MSR_APIC_BASE, RESET_BASE);
  resetRegisters(cpu);
}

function resetRegisters(cpu: u32): void {
  memory.fill(cpu + LAPIC, 0, REGISTERS);
  setRegister(cpu, VERSION, VERSION_VALUE);
  setRegister(cpu, DFR, 0xffffffff);
  setRegister(cpu, SVR, 0xff);
  for (let entry = LVT_TIMER; entry <= LVT_ERROR; entry += 0x10) setRegister(cpu, entry, LVT_MASKED);
  store<u64>(cpu + MSR_TSC_DEADLINE, 0);
  store<u64>(cpu + LAPIC_TIMER_DUE, 0);
  store<u32>(cpu + LAPIC_ERRORS, 0);
  store<u32>(cpu + LAPIC_EXTINT, 0);
}

/** Guest physical address of the register page; all ones when there is none. */
export function lapicBase(cpu: u32): u64 {
  const base = load<u64>(cpu + MSR_APIC_BASE);
  return (base & (BASE_ENABLE | BASE_X2APIC)) == BASE_ENABLE ? base & BASE_ADDRESS : ~(<u64>0);
}

/** Write IA32_APIC_BASE. False for reserved bits and for transitions that do not exist (Intel SDM vol. 3, figure 11-27). */
export function writeApicBase(cpu: u32, value: u64): bool {
  if (value & ~(BASE_ADDRESS | BASE_ENABLE | BASE_X2APIC | BASE_BSP)) return false;
  const old = load<u64>(cpu + MSR_APIC_BASE);
  const from = old & (BASE_ENABLE | BASE_X2APIC);
  const to = value & (BASE_ENABLE | BASE_X2APIC);
  if (to == BASE_X2APIC) return false;
  if (from == (BASE_ENABLE | BASE_X2APIC) && to == BASE_ENABLE) return false;
  if (from == 0 && to == (BASE_ENABLE | BASE_X2APIC)) return false;
  store<u64>(cpu + MSR_APIC_BASE, (value & ~BASE_BSP) | (old & BASE_BSP));
  if (from == to) return true;
  if (to == 0) resetRegisters(cpu);
  else if (to & BASE_X2APIC) {
    // The x2APIC ID is 0, and the logical ID follows from it: cluster 0, bit 0.
    setRegister(cpu, ID, 0);
    setRegister(cpu, LDR, 1);
    setRegister(cpu, ICR_HIGH, 0);
  }
  alert(cpu);
  return true;
}

/** Task priority, 8 bits; CR8 is its upper half. */
export function lapicTpr(cpu: u32): u32 {
  return register(cpu, TPR);
}

export function setLapicTpr(cpu: u32, value: u32): void {
  setRegister(cpu, TPR, value & 0xff);
  alertIfPending(cpu);
}

/** Read `size` (1, 2, 4) bytes of the page. Bytes outside the registers read 0. */
export function lapicRead(cpu: u32, offset: u32, size: u32): u32 {
  if ((offset & 0xf) + size > 4) return 0;
  const value = readRegister(cpu, offset & 0xff0) >> ((offset & 3) * 8);
  return size == 4 ? value : value & ((<u32>1 << (size * 8)) - 1);
}

/** Write to the page. Only aligned 32-bit writes reach a register. */
export function lapicWrite(cpu: u32, offset: u32, size: u32, value: u32): void {
  if (size == 4 && (offset & 0xf) == 0) writeRegister(cpu, offset, value);
}

function readRegister(cpu: u32, offset: u32): u32 {
  switch (offset) {
    case PPR: return priority(cpu);
    case TIMER_CURRENT: return currentCount(cpu);
    case ID: case VERSION: case TPR: case LDR: case DFR: case SVR: case ESR: case ICR: case ICR_HIGH:
    case LVT_TIMER: case LVT_THERMAL: case LVT_PERFORMANCE: case LVT_LINT0: case LVT_LINT1: case LVT_ERROR:
    case TIMER_INITIAL: case TIMER_DIVIDE: return register(cpu, offset);
    case APR: case EOI: return 0;
    default:
      if (offset >= ISR && offset < ESR) return register(cpu, offset);
      raiseError(cpu, ILLEGAL_REGISTER);
      return 0;
  }
}

function writeRegister(cpu: u32, offset: u32, value: u32): void {
  switch (offset) {
    case ID: return setRegister(cpu, ID, value & 0xff000000);
    case TPR: return setLapicTpr(cpu, value);
    case EOI: return endInterrupt(cpu);
    case LDR: return setRegister(cpu, LDR, value & 0xff000000);
    case DFR: return setRegister(cpu, DFR, value | 0x0fffffff);
    case SVR: return setSpurious(cpu, value);
    case ESR: return latchErrors(cpu);
    case ICR:
      setRegister(cpu, ICR, value & ICR_BITS & ~ICR_PENDING);
      return sendIpi(cpu);
    case ICR_HIGH: return setRegister(cpu, ICR_HIGH, value & 0xff000000);
    case LVT_TIMER: return setTimerEntry(cpu, entryValue(cpu, LVT_TIMER, value));
    case LVT_THERMAL: case LVT_PERFORMANCE: case LVT_LINT0: case LVT_LINT1: case LVT_ERROR:
      setRegister(cpu, offset, entryValue(cpu, offset, value));
      // INTR may pass now that did not.
      return alert(cpu);
    case TIMER_INITIAL: return setInitialCount(cpu, value);
    case TIMER_DIVIDE: return setDivider(cpu, value & DIVIDE_BITS);
    case VERSION: case APR: case PPR: case TIMER_CURRENT: return;
    default:
      if (offset < ISR || offset >= ESR) raiseError(cpu, ILLEGAL_REGISTER);
  }
}

/** Writable bits of an LVT entry. */
function entryBits(offset: u32): u32 {
  if (offset == LVT_TIMER) return 0x700ff;
  if (offset == LVT_ERROR) return 0x100ff;
  return offset == LVT_LINT0 || offset == LVT_LINT1 ? 0x1a7ff : 0x107ff;
}

/** An LVT entry as written; always masked while the APIC is disabled by software. */
function entryValue(cpu: u32, offset: u32, value: u32): u32 {
  return (value & entryBits(offset)) | (enabled(cpu) ? 0 : LVT_MASKED);
}

/** Disabling by software masks all LVT entries (Intel SDM vol. 3, 11.4.7.2). */
function setSpurious(cpu: u32, value: u32): void {
  setRegister(cpu, SVR, value & SVR_BITS);
  if (!(value & SVR_ENABLE)) {
    for (let entry = LVT_TIMER; entry <= LVT_ERROR; entry += 0x10) setRegister(cpu, entry, register(cpu, entry) | LVT_MASKED);
  }
  alert(cpu);
}

/** A write of the ESR shows the errors since the last one. */
function latchErrors(cpu: u32): void {
  setRegister(cpu, ESR, load<u32>(cpu + LAPIC_ERRORS));
  store<u32>(cpu + LAPIC_ERRORS, 0);
}

/** Registers that x2APIC mode does not have as MSRs of their own. */
function absent(offset: u32): bool {
  return offset == ICR_HIGH || offset == DFR || offset == APR;
}

/** Whether MSR `index` (0x800–0x8ff) can be read in x2APIC mode; then it is 32 bits of `x2apicRead`, or the ICR's 64. */
export function x2apicReadable(cpu: u32, index: u32): bool {
  const offset = (index - X2APIC_FIRST) << 4;
  if (!x2apic(cpu) || absent(offset)) return false;
  switch (offset) {
    case ID: case VERSION: case TPR: case PPR: case LDR: case SVR: case ESR: case ICR: case LVT_TIMER: case LVT_THERMAL:
    case LVT_PERFORMANCE: case LVT_LINT0: case LVT_LINT1: case LVT_ERROR: case TIMER_INITIAL: case TIMER_CURRENT:
    case TIMER_DIVIDE: return true;
    default: return offset >= ISR && offset < IRR + 0x80;
  }
}

export function x2apicRead(cpu: u32, index: u32): u64 {
  const offset = (index - X2APIC_FIRST) << 4;
  const low = <u64>readRegister(cpu, offset);
  return offset == ICR ? low | (<u64>register(cpu, ICR_HIGH) << 32) : low;
}

/** Write MSR `index` (0x800–0x8ff). False where #GP is due: not in x2APIC mode, no such register, read-only, reserved bits. */
export function x2apicWrite(cpu: u32, index: u32, value: u64): bool {
  const offset = (index - X2APIC_FIRST) << 4;
  if (!x2apic(cpu) || value & ~x2apicBits(offset) || !x2apicWritable(offset)) return false;
  if (offset == SELF_IPI) {
    sendSelf(cpu, <u32>value);
    return true;
  }
  if (offset == ICR) setRegister(cpu, ICR_HIGH, <u32>(value >> 32));
  writeRegister(cpu, offset, <u32>value);
  return true;
}

function x2apicWritable(offset: u32): bool {
  switch (offset) {
    case TPR: case EOI: case SVR: case ESR: case ICR: case LVT_TIMER: case LVT_THERMAL: case LVT_PERFORMANCE: case LVT_LINT0:
    case LVT_LINT1: case LVT_ERROR: case TIMER_INITIAL: case TIMER_DIVIDE: case SELF_IPI: return true;
    default: return false;
  }
}

/** Bits that may be set in a register written as an MSR. */
function x2apicBits(offset: u32): u64 {
  switch (offset) {
    case EOI: case ESR: return 0;
    case TPR: case SELF_IPI: return 0xff;
    case SVR: return SVR_BITS;
    case ICR: return 0xffffffff00000000 | ICR_BITS;
    case TIMER_INITIAL: return 0xffffffff;
    case TIMER_DIVIDE: return DIVIDE_BITS;
    default: return entryBits(offset) | LVT_STATUS;
  }
}
