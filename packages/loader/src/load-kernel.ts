import { VizorError } from '@vizor/core';
import type { GuestMemory } from '@vizor/memory';
import type { BootState } from './boot-state.ts';
import { imageError, release } from './bytes.ts';
import { isBzImage, parseBzImage, unpackKernel } from './bzimage.ts';
import { isElf, parseElf } from './elf.ts';
import { type FirmwareOptions, placeFirmwareTables } from './firmware-tables.ts';
import { identify } from './identify.ts';
import { loadBzImage } from './linux-boot.ts';
import { loadPvh, pvhEntry } from './pvh.ts';

/**
 * How a kernel is entered. `pvh` enters the uncompressed ELF, unpacked here if need be; `bzimage` lets the image unpack
 * itself in the guest; `auto` takes PVH where there is an entry for it.
 */
export type BootProtocol = 'auto' | 'bzimage' | 'pvh';

export interface KernelOptions extends FirmwareOptions {
  /** A bzImage (also Memtest86+'s) or an ELF with a PVH entry. */
  readonly kernel: Uint8Array;
  readonly initramfs?: Uint8Array;
  readonly cmdline: string;
  /** Default: `auto`. */
  readonly protocol?: BootProtocol;
}

/** However much memory the guest has, nothing sane unpacks to more. */
const UNPACKED_MAX = 2 ** 30;

/**
 * Put a kernel, its initramfs, its command line and the firmware tables into guest memory.
 *
 * @returns the state in which vCPU 0 starts
 * @throws VizorError with code `image` when a file cannot be used or does not fit, `usage` for the rest
 */
export async function loadKernel(memory: GuestMemory, options: KernelOptions): Promise<BootState> {
  const { kernel, protocol = 'auto' } = options;
  const boot = { cmdline: options.cmdline, initramfs: options.initramfs, rsdp: placeFirmwareTables(memory, options) };
  if (isElf(kernel)) {
    if (protocol === 'bzimage') {
      throw new VizorError('usage', 'boot protocol', 'an ELF kernel cannot be booted as a bzImage', {
        hint: 'leave the protocol to be chosen',
      });
    }
    return loadPvh(memory, parseElf(kernel), boot);
  }
  if (!isBzImage(kernel)) throw identify(kernel);

  const image = parseBzImage(kernel);
  if (protocol === 'bzimage') return loadBzImage(memory, image, boot);
  const unpacked = await unpackKernel(image, Math.min(UNPACKED_MAX, memory.size));
  if (unpacked === undefined) {
    if (protocol === 'auto') return loadBzImage(memory, image, boot);
    throw imageError('bzImage', 'holds no kernel that can be unpacked here', 'leave the protocol to be chosen');
  }
  const elf = parseElf(unpacked);
  if (protocol === 'auto' && pvhEntry(elf) === undefined) return loadBzImage(memory, image, boot);
  const state = loadPvh(memory, elf, boot);
  if (unpacked.buffer !== kernel.buffer) release(unpacked);
  return state;
}
