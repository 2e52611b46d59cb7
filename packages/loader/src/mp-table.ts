import { ByteWriter } from './bytes.ts';
import { APIC, BOOT_LAYOUT, IRQS } from './platform.ts';

/** Entry types of the configuration table (Intel MultiProcessor Specification 1.4, table 4-3). */
const ENTRY = Object.freeze({ PROCESSOR: 0, BUS: 1, IO_APIC: 2, IO_INTERRUPT: 3, LOCAL_INTERRUPT: 4 });

/** Interrupt types (table 4-10). */
const INTERRUPT = Object.freeze({ INT: 0, NMI: 1, EXTINT: 3 });

/** Polarity and trigger (4.3.4): as the bus has it, or active high and level. */
const FLAGS = Object.freeze({ CONFORMS: 0, ACTIVE_HIGH_LEVEL: 0b1101 });

const CPU = Object.freeze({ ENABLED: 1, BOOTSTRAP: 2 });
/** Family 6, and FPU, CMPXCHG8B and APIC: what the table asks to know, CPUID being newer than it. */
const CPU_SIGNATURE = 0x600;
const CPU_FEATURES = 0x301;

/** Integrated local APIC; 82093AA. */
const VERSION = Object.freeze({ LOCAL_APIC: 0x14, IO_APIC: 0x11 });
const ISA_BUS = 0;
const ISA_IRQS = 16;
const ALL_APICS = 0xff;
const SPEC_REVISION = 4;

/** The floating pointer structure and the configuration table behind it, for guests that do not read ACPI. */
export function mpTable(cpus: number): Uint8Array {
  const pointer = new ByteWriter()
    .ascii('_MP_')
    .u32(BOOT_LAYOUT.MP_TABLE + 16)
    .u8(1, SPEC_REVISION, 0) // length in 16 bytes, revision, checksum
    .u8(0, 0, 0, 0, 0) // features: a configuration table is present, virtual wire mode
    .finish(10);
  return new ByteWriter().append(pointer).append(configurationTable(cpus)).finish();
}

function configurationTable(cpus: number): Uint8Array {
  const entries = new ByteWriter();
  for (let id = 0; id < cpus; id++) {
    entries
      .u8(ENTRY.PROCESSOR, id, VERSION.LOCAL_APIC, CPU.ENABLED | (id === 0 ? CPU.BOOTSTRAP : 0))
      .u32(CPU_SIGNATURE)
      .u32(CPU_FEATURES)
      .zeros(8);
  }
  entries.u8(ENTRY.BUS, ISA_BUS).ascii('ISA', 6, 0x20);
  entries.u8(ENTRY.IO_APIC, APIC.IO_ID, VERSION.IO_APIC, 1).u32(APIC.IO_BASE);
  let interrupts = 0;
  for (let irq = 0; irq < ISA_IRQS; irq++) {
    if (irq === APIC.TIMER_PIN) continue; // the cascade of the 8259s
    const pin = irq === IRQS.TIMER ? APIC.TIMER_PIN : irq;
    const flags = irq === IRQS.SCI ? FLAGS.ACTIVE_HIGH_LEVEL : FLAGS.CONFORMS;
    entries.u8(ENTRY.IO_INTERRUPT, INTERRUPT.INT).u16(flags).u8(ISA_BUS, irq, APIC.IO_ID, pin);
    interrupts++;
  }
  entries.u8(ENTRY.LOCAL_INTERRUPT, INTERRUPT.EXTINT).u16(FLAGS.CONFORMS).u8(ISA_BUS, 0, ALL_APICS, 0);
  entries.u8(ENTRY.LOCAL_INTERRUPT, INTERRUPT.NMI).u16(FLAGS.CONFORMS).u8(ISA_BUS, 0, ALL_APICS, 1);

  const headerSize = 44;
  return new ByteWriter()
    .ascii('PCMP')
    .u16(headerSize + entries.length)
    .u8(SPEC_REVISION, 0)
    .ascii('VIZOR', 8, 0x20)
    .ascii('PC', 12, 0x20)
    .u32(0) // OEM table
    .u16(0)
    .u16(cpus + 2 + interrupts + 2) // bus and I/O APIC, two local interrupts
    .u32(APIC.LOCAL_BASE)
    .u16(0) // extended table
    .u8(0, 0)
    .append(entries.finish())
    .finish(7);
}
