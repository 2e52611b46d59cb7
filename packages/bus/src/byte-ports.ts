import type { PioDevice } from '@vizor/core';

/** A chip with 8-bit registers, as ISA has them. */
export interface ByteRegisters {
  /** @returns 0 to 255 */
  read(offset: number): number;
  /** @param value 0 to 255 */
  write(offset: number, value: number): void;
}

/** Put an 8-bit chip on the port bus: wider accesses become byte cycles, lowest port first, as the ISA bus makes them. */
export function bytePorts(chip: ByteRegisters): PioDevice {
  return {
    pioRead(offset, size) {
      let value = 0;
      for (let i = 0; i < size; i++) value |= (chip.read(offset + i) & 0xff) << (8 * i);
      return value >>> 0;
    },
    pioWrite(offset, size, value) {
      for (let i = 0; i < size; i++) chip.write(offset + i, (value >>> (8 * i)) & 0xff);
    },
  };
}
