const KIB = 1024;
const MIB = 1024 * KIB;

/** Base memory that every PC since the AT reports, in KiB. */
const BASE_KIB = 640;

/** Guest RAM in bytes, as firmware leaves its size in CMOS. */
export interface CmosMemory {
  below4G: number;
  above4G: number;
}

/** What firmware keeps in CMOS: memory sizes (Ralf Brown's CMOS list), equipment, and the checksum over 0x10–0x2d. */
export function fillCmos(cmos: Uint8Array, memory: CmosMemory): void {
  const word = (at: number, value: number) => {
    cmos[at] = value & 0xff;
    cmos[at + 1] = value >> 8;
  };
  const extendedKib = Math.min(0xffff, Math.max(0, memory.below4G - MIB) / KIB);
  // Equipment: FPU and PS/2 mouse port, no floppy, VGA-class display.
  cmos[0x14] = 0x06;
  word(0x15, BASE_KIB);
  word(0x17, extendedKib);
  word(0x30, extendedKib);
  word(0x34, Math.min(0xffff, Math.floor(Math.max(0, memory.below4G - 16 * MIB) / (64 * KIB))));
  const high = Math.min(0xff_ffff, Math.floor(memory.above4G / (64 * KIB)));
  word(0x5b, high & 0xffff);
  cmos[0x5d] = high >> 16;
  const sum = cmos.subarray(0x10, 0x2e).reduce((total, byte) => total + byte, 0);
  cmos[0x2e] = sum >> 8;
  cmos[0x2f] = sum & 0xff;
}
