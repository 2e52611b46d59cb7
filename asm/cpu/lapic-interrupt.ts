// Interrupts through the local APIC: from messages, its own sources and IPIs to IRR, ISR and EOI (Intel SDM vol. 3, 11.5, 11.6
// and 11.8).
import { INTR, LAPIC_ERRORS, LAPIC_EXTINT, NMI_LATCHED, PENDING } from "../layout/cpu";
import { endOfInterrupt } from "./host";
import {
  DFR, enabled, EXTINT, FIXED, highest, ICR, ICR_HIGH, ID, IRR, ISR, LDR, LOWEST, LVT_ERROR, LVT_LINT0, LVT_MASKED,
  NMI_MODE, present, priority, putVector, register, testVector, TMR, x2apic,
} from "./lapic-state";

/** Vectors below are the processor's. */
const FIRST_VECTOR: u32 = 16;

/** ESR. */
const SEND_ILLEGAL_VECTOR: u32 = 0x20;
const RECEIVED_ILLEGAL_VECTOR: u32 = 0x40;
export const ILLEGAL_REGISTER: u32 = 0x80;

/** ICR: logical destination mode, and the shorthands. */
const LOGICAL: u32 = 0x800;
const TO_DESTINATION: u32 = 0;
const TO_OTHERS: u32 = 3;

/** Have the vCPU look at its interrupts and timers. */
@inline
export function alert(cpu: u32): void {
  store<u32>(cpu + PENDING, 1);
}

/** Have it look if an interrupt became deliverable: the priority fell, or the APIC was switched on. */
export function alertIfPending(cpu: u32): void {
  if (lapicPending(cpu) >= 0) alert(cpu);
}

/** Highest vector that may be delivered now, or −1. */
export function lapicPending(cpu: u32): i32 {
  if (!present(cpu)) return -1;
  const vector = highest(cpu, IRR);
  return vector >= 0 && (<u32>vector >> 4) > (priority(cpu) >> 4) ? vector : -1;
}

/** The processor takes `vector`: it is in service until EOI. */
export function lapicAccept(cpu: u32, vector: u32): void {
  putVector(cpu, IRR, vector, false);
  putVector(cpu, ISR, vector, true);
}

/** EOI: the highest vector in service is done. The I/O APICs hear of level-triggered ones. */
export function endInterrupt(cpu: u32): void {
  const vector = highest(cpu, ISR);
  if (vector < 0) return;
  putVector(cpu, ISR, vector, false);
  if (testVector(cpu, TMR, vector)) endOfInterrupt(vector);
  alertIfPending(cpu);
}

/**
 * An interrupt message for this processor: from an I/O APIC, an MSI, an IPI or the APIC itself.
 * Answers whether it was accepted. SMI, INIT and start-up messages are accepted and do nothing.
 */
export function lapicDeliver(cpu: u32, mode: u32, vector: u32, level: bool): bool {
  if (!present(cpu)) return false;
  switch (mode) {
    case FIXED:
    case LOWEST:
      return acceptFixed(cpu, vector & 0xff, level);
    case NMI_MODE:
      store<u32>(cpu + NMI_LATCHED, 1);
      break;
    case EXTINT:
      store<u32>(cpu + LAPIC_EXTINT, 1);
      break;
    default:
      return true;
  }
  alert(cpu);
  return true;
}

function acceptFixed(cpu: u32, vector: u32, level: bool): bool {
  if (!enabled(cpu)) return false;
  if (vector < FIRST_VECTOR) {
    raiseError(cpu, RECEIVED_ILLEGAL_VECTOR);
    return false;
  }
  putVector(cpu, TMR, vector, level);
  putVector(cpu, IRR, vector, true);
  alert(cpu);
  return true;
}

/** Deliver what a local vector table entry says, unless it is masked. */
export function localInterrupt(cpu: u32, entry: u32): void {
  const lvt = register(cpu, entry);
  if (!(lvt & LVT_MASKED)) lapicDeliver(cpu, (lvt >> 8) & 7, lvt & 0xff, false);
}

/** Note an error for the ESR. A repeated one raises no further interrupt, lest an illegal error vector recurse. */
export function raiseError(cpu: u32, error: u32): void {
  const known = load<u32>(cpu + LAPIC_ERRORS);
  if (known & error) return;
  store<u32>(cpu + LAPIC_ERRORS, known | error);
  localInterrupt(cpu, LVT_ERROR);
}

/**
 * Whether the INTR pin (LINT0) reaches the core: in ExtINT mode, or with the APIC disabled either way, as firmware and PIC
 * guests expect; or while an I/O APIC passes the 8259's interrupt on.
 */
export function extIntAccepted(cpu: u32): bool {
  if (!load<u32>(cpu + INTR)) {
    store<u32>(cpu + LAPIC_EXTINT, 0);
    return false;
  }
  if (!present(cpu) || !enabled(cpu) || load<u32>(cpu + LAPIC_EXTINT)) return true;
  return (register(cpu, LVT_LINT0) & (LVT_MASKED | 0x700)) == EXTINT << 8;
}

/** Whether an interrupt is there that ends HLT: an NMI, or one that RFLAGS.IF = 1 would let in. */
export function lapicWakes(cpu: u32): bool {
  return load<u32>(cpu + NMI_LATCHED) != 0 || lapicPending(cpu) >= 0 || extIntAccepted(cpu);
}

/**
 * Whether a message's destination (8 bits, or 32 from an x2APIC IPI) names this processor (Intel SDM vol. 3, 11.6.2 and
 * 11.12.10).
 */
export function lapicMatches(cpu: u32, destination: u32, logical: bool): bool {
  if (!present(cpu)) return false;
  const wide = x2apic(cpu);
  if (destination == 0xff || (wide && destination == 0xffffffff)) return true;
  if (!logical) return destination == (wide ? register(cpu, ID) : register(cpu, ID) >> 24);
  const own = register(cpu, LDR);
  if (wide) return own >> 16 == destination >> 16 && (own & destination & 0xffff) != 0;
  const mask = own >> 24;
  if (register(cpu, DFR) >> 28 == 0xf) return (mask & destination) != 0;
  return mask >> 4 == destination >> 4 && (mask & destination & 0xf) != 0;
}

/** Send what the ICR holds. There is one processor: all but what reaches it is lost. */
export function sendIpi(cpu: u32): void {
  const command = register(cpu, ICR);
  const mode = (command >> 8) & 7;
  const vector = command & 0xff;
  if (mode <= LOWEST && vector < FIRST_VECTOR) {
    raiseError(cpu, SEND_ILLEGAL_VECTOR);
    return;
  }
  const shorthand = (command >> 18) & 3;
  if (shorthand == TO_OTHERS) return;
  const high = register(cpu, ICR_HIGH);
  const destination = x2apic(cpu) ? high : high >> 24;
  if (shorthand != TO_DESTINATION || lapicMatches(cpu, destination, (command & LOGICAL) != 0)) {
    lapicDeliver(cpu, mode, vector, false);
  }
}

/** An IPI to oneself (x2APIC mode). */
export function sendSelf(cpu: u32, vector: u32): void {
  if (vector < FIRST_VECTOR) raiseError(cpu, SEND_ILLEGAL_VECTOR);
  else lapicDeliver(cpu, FIXED, vector, false);
}
