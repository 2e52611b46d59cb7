import { ByteWriter } from '../bytes.ts';
import { APIC, IRQS } from '../platform.ts';
import { table } from './table.ts';

/** Interrupt controller structure types (ACPI 6.5, table 5.21). */
const TYPE = Object.freeze({ LOCAL_APIC: 0, IO_APIC: 1, OVERRIDE: 2, LOCAL_APIC_NMI: 4 });

/** MPS INTI flags (table 5.26). */
const INTI = Object.freeze({ CONFORMS: 0, ACTIVE_HIGH: 0b01, LEVEL: 0b11 << 2 });

const ENABLED = 1;
const PCAT_COMPAT = 1;
const ALL_PROCESSORS = 0xff;
const ISA = 0;

/** Multiple APIC Description Table (5.2.12): a pair of 8259s, a local APIC per CPU, one I/O APIC with ISA's interrupts. */
export function madt(cpus: number): Uint8Array {
  const body = new ByteWriter().u32(APIC.LOCAL_BASE).u32(PCAT_COMPAT);
  for (let id = 0; id < cpus; id++) body.u8(TYPE.LOCAL_APIC, 8, id, id).u32(ENABLED);
  body.u8(TYPE.IO_APIC, 12, APIC.IO_ID, 0).u32(APIC.IO_BASE).u32(0);
  body.u8(TYPE.OVERRIDE, 10, ISA, IRQS.TIMER).u32(APIC.TIMER_PIN).u16(INTI.CONFORMS);
  body
    .u8(TYPE.OVERRIDE, 10, ISA, IRQS.SCI)
    .u32(IRQS.SCI)
    .u16(INTI.ACTIVE_HIGH | INTI.LEVEL);
  body.u8(TYPE.LOCAL_APIC_NMI, 6, ALL_PROCESSORS).u16(INTI.CONFORMS).u8(1);
  return table('APIC', 5, body.finish());
}
