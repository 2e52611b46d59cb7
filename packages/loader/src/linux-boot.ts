import type { GuestMemory } from '@vizor/memory';
import { type BootState, type GuestRange, protectedModeState } from './boot-state.ts';
import { type BzImage, SETUP } from './bzimage.ts';
import { memoryMap } from './e820.ts';
import { placeCmdline, placeInitramfs, placeKernel } from './placement.ts';
import { BOOT_LAYOUT } from './platform.ts';

/** boot_params beside the setup header (Linux Documentation/arch/x86/zero-page.rst). */
const ZERO_PAGE = Object.freeze({
  SIZE: 0x1000,
  /** KiB above 1 MiB, 16 bits: what BIOS call 88 would say. */
  EXT_MEM_K: 0x002,
  RSDP: 0x070,
  /** KiB above 1 MiB, 32 bits. */
  ALT_MEM_K: 0x1e0,
  E820_ENTRIES: 0x1e8,
  E820_TABLE: 0x2d0,
  E820_ENTRY_SIZE: 20,
});

/** "Undefined" boot loader: one without a number of its own. */
const LOADER_UNDEFINED = 0xff;

const FOUR_GIB = 2 ** 32;

/**
 * Load a bzImage to be entered through the 32-bit boot protocol (boot.rst, "32-bit Boot Protocol").
 * The screen info stays zero, which tells Linux that there is no VGA.
 *
 * @param rsdp guest physical address of the ACPI root pointer
 * @throws VizorError with code `image` when kernel or initramfs do not fit
 */
export function loadBzImage(
  memory: GuestMemory,
  image: BzImage,
  boot: { cmdline: string; initramfs: Uint8Array | undefined; rsdp: number },
): BootState {
  const kernel = placeKernel(memory, image.address, image.protectedMode, image.initSize);
  const initramfs = placeInitramfs(memory, boot.initramfs, kernel, Math.min(image.initramfsLimit, FOUR_GIB));
  const cmdline = placeCmdline(memory, boot.cmdline, Math.min(image.cmdlineMax, BOOT_LAYOUT.CMDLINE_MAX));
  memory.place(
    BOOT_LAYOUT.BOOT_PARAMS,
    bootParams(memory, image, { kernel, initramfs, cmdline, rsdp: boot.rsdp }),
    'boot parameters',
  );
  return protectedModeState(
    memory,
    { protocol: 'linux32', entry: kernel.start, kernel, initramfs },
    { esi: BOOT_LAYOUT.BOOT_PARAMS },
  );
}

function bootParams(
  memory: GuestMemory,
  image: BzImage,
  placed: { kernel: GuestRange; initramfs: GuestRange | undefined; cmdline: number; rsdp: number },
): Uint8Array {
  const page = new Uint8Array(ZERO_PAGE.SIZE);
  const view = new DataView(page.buffer);
  page.set(image.header, SETUP.HEADER);
  view.setUint8(SETUP.TYPE_OF_LOADER, LOADER_UNDEFINED);
  view.setUint32(SETUP.CODE32_START, placed.kernel.start, true);
  view.setUint32(SETUP.CMD_LINE_PTR, placed.cmdline, true);
  if (placed.initramfs) {
    view.setUint32(SETUP.RAMDISK_IMAGE, placed.initramfs.start, true);
    view.setUint32(SETUP.RAMDISK_SIZE, placed.initramfs.end - placed.initramfs.start, true);
  }
  view.setUint32(ZERO_PAGE.RSDP, placed.rsdp, true);

  const kibAboveOneMib = (memory.lowSize - BOOT_LAYOUT.HIGH_RAM) / 1024;
  view.setUint16(ZERO_PAGE.EXT_MEM_K, Math.min(kibAboveOneMib, 0xffff), true);
  view.setUint32(ZERO_PAGE.ALT_MEM_K, kibAboveOneMib, true);
  const map = memoryMap(memory);
  view.setUint8(ZERO_PAGE.E820_ENTRIES, map.length);
  for (const [i, entry] of map.entries()) {
    const at = ZERO_PAGE.E820_TABLE + i * ZERO_PAGE.E820_ENTRY_SIZE;
    view.setBigUint64(at, BigInt(entry.base), true);
    view.setBigUint64(at + 8, BigInt(entry.size), true);
    view.setUint32(at + 16, entry.type, true);
  }
  return page;
}
