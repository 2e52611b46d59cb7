import type { MmioBus } from '@vizor/bus';
import { IOAPIC_BASE, IOAPIC_LENGTH, type IoApic } from './ioapic.ts';

/** Put the I/O APIC where PCs have it. */
export function attachIoApic(bus: MmioBus, ioapic: IoApic): void {
  bus.map(IOAPIC_BASE, IOAPIC_LENGTH, ioapic, 'I/O APIC');
}
