import type { PioDevice } from '@vizor/core';
import { type Region, RegionList } from './regions.ts';
import { allOnes, truncate } from './width.ts';

const PORTS = 0x10000;

/**
 * The x86 I/O port space (Intel SDM vol. 1, 19.3): 65,536 byte-wide ports.
 *
 * An access that lies wholly in one device's range goes to the device as it is; one that straddles a border is split
 * into bytes, lowest port first. Ports that nothing is mapped at read as all ones and swallow writes, as a floating
 * ISA bus does. A port table makes dispatch one array load.
 */
export class PioBus {
  /** Accesses, byte by byte when split, that met no device. */
  unmappedReads = 0;
  unmappedWrites = 0;
  readonly #regions = new RegionList<PioDevice>('port bus', PORTS);
  readonly #table = new Uint16Array(PORTS);
  readonly #slots: Region<PioDevice>[] = [];

  /**
   * Give `device` the ports `base` to `base + length - 1`; it sees offsets from `base`.
   *
   * @throws {VizorError} `usage`: the range is empty, outside the bus, or overlaps a device (both are named)
   */
  map(base: number, length: number, device: PioDevice, name: string): void {
    const region = { base, length, device, name };
    this.#regions.insert(region);
    this.#slots.push(region);
    this.#table.fill(this.#slots.length, base, base + length);
  }

  /** Never throws; the value is unsigned and fits `size` bytes. */
  read(port: number, size: 1 | 2 | 4): number {
    const first = port & 0xffff;
    const slot = this.#table[first];
    if (slot !== 0) {
      const region = this.#slots[slot - 1];
      const offset = first - region.base;
      if (offset + size <= region.length) return truncate(region.device.pioRead(offset, size), size);
    }
    if (size === 1 || this.#unmapped(first, size)) {
      this.unmappedReads++;
      return allOnes(size);
    }
    let value = 0;
    for (let i = 0; i < size; i++) {
      const byte = first + i < PORTS ? this.read(first + i, 1) : 0xff;
      value |= byte << (8 * i);
    }
    return value >>> 0;
  }

  /** Never throws. */
  write(port: number, size: 1 | 2 | 4, value: number): void {
    const first = port & 0xffff;
    const slot = this.#table[first];
    if (slot !== 0) {
      const region = this.#slots[slot - 1];
      const offset = first - region.base;
      if (offset + size <= region.length) {
        region.device.pioWrite(offset, size, truncate(value, size));
        return;
      }
    }
    if (size === 1 || this.#unmapped(first, size)) {
      this.unmappedWrites++;
      return;
    }
    for (let i = 0; i < size && first + i < PORTS; i++) this.write(first + i, 1, value >>> (8 * i));
  }

  #unmapped(first: number, size: number): boolean {
    for (let i = 0; i < size; i++) if (this.#table[first + i]) return false;
    return true;
  }
}
