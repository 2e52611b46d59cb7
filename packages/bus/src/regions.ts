import { VizorError } from '@vizor/core';

/** A mapped address range. Addresses are ports or guest physical addresses; `length` is in bytes. */
export interface Region<Device> {
  readonly base: number;
  readonly length: number;
  readonly device: Device;
  readonly name: string;
}

/**
 * Address ranges in ascending order, none overlapping another.
 *
 * @throws {VizorError} `usage`, from {@link insert}, when a range is empty, does not fit or overlaps
 */
export class RegionList<Device> {
  readonly #bus: string;
  readonly #limit: number;
  readonly #regions: Region<Device>[] = [];

  /** @param limit first address past the bus */
  constructor(bus: string, limit: number) {
    this.#bus = bus;
    this.#limit = limit;
  }

  insert(region: Region<Device>): void {
    const { base, length, name } = region;
    const operation = `map ${name} on the ${this.#bus}`;
    const valid =
      Number.isSafeInteger(base) &&
      Number.isSafeInteger(length) &&
      base >= 0 &&
      length > 0 &&
      base + length <= this.#limit;
    if (!valid) {
      throw new VizorError('usage', operation, `${describe(base, length)} is not a range of the bus`, {
        hint: `give 1 byte or more below 0x${this.#limit.toString(16)}`,
      });
    }
    const at = this.#firstEndingAfter(base);
    const next = this.#regions[at];
    if (next !== undefined && next.base < base + length) {
      throw new VizorError(
        'usage',
        operation,
        `${describe(base, length)} overlaps ${next.name} at ${describe(next.base, next.length)}`,
        { hint: 'move one of the two devices' },
      );
    }
    this.#regions.splice(at, 0, region);
  }

  /** The region that holds `address`, or undefined; any number may be asked for. */
  find(address: number): Region<Device> | undefined {
    const region = this.#regions[this.#firstEndingAfter(address)];
    return region !== undefined && region.base <= address ? region : undefined;
  }

  /** Whether some region holds one of `length` bytes at `address`. */
  touches(address: number, length: number): boolean {
    const region = this.#regions[this.#firstEndingAfter(address)];
    return region !== undefined && region.base < address + length;
  }

  #firstEndingAfter(address: number): number {
    let low = 0;
    let high = this.#regions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const region = this.#regions[middle];
      if (region.base + region.length > address) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function describe(base: number, length: number): string {
  return `0x${base.toString(16)}+0x${length.toString(16)}`;
}
