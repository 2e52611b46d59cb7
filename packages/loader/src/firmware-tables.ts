import { VizorError } from '@vizor/core';
import type { GuestMemory } from '@vizor/memory';
import { placeAcpi } from './acpi/index.ts';
import { mpTable } from './mp-table.ts';
import { APIC, BOOT_LAYOUT } from './platform.ts';
import { smbios } from './smbios.ts';

/** What a guest is told about the machine. */
export interface FirmwareOptions {
  /** Virtual CPUs, 1 to 255. */
  readonly cpus: number;
  /** Whether ACPI names a keyboard controller; guests probe for one only then. Default: no. */
  readonly i8042?: boolean;
}

/**
 * Put ACPI, MP and SMBIOS tables into guest memory, as a PC's firmware would have.
 *
 * @returns the guest physical address of the ACPI root pointer
 * @throws VizorError with code `usage` for a number of CPUs that xAPIC cannot address
 */
export function placeFirmwareTables(memory: GuestMemory, { cpus, i8042 = false }: FirmwareOptions): number {
  if (!Number.isInteger(cpus) || cpus < 1 || cpus > APIC.CPUS_MAX) {
    throw new VizorError('usage', 'CPUs', `cannot give a guest ${cpus}`, { hint: `give 1 to ${APIC.CPUS_MAX}` });
  }
  memory.place(BOOT_LAYOUT.MP_TABLE, mpTable(cpus), 'MP table');
  memory.place(BOOT_LAYOUT.SMBIOS, smbios(memory, cpus), 'SMBIOS');
  return placeAcpi(memory, cpus, { i8042 });
}
