/**
 * Where the ACPI PM registers lie; the FADT names the same ports. Firmware of an i440FX PC uses 0x600 too.
 */
export const ACPI_PM = Object.freeze({
  /** PM1a event block: status, then enable. */
  PM1A_EVT: 0x600,
  PM1A_EVT_LENGTH: 4,
  /** PM1a control block. */
  PM1A_CNT: 0x604,
  PM1A_CNT_LENGTH: 2,
  /** PM timer, 32 bits wide (FADT flag TMR_VAL_EXT set). */
  PM_TMR: 0x608,
  PM_TMR_LENGTH: 4,
  /** ISA interrupt of the SCI: level-triggered, active high. */
  SCI_IRQ: 9,
  /** SLP_TYP of S5, for the DSDT's `_S5` object. */
  SLP_TYP_S5: 5,
});

/** PM timer frequency in Hz (ACPI 6.5, 4.8.2.1). */
export const PM_TIMER_HZ = 3_579_545;

/** PM1 status and enable (ACPI 6.5, tables 4.11 and 4.12). A status bit is cleared by writing one. */
export const PM1 = Object.freeze({
  TIMER: 0x0001,
  GLOBAL: 0x0020,
  POWER_BUTTON: 0x0100,
  SLEEP_BUTTON: 0x0200,
  RTC: 0x0400,
  WAKE: 0x8000,
  ENABLES: 0x0721,
});

/** PM1 control (ACPI 6.5, table 4.13). SLP_EN reads as zero. */
export const CONTROL = Object.freeze({
  SCI_EN: 0x0001,
  BM_RLD: 0x0002,
  SLP_TYP: 0x1c00,
  SLP_TYP_SHIFT: 10,
  SLP_EN: 0x2000,
});
