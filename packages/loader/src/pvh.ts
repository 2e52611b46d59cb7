import type { GuestMemory } from '@vizor/memory';
import { type BootState, type GuestRange, protectedModeState } from './boot-state.ts';
import { ByteWriter, ImageReader, imageError } from './bytes.ts';
import { memoryMap } from './e820.ts';
import { type Elf, loadElf } from './elf.ts';
import { placeCmdline, placeInitramfs } from './placement.ts';
import { BOOT_LAYOUT } from './platform.ts';

/** Xen's public/elfnote.h: the note with the 32-bit physical entry of a PVH guest. */
const XEN_ELFNOTE_PHYS32_ENTRY = 18;

/** Xen's public/arch-x86/hvm/start_info.h. */
const START_INFO = Object.freeze({ MAGIC: 0x336ec578, VERSION: 1 });

/** The PVH entry point of a kernel, or undefined when it has none. */
export function pvhEntry(elf: Elf): number | undefined {
  const note = elf.notes.find((each) => each.name === 'Xen' && each.type === XEN_ELFNOTE_PHYS32_ENTRY);
  return note && new ImageReader(note.description, 'PVH note').u32(0);
}

/**
 * Load an ELF kernel to be entered through the PVH boot protocol (Xen's docs/misc/pvh.pandoc).
 *
 * @param rsdp guest physical address of the ACPI root pointer
 * @throws VizorError with code `image` when there is no PVH entry, or kernel or initramfs do not fit
 */
export function loadPvh(
  memory: GuestMemory,
  elf: Elf,
  boot: { cmdline: string; initramfs: Uint8Array | undefined; rsdp: number },
): BootState {
  const entry = pvhEntry(elf);
  if (entry === undefined) {
    throw imageError(
      'ELF kernel',
      'has no PVH entry point',
      elf.bits === 64 ? 'give its bzImage, or build it with CONFIG_PVH' : 'give its bzImage',
    );
  }
  const kernel = loadElf(memory, elf);
  if (entry < kernel.start || entry >= kernel.end) {
    throw imageError('ELF kernel', `is corrupt: its PVH entry 0x${entry.toString(16)} lies outside it`);
  }
  const initramfs = placeInitramfs(memory, boot.initramfs, kernel, memory.lowSize);
  const cmdline = placeCmdline(memory, boot.cmdline, BOOT_LAYOUT.CMDLINE_MAX);
  placeStartInfo(memory, cmdline, initramfs, boot.rsdp);
  return protectedModeState(memory, { protocol: 'pvh', entry, kernel, initramfs }, { ebx: BOOT_LAYOUT.PVH_START_INFO });
}

/** hvm_start_info version 1, its module list and its memory map. */
function placeStartInfo(memory: GuestMemory, cmdline: number, initramfs: GuestRange | undefined, rsdp: number): void {
  const { PVH_START_INFO, PVH_MODULES, PVH_MEMMAP } = BOOT_LAYOUT;
  const map = memoryMap(memory);
  const info = new ByteWriter()
    .u32(START_INFO.MAGIC)
    .u32(START_INFO.VERSION)
    .u32(0) // flags
    .u32(initramfs ? 1 : 0)
    .u64(initramfs ? PVH_MODULES : 0)
    .u64(cmdline)
    .u64(rsdp)
    .u64(PVH_MEMMAP)
    .u32(map.length)
    .u32(0);
  memory.place(PVH_START_INFO, info.finish(), 'PVH start info');

  if (initramfs) {
    const module = new ByteWriter()
      .u64(initramfs.start)
      .u64(initramfs.end - initramfs.start)
      .u64(0) // its command line
      .u64(0);
    memory.place(PVH_MODULES, module.finish(), 'PVH module list');
  }

  const entries = new ByteWriter();
  for (const { base, size, type } of map) entries.u64(base).u64(size).u32(type).u32(0);
  memory.place(PVH_MEMMAP, entries.finish(), 'PVH memory map');
}
