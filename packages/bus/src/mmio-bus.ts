import type { MmioDevice } from '@vizor/core';
import { type Region, RegionList } from './regions.ts';
import { allOnes, truncate } from './width.ts';

/** Most physical address bits that x86-64 has (Intel SDM vol. 3, 4.1.4). */
const GPA_LIMIT = 2 ** 52;

/**
 * Device windows in guest physical address space.
 *
 * An access that lies wholly in one window goes to its device as it is; one that straddles a border is split into
 * bytes, and an 8-byte access into two of four, lowest address first. Addresses without a device read as all ones and
 * swallow writes. Guests touch the same window again and again, so the last hit is tried before the binary search.
 */
export class MmioBus {
  /** Accesses, part by part when split, that met no device. */
  unmappedReads = 0;
  unmappedWrites = 0;
  readonly #regions = new RegionList<MmioDevice>('MMIO bus', GPA_LIMIT);
  #last: Region<MmioDevice> | undefined;

  /**
   * Give `device` the addresses `base` to `base + length - 1`; it sees offsets from `base`.
   *
   * @throws {VizorError} `usage`: the range is empty, outside the bus, or overlaps a device (both are named)
   */
  map(base: number, length: number, device: MmioDevice, name: string): void {
    this.#regions.insert({ base, length, device, name });
  }

  /** Never throws; the value is unsigned and fits `size` bytes. */
  read(gpa: number, size: 1 | 2 | 4): number {
    const region = this.#find(gpa);
    if (region !== undefined && gpa - region.base + size <= region.length) {
      return truncate(region.device.mmioRead(gpa - region.base, size), size);
    }
    if (size === 1 || !this.#regions.touches(gpa, size)) {
      this.unmappedReads++;
      return allOnes(size);
    }
    let value = 0;
    for (let i = 0; i < size; i++) value |= this.read(gpa + i, 1) << (8 * i);
    return value >>> 0;
  }

  /** Never throws. */
  write(gpa: number, size: 1 | 2 | 4, value: number): void {
    const region = this.#find(gpa);
    if (region !== undefined && gpa - region.base + size <= region.length) {
      region.device.mmioWrite(gpa - region.base, size, truncate(value, size));
      return;
    }
    if (size === 1 || !this.#regions.touches(gpa, size)) {
      this.unmappedWrites++;
      return;
    }
    for (let i = 0; i < size; i++) this.write(gpa + i, 1, value >>> (8 * i));
  }

  /** An 8-byte read, as two of four. */
  readQword(gpa: number): bigint {
    const low = BigInt(this.read(gpa, 4));
    return low | (BigInt(this.read(gpa + 4, 4)) << 32n);
  }

  /** An 8-byte write, as two of four. */
  writeQword(gpa: number, value: bigint): void {
    this.write(gpa, 4, Number(value & 0xffff_ffffn));
    this.write(gpa + 4, 4, Number((value >> 32n) & 0xffff_ffffn));
  }

  #find(gpa: number): Region<MmioDevice> | undefined {
    const last = this.#last;
    if (last !== undefined && gpa >= last.base && gpa < last.base + last.length) return last;
    const found = this.#regions.find(gpa);
    if (found !== undefined) this.#last = found;
    return found;
  }
}
