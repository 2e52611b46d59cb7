// Where the benchmarks' own guests keep things, in guest physical memory, which is mapped where it is.

export const GDT = 0x200000;
export const IDT = 0x201000;
export const PML4 = 0x202000;
export const PDPT = 0x203000;
export const DIRECTORY = 0x204000;
/** One page table each for 2 MiB. */
export const TABLES = 0x205000;
/** Bytes that are mapped, in 4 KiB pages. */
export const MAPPED = 128 * 2 ** 20;
export const STACK_TOP = 0x2f0000;
export const CODE = 0x300000;
/** What workloads read and write. */
export const DATA = 0x4000000;
/** MiB of RAM that a guest needs. */
export const MEMORY_MIB = 192;

/** Selectors: 64-bit code, data. */
export const CODE64 = 0x08;
export const DATA64 = 0x10;
/** Control registers of long mode: PE, MP, ET, NE, WP, PG; PAE, OSFXSR, OSXMMEXCPT; EFER.LME. */
export const CR0 = 0x80010033;
export const CR4 = 0x620;
export const EFER_LME = 0x100;

/** Present, writable. */
const PAGE_FLAGS = 3;
const PAGE = 0x1000;
const LARGE_PAGE = 2 ** 21;

/** GDT, an empty IDT and page tables: the bytes from {@link GDT} up. */
export function systemTables(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(TABLES - GDT + (MAPPED / PAGE) * 8);
  const view = new DataView(bytes.buffer);
  const quad = (gpa: number, value: bigint) => view.setBigUint64(gpa - GDT, value, true);
  quad(GDT + CODE64, 0x00af9b000000ffffn);
  quad(GDT + DATA64, 0x00cf93000000ffffn);
  quad(PML4, BigInt(PDPT | PAGE_FLAGS));
  quad(PDPT, BigInt(DIRECTORY | PAGE_FLAGS));
  for (let i = 0; i < MAPPED / LARGE_PAGE; i++) quad(DIRECTORY + i * 8, BigInt((TABLES + i * PAGE) | PAGE_FLAGS));
  for (let i = 0; i < MAPPED / PAGE; i++) quad(TABLES + i * 8, BigInt((i * PAGE) | PAGE_FLAGS));
  return bytes;
}
