import { VizorError } from '@vizor/core';
import type { GuestMemory } from '@vizor/memory';
import type { GuestRange } from './boot-state.ts';
import { imageError, mib } from './bytes.ts';
import { BOOT_LAYOUT } from './platform.ts';

const PAGE = 0x1000;
const ZEROS = new Uint8Array(2 ** 20);

/**
 * Copy one part of a kernel to `start` and zero the rest of its `size` bytes.
 * Throws a VizorError with code `image` when it does not lie in RAM above 1 MiB.
 */
export function placeKernel(memory: GuestMemory, start: number, bytes: Uint8Array, size: number): GuestRange {
  if (start < BOOT_LAYOUT.HIGH_RAM) {
    throw imageError(
      'kernel',
      `wants to be loaded at 0x${start.toString(16)}, below 1 MiB`,
      'that is not free on a PC',
    );
  }
  if (memory.offsetOf(start, size) < 0) {
    throw imageError(
      'kernel',
      `does not fit: it needs ${mib(size)} from ${mib(start)} up, the guest has ${mib(memory.size)} of memory`,
      'give the guest more with --memory',
    );
  }
  memory.write(start, bytes.subarray(0, size));
  for (let at = bytes.length; at < size; at += ZEROS.length) {
    memory.write(start + at, ZEROS.subarray(0, Math.min(ZEROS.length, size - at)));
  }
  return { start, end: start + size };
}

/**
 * Copy an initramfs as high as it may lie: below the MMIO hole, below `limit`, above the kernel.
 *
 * @param limit first address that the initramfs may not touch
 * @throws VizorError with code `image` that names both sizes when there is no room
 */
export function placeInitramfs(
  memory: GuestMemory,
  initramfs: Uint8Array | undefined,
  kernel: GuestRange,
  limit: number,
): GuestRange | undefined {
  if (initramfs === undefined) return undefined;
  const top = Math.min(memory.lowSize, limit);
  const start = Math.floor((top - initramfs.length) / PAGE) * PAGE;
  if (start < kernel.end) {
    throw imageError(
      'initramfs',
      `does not fit: ${mib(initramfs.length)}, and ${mib(Math.max(0, top - kernel.end))} of ${mib(memory.size)} are left above the kernel`,
      'give the guest more with --memory',
    );
  }
  memory.write(start, initramfs);
  return { start, end: start + initramfs.length };
}

/**
 * Put the command line where both boot protocols expect it.
 *
 * @param limit the most bytes this kernel takes, without the NUL
 * @returns its guest physical address
 */
export function placeCmdline(memory: GuestMemory, cmdline: string, limit: number): number {
  const bytes = new TextEncoder().encode(`${cmdline}\0`);
  if (bytes.indexOf(0) !== bytes.length - 1) throw new VizorError('usage', 'command line', 'contains a NUL character');
  if (bytes.length - 1 > limit) {
    throw new VizorError(
      'usage',
      'command line',
      `has ${bytes.length - 1} bytes, this kernel takes no more than ${limit}`,
      { hint: 'shorten --cmdline' },
    );
  }
  memory.place(BOOT_LAYOUT.CMDLINE, bytes, 'command line');
  return BOOT_LAYOUT.CMDLINE;
}
