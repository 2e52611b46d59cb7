import type { GuestMemory } from '@vizor/memory';
import { ByteWriter } from './bytes.ts';
import { BOOT_LAYOUT } from './platform.ts';

/** A run of guest physical memory, end exclusive. */
export interface GuestRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The state in which vCPU 0 starts: 32-bit protected mode, paging and interrupts off, flat segments of 4 GiB.
 * Plain data: it can be sent to a worker or written down.
 */
export interface BootState {
  readonly protocol: 'pvh' | 'linux32';
  readonly mode: 'protected32';
  /** EIP, physical. */
  readonly entry: number;
  /** Unsigned 32-bit values. */
  readonly registers: {
    readonly eax: number;
    readonly ebx: number;
    readonly ecx: number;
    readonly edx: number;
    readonly esi: number;
    readonly edi: number;
    readonly ebp: number;
    readonly esp: number;
  };
  /** GDTR; the descriptors are in guest memory. */
  readonly gdt: { readonly base: number; readonly limit: number };
  /** CS; DS, ES, FS, GS and SS; TR (base 0, limit 0x67, busy 32-bit TSS). */
  readonly selectors: { readonly code: number; readonly data: number; readonly task: number };
  readonly kernel: GuestRange;
  readonly initramfs: GuestRange | undefined;
}

export const SELECTORS = Object.freeze({ code: 0x10, data: 0x18, task: 0x20 });

/** Access bytes of segment descriptors (Intel SDM vol. 3, 3.4.5 and 3.5), accessed and busy already set. */
const ACCESS = Object.freeze({ CODE: 0x9b, DATA: 0x93, TSS_BUSY: 0x8b });

/** 4 KiB granularity, 32-bit. */
const FLAT = 0xc;

/** Writes the GDT into guest memory and returns the state that both boot protocols start from. */
export function protectedModeState(
  memory: GuestMemory,
  start: Pick<BootState, 'protocol' | 'entry' | 'kernel' | 'initramfs'>,
  registers: Partial<BootState['registers']>,
): BootState {
  const gdt = new ByteWriter().zeros(SELECTORS.code);
  descriptor(gdt, 0xfffff, ACCESS.CODE, FLAT);
  descriptor(gdt, 0xfffff, ACCESS.DATA, FLAT);
  descriptor(gdt, 0x67, ACCESS.TSS_BUSY, 0);
  memory.place(BOOT_LAYOUT.GDT, gdt.finish(), 'GDT');
  return {
    ...start,
    mode: 'protected32',
    registers: { eax: 0, ebx: 0, ecx: 0, edx: 0, esi: 0, edi: 0, ebp: 0, esp: 0, ...registers },
    gdt: { base: BOOT_LAYOUT.GDT, limit: gdt.length - 1 },
    selectors: SELECTORS,
  };
}

/** A segment descriptor with base 0. */
function descriptor(gdt: ByteWriter, limit: number, access: number, flags: number): void {
  gdt
    .u16(limit)
    .u16(0)
    .u8(0, access, (flags << 4) | (limit >>> 16), 0);
}
