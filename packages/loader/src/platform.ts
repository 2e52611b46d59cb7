/**
 * The PC that boot material describes: ports, interrupts and where the loader puts things in guest memory.
 *
 *     GPA        what                                                        e820
 *     0x00000    (interrupt vectors and BIOS data area of a PC: zeros)       RAM
 *     0x00500    GDT: null, null, code 0x10, data 0x18, TSS 0x20             RAM
 *     0x01000    PVH: hvm_start_info, module list, memory map                RAM
 *     0x07000    Linux: boot_params, the "zero page"                         RAM
 *     0x20000    kernel command line, NUL-terminated                         RAM
 *     0xa0000    (VGA window and option ROMs of a PC)                        reserved
 *     0xe0000    ACPI: RSDP, XSDT, FADT, FACS, MADT, DSDT                    reserved
 *     0xf0000    Intel MP floating pointer and configuration table           reserved
 *     0xf8000    SMBIOS 3 entry point and structures                         reserved
 *     0x100000   kernel, wherever from here up it asks to be loaded          RAM
 *     …          initramfs, as high as it may lie, ending on a page          RAM
 *     lowSize    hole for MMIO
 *     4 GiB      the rest of RAM                                             RAM
 */
export const BOOT_LAYOUT = Object.freeze({
  GDT: 0x500,
  PVH_START_INFO: 0x1000,
  PVH_MODULES: 0x1040,
  PVH_MEMMAP: 0x1080,
  BOOT_PARAMS: 0x7000,
  CMDLINE: 0x20000,
  /** Command lines longer than this would be cut off by Linux (COMMAND_LINE_SIZE). */
  CMDLINE_MAX: 0x7ff,
  LOW_RAM_END: 0xa0000,
  ACPI: 0xe0000,
  ACPI_END: 0xf0000,
  MP_TABLE: 0xf0000,
  MP_TABLE_END: 0xf8000,
  SMBIOS: 0xf8000,
  SMBIOS_END: 0x100000,
  HIGH_RAM: 0x100000,
});

/** I/O ports that the tables or the init script name. */
export const PORTS = Object.freeze({
  RTC: 0x70,
  /** A byte v ends the machine at once with exit status `(v << 1) | 1`. */
  DEBUG_EXIT: 0xf4,
  /** A byte v is the exit status of the command that init ran; the guest then powers off. */
  COMMAND_STATUS: 0xf5,
  /** Init writes 1 as the first thing it does: the guest has reached user space. */
  MILESTONE: 0xf6,
  COM1: 0x3f8,
  PM1A_EVENT: 0x600,
  PM1A_CONTROL: 0x604,
  PM_TIMER: 0x608,
  RESET: 0xcf9,
});

/** Written to {@link PORTS}.RESET: hard reset of the processor (bit 1: full, bit 2: do it). */
export const RESET_VALUE = 0x06;

/** Value of SLP_TYP in PM1 control that means soft-off (S5). */
export const SLEEP_TYPE_S5 = 5;

/** ISA interrupts that the tables name. */
export const IRQS = Object.freeze({ TIMER: 0, COM1: 4, RTC: 8, SCI: 9 });

export const APIC = Object.freeze({
  LOCAL_BASE: 0xfee00000,
  IO_BASE: 0xfec00000,
  IO_ID: 0,
  /** The PIT's interrupt arrives at this I/O APIC pin, as on every PC. */
  TIMER_PIN: 2,
  /** Local APIC IDs are 8 bits wide and 255 is the broadcast address. */
  CPUS_MAX: 255,
});
