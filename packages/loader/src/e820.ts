import type { GuestMemory } from '@vizor/memory';
import { BOOT_LAYOUT } from './platform.ts';

/** Address range types of BIOS call E820 (ACPI 6.5, table 15.2); PVH memory maps use the same numbers. */
export const E820 = Object.freeze({ RAM: 1, RESERVED: 2 });

export interface E820Entry {
  /** First byte, guest physical. */
  readonly base: number;
  /** Bytes. */
  readonly size: number;
  /** One of {@link E820}. */
  readonly type: number;
}

const FOUR_GIB = 2 ** 32;

/**
 * The memory map a PC's firmware would report for `memory`, in ascending order without overlaps.
 *
 * The tables above 0xe0000 are "reserved", not "ACPI reclaimable": guests that reuse reclaimable memory would lose the
 * FACS, and there is nothing to gain in a region that a PC never counts as RAM.
 */
export function memoryMap(memory: GuestMemory): E820Entry[] {
  const { LOW_RAM_END, HIGH_RAM } = BOOT_LAYOUT;
  const map: E820Entry[] = [
    { base: 0, size: LOW_RAM_END, type: E820.RAM },
    { base: LOW_RAM_END, size: HIGH_RAM - LOW_RAM_END, type: E820.RESERVED },
    { base: HIGH_RAM, size: memory.lowSize - HIGH_RAM, type: E820.RAM },
  ];
  if (memory.highSize > 0) map.push({ base: FOUR_GIB, size: memory.highSize, type: E820.RAM });
  return map;
}
