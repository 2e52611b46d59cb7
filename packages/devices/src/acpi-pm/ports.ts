import type { PioBus } from '@vizor/bus';
import type { AcpiPm } from './acpi-pm.ts';
import { ACPI_PM } from './registers.ts';

/** Put all blocks on the bus as one range. */
export function attachAcpiPm(bus: PioBus, pm: AcpiPm): void {
  const length = ACPI_PM.PM_TMR + ACPI_PM.PM_TMR_LENGTH - ACPI_PM.PM1A_EVT;
  bus.map(ACPI_PM.PM1A_EVT, length, pm, 'ACPI PM');
}
