export { type ApicMessage, IOAPIC_BASE, IOAPIC_INPUTS, IOAPIC_LENGTH, IoApic, type IoApicState } from './ioapic.ts';
export { attachIoApic } from './window.ts';
