import type { VizorError } from '@vizor/core';
import { imageError } from './bytes.ts';
import { compressionOf } from './decompress.ts';

const HINT = 'give a bzImage or an ELF kernel for x86';

/** Files that people give for a kernel: magic number, its offset, what to say. */
const KNOWN: readonly (readonly [magic: string, offset: number, problem: string])[] = [
  ['ARM\x64', 0x38, 'is a Linux image for 64-bit ARM, not for x86'],
  ['RSC\x05', 0x38, 'is a Linux image for RISC-V, not for x86'],
  ['\x18\x28\x6f\x01', 0x24, 'is a Linux image for 32-bit ARM, not for x86'],
  ['\x27\x05\x19\x56', 0, 'is a U-Boot image, not for a PC'],
  ['070701', 0, 'is a cpio archive, perhaps the initramfs'],
  ['!<arch>', 0, 'is a Debian package or an ar archive: the kernel is inside it'],
  ['QFI\xfb', 0, 'is a qcow2 disk image, not a kernel'],
  ['CD001', 0x8001, 'is a CD image, not a kernel'],
  ['MZ', 0, 'is a program for EFI or DOS, not a Linux kernel for x86'],
];

/** Says what `bytes`, which are neither bzImage nor ELF, are instead. */
export function identify(bytes: Uint8Array): VizorError {
  if (bytes.length === 0) return imageError('kernel', 'is an empty file', HINT);
  const known = KNOWN.find(([magic, offset]) => matches(bytes, magic, offset));
  if (known) return imageError('kernel', known[2], HINT);
  const compression = compressionOf(bytes);
  if (compression !== 'unknown') {
    return imageError('kernel', `is a file compressed with ${compression}, not a kernel`, 'unpack it first');
  }
  const bootSector = bytes[0x1fe] === 0x55 && bytes[0x1ff] === 0xaa;
  if (bootSector) return imageError('kernel', 'is a disk image or a boot sector, not a kernel', HINT);
  return imageError('kernel', 'is not a kernel', HINT);
}

function matches(bytes: Uint8Array, magic: string, offset: number): boolean {
  return [...magic].every((character, i) => bytes[offset + i] === character.charCodeAt(0));
}
