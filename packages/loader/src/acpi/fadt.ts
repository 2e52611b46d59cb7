import { ByteWriter } from '../bytes.ts';
import { IRQS, PORTS, RESET_VALUE } from '../platform.ts';
import { table } from './table.ts';

/** IA-PC boot architecture flags (ACPI 6.5, table 5.11). */
const BOOT_ARCH = Object.freeze({ LEGACY_DEVICES: 1 << 0, I8042: 1 << 1, NO_VGA: 1 << 2 });

/** Fixed feature flags (table 5.10). */
const FEATURE = Object.freeze({
  WBINVD: 1 << 0,
  PROC_C1: 1 << 2,
  /** The sleep button, if any, is a device in the namespace: there is no fixed one. */
  SLP_BUTTON: 1 << 5,
  /** RTC wake status is not in the fixed registers. */
  FIX_RTC: 1 << 6,
  TMR_VAL_EXT: 1 << 8,
  RESET_REG_SUP: 1 << 10,
});

/** Latencies beyond these say that C2 and C3 do not exist. */
const NO_C2 = 0xffff;
const NO_C3 = 0xffff;

/** CMOS byte that holds the century. */
const RTC_CENTURY = 0x32;

const LENGTH = Object.freeze({ PM1_EVENT: 4, PM1_CONTROL: 2, PM_TIMER: 4 });

/** Access sizes of a generic address (table 5.1). */
const ACCESS = Object.freeze({ BYTE: 1, WORD: 2, DWORD: 3 });

/**
 * Fixed ACPI Description Table, revision 6 (5.2.9): ACPI hardware with a PM1a block, a 32-bit PM timer and a reset
 * register, always in ACPI mode (no SMI command port), no GPE blocks.
 */
export function fadt(at: { facs: number; dsdt: number }, options: { i8042: boolean }): Uint8Array {
  const body = new ByteWriter()
    .u32(at.facs)
    .u32(at.dsdt)
    .u8(0, 0) // reserved, preferred power profile: unspecified
    .u16(IRQS.SCI)
    .u32(0) // SMI_CMD
    .u8(0, 0, 0, 0) // ACPI_ENABLE, ACPI_DISABLE, S4BIOS_REQ, PSTATE_CNT
    .u32(PORTS.PM1A_EVENT)
    .u32(0) // PM1b event
    .u32(PORTS.PM1A_CONTROL)
    .u32(0) // PM1b control
    .u32(0) // PM2 control
    .u32(PORTS.PM_TIMER)
    .u32(0) // GPE0
    .u32(0) // GPE1
    .u8(LENGTH.PM1_EVENT, LENGTH.PM1_CONTROL, 0, LENGTH.PM_TIMER)
    .u8(0, 0, 0, 0) // GPE0 and GPE1 lengths, GPE1 base, CST_CNT
    .u16(NO_C2)
    .u16(NO_C3)
    .u16(0) // FLUSH_SIZE: WBINVD works
    .u16(0) // FLUSH_STRIDE
    .u8(0, 0) // DUTY_OFFSET, DUTY_WIDTH
    .u8(0, 0, RTC_CENTURY) // DAY_ALRM, MON_ALRM: no alarm beyond a day
    .u16(BOOT_ARCH.LEGACY_DEVICES | BOOT_ARCH.NO_VGA | (options.i8042 ? BOOT_ARCH.I8042 : 0))
    .u8(0)
    .u32(
      FEATURE.WBINVD |
        FEATURE.PROC_C1 |
        FEATURE.SLP_BUTTON |
        FEATURE.FIX_RTC |
        FEATURE.TMR_VAL_EXT |
        FEATURE.RESET_REG_SUP,
    );
  ioAddress(body, PORTS.RESET, 8, ACCESS.BYTE);
  body
    .u8(RESET_VALUE)
    .u16(0) // ARM boot flags
    .u8(0) // minor version
    .u64(0) // X_FIRMWARE_CTRL: the 32-bit field is used
    .u64(at.dsdt);
  ioAddress(body, PORTS.PM1A_EVENT, LENGTH.PM1_EVENT * 8, ACCESS.WORD);
  noAddress(body); // PM1b event
  ioAddress(body, PORTS.PM1A_CONTROL, LENGTH.PM1_CONTROL * 8, ACCESS.WORD);
  noAddress(body); // PM1b control
  noAddress(body); // PM2 control
  ioAddress(body, PORTS.PM_TIMER, LENGTH.PM_TIMER * 8, ACCESS.DWORD);
  noAddress(body); // GPE0
  noAddress(body); // GPE1
  noAddress(body); // sleep control
  noAddress(body); // sleep status
  body.u64(0); // hypervisor vendor identity: none registered
  return table('FACP', 6, body.finish());
}

/** Generic Address Structure (5.2.3.2) in I/O space. */
function ioAddress(writer: ByteWriter, port: number, bits: number, access: number): void {
  const SYSTEM_IO = 1;
  writer.u8(SYSTEM_IO, bits, 0, access).u64(port);
}

function noAddress(writer: ByteWriter): void {
  writer.zeros(12);
}
