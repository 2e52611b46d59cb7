import type { GuestMemory } from '@vizor/memory';
import { BOOT_LAYOUT } from '../platform.ts';
import { dsdt } from './dsdt.ts';
import { fadt } from './fadt.ts';
import { madt } from './madt.ts';
import { facs, rsdp, xsdt } from './table.ts';

/** One table and where it lies, guest physical. */
export interface PlacedTable {
  readonly name: string;
  readonly address: number;
  readonly bytes: Uint8Array;
}

/** The FACS must lie on a multiple of 64; the others do not mind. */
const ALIGN = 64;

/**
 * All ACPI tables, laid out from {@link BOOT_LAYOUT}.ACPI up, the RSDP first.
 *
 * @param cpus 1 to 255
 */
export function acpiTables(cpus: number, options: { i8042: boolean }): PlacedTable[] {
  const placed: PlacedTable[] = [];
  let next = BOOT_LAYOUT.ACPI + ALIGN; // the RSDP goes in front
  const put = (name: string, bytes: Uint8Array): number => {
    const address = next;
    placed.push({ name, address, bytes });
    next = Math.ceil((address + bytes.length) / ALIGN) * ALIGN;
    return address;
  };
  const facsAt = put('FACS', facs());
  const dsdtAt = put('DSDT', dsdt());
  const fadtAt = put('FACP', fadt({ facs: facsAt, dsdt: dsdtAt }, options));
  const madtAt = put('APIC', madt(cpus));
  const xsdtAt = put('XSDT', xsdt([fadtAt, madtAt]));
  return [{ name: 'RSDP', address: BOOT_LAYOUT.ACPI, bytes: rsdp(xsdtAt) }, ...placed];
}

/** Put all ACPI tables into guest memory. Returns the address of the RSDP. */
export function placeAcpi(memory: GuestMemory, cpus: number, options: { i8042: boolean }): number {
  for (const { name, address, bytes } of acpiTables(cpus, options)) memory.place(address, bytes, `ACPI ${name}`);
  return BOOT_LAYOUT.ACPI;
}
