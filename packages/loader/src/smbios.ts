import type { GuestMemory } from '@vizor/memory';
import { ByteWriter } from './bytes.ts';
import { E820, memoryMap } from './e820.ts';
import { BOOT_LAYOUT } from './platform.ts';

/** Structure types (DMTF DSP0134 SMBIOS 3.6, chapter 7) that are given. */
const TYPE = Object.freeze({
  FIRMWARE: 0,
  SYSTEM: 1,
  CHASSIS: 3,
  PROCESSOR: 4,
  MEMORY_ARRAY: 16,
  MEMORY_DEVICE: 17,
  MEMORY_ADDRESS: 19,
  BOOT: 32,
  END: 127,
});

const OTHER = 1;
const UNKNOWN = 2;
const SAFE = 3;

const MIB = 2 ** 20;
const ENTRY_SIZE = 24;

/** SMBIOS 3 entry point and, 32 bytes behind it, the structures: firmware, system, processor and memory named "Vizor". */
export function smbios(memory: GuestMemory, cpus: number): Uint8Array {
  const structures = structureTable(memory, cpus);
  const entry = new ByteWriter()
    .ascii('_SM3_')
    .u8(0, ENTRY_SIZE, 3, 6, 0, 1, 0) // checksum, length, version 3.6.0, entry point revision
    .u32(structures.length)
    .u64(BOOT_LAYOUT.SMBIOS + 32)
    .finish(5);
  return new ByteWriter()
    .append(entry)
    .zeros(32 - ENTRY_SIZE)
    .append(structures)
    .finish();
}

function structureTable(memory: GuestMemory, cpus: number): Uint8Array {
  const table = new ByteWriter();
  const handle: (type: number, index?: number) => number = (type, index = 0) => (type << 8) | index;
  /** A structure: header, formatted part, strings (numbered from 1), an empty string. */
  const put = (type: number, body: ByteWriter, strings: readonly string[] = [], index = 0): void => {
    table
      .u8(type, body.length + 4)
      .u16(handle(type, index))
      .append(body.finish());
    for (const text of strings) table.ascii(text).u8(0);
    if (strings.length === 0) table.u8(0);
    table.u8(0);
  };

  put(TYPE.FIRMWARE, firmware(), ['Vizor', '1', '01/01/2026']);
  put(TYPE.SYSTEM, system(), ['Vizor', 'Vizor PC', '1']);
  put(TYPE.CHASSIS, chassis(), ['Vizor']);
  put(TYPE.PROCESSOR, processor(cpus), ['CPU 0', 'Vizor']);
  put(TYPE.MEMORY_ARRAY, memoryArray(memory));
  put(TYPE.MEMORY_DEVICE, memoryDevice(memory, handle(TYPE.MEMORY_ARRAY)), ['RAM', 'Vizor']);
  const ranges = memoryMap(memory).filter(({ base, type }) => type === E820.RAM && base !== 0);
  for (const [i, { base, size }] of ranges.entries()) {
    // The first range takes in the megabyte below it, as memory arrays count it.
    const start = i === 0 ? 0 : base;
    put(TYPE.MEMORY_ADDRESS, memoryAddress(start, base + size, handle(TYPE.MEMORY_ARRAY)), [], i);
  }
  put(TYPE.BOOT, new ByteWriter().zeros(7));
  put(TYPE.END, new ByteWriter());
  return table.finish();
}

/** 7.1: an extension byte says that this is a virtual machine. */
function firmware(): ByteWriter {
  const NOT_SUPPORTED = 1 << 3;
  const ACPI = 1 << 0;
  const VIRTUAL_MACHINE = 1 << 4;
  return new ByteWriter()
    .u8(1, 2)
    .u16(0xe000) // segment
    .u8(3, 1) // date, ROM size: 128 KiB
    .u64(NOT_SUPPORTED)
    .u8(ACPI, VIRTUAL_MACHINE)
    .u8(1, 0, 0xff, 0xff) // release; no embedded controller
    .u16(0); // extended ROM size
}

/** 7.2; a UUID of zeros says that there is none. */
function system(): ByteWriter {
  const POWER_SWITCH = 6;
  return new ByteWriter().u8(1, 2, 3, 0).zeros(16).u8(POWER_SWITCH, 0, 0);
}

/** 7.4 */
function chassis(): ByteWriter {
  return new ByteWriter()
    .u8(1, OTHER, 0, 0, 0, SAFE, SAFE, SAFE, UNKNOWN)
    .u32(0) // OEM
    .u8(0, 1, 0, 0, 0); // height, power cords, contained elements, SKU
}

/** 7.5: one package with a core per CPU. */
function processor(cpus: number): ByteWriter {
  const CENTRAL = 3;
  const ENABLED_AND_POPULATED = 0x41;
  const NO_CACHE = 0xffff;
  const CAPABLE_64BIT = 1 << 2;
  return new ByteWriter()
    .u8(1, CENTRAL, OTHER, 2)
    .zeros(8) // CPUID says it better
    .u8(0, 0) // version, voltage
    .u16(0) // clock
    .u16(0) // most MHz: unknown
    .u16(0) // MHz: unknown
    .u8(ENABLED_AND_POPULATED, OTHER)
    .u16(NO_CACHE)
    .u16(NO_CACHE)
    .u16(NO_CACHE)
    .u8(0, 0, 0) // serial number, asset tag, part number
    .u8(cpus, cpus, cpus) // cores, enabled, threads
    .u16(CAPABLE_64BIT)
    .u16(OTHER) // family 2
    .u16(cpus)
    .u16(cpus)
    .u16(cpus);
}

/** 7.17: capacity in KiB; no error correction. */
function memoryArray(memory: GuestMemory): ByteWriter {
  const SYSTEM_BOARD = 3;
  const SYSTEM_MEMORY = 3;
  const NO_ECC = 3;
  const NO_ERROR_INFORMATION = 0xfffe;
  return new ByteWriter()
    .u8(SYSTEM_BOARD, SYSTEM_MEMORY, NO_ECC)
    .u32(Math.ceil(memory.size / 1024))
    .u16(NO_ERROR_INFORMATION)
    .u16(1)
    .u64(0);
}

/** 7.18: one module of all the memory. */
function memoryDevice(memory: GuestMemory, array: number): ByteWriter {
  const NO_ERROR_INFORMATION = 0xfffe;
  const UNKNOWN_WIDTH = 0xffff;
  const DIMM = 9;
  const RAM = 7;
  const OTHER_DETAIL = 1 << 1;
  return new ByteWriter()
    .u16(array)
    .u16(NO_ERROR_INFORMATION)
    .u16(UNKNOWN_WIDTH)
    .u16(UNKNOWN_WIDTH)
    .u16(Math.ceil(memory.size / MIB)) // below 32 GiB in MiB
    .u8(DIMM, 0, 1, 0, RAM)
    .u16(OTHER_DETAIL)
    .u16(0) // speed: unknown
    .u8(2, 0, 0, 0, 0) // manufacturer, serial number, asset tag, part number, rank
    .u32(0)
    .u16(0)
    .u16(0)
    .u16(0)
    .u16(0);
}

/** 7.20: addresses in KiB, the last one included. */
function memoryAddress(start: number, end: number, array: number): ByteWriter {
  return new ByteWriter()
    .u32(start / 1024)
    .u32(end / 1024 - 1)
    .u16(array)
    .u8(1)
    .u64(0)
    .u64(0);
}
