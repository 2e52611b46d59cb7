export { AcpiPm, type AcpiPmEvents, type AcpiPmState } from './acpi-pm.ts';
export { attachAcpiPm } from './ports.ts';
export { ACPI_PM, PM_TIMER_HZ } from './registers.ts';
