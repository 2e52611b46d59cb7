// Page tables for tests: built in guest memory, entry by entry, and left open to be spoilt.

import type { GuestMemory } from '@vizor/memory';

export const PTE = Object.freeze({
  P: 1n,
  W: 2n,
  U: 4n,
  A: 0x20n,
  D: 0x40n,
  PS: 0x80n,
  G: 0x100n,
  NX: 1n << 63n,
});

export type PagingKind = 'legacy' | 'pae' | 'long';

/** Levels from the leaf up: bits of the linear address that index it, and bytes of its entries. */
const SHAPES = Object.freeze({
  legacy: { shifts: [12, 22], indexBits: 10, entryBytes: 4 },
  pae: { shifts: [12, 21, 30], indexBits: 9, entryBytes: 8 },
  long: { shifts: [12, 21, 30, 39], indexBits: 9, entryBytes: 8 },
});

export class PageTables {
  readonly kind: PagingKind;
  /** Guest physical address of the top table: CR3. */
  readonly root: number;
  readonly #memory: GuestMemory;
  #next: number;

  /** Tables are taken from `area` up, a page each. */
  constructor(memory: GuestMemory, kind: PagingKind, area: number) {
    this.#memory = memory;
    this.kind = kind;
    this.root = area;
    this.#next = area + 0x1000;
  }

  /**
   * Map the page around `va` to `pa`. `level` 1 is a 4 KiB page, 2 one of 2 or 4 MiB, 3 of 1 GiB. Tables on the way are
   * made with all rights.
   */
  map(va: number | bigint, pa: number, flags: bigint = PTE.P | PTE.W | PTE.U, level = 1): void {
    const at = this.entryAt(va, level, true);
    this.setEntry(at, BigInt(pa) | flags | (level > 1 ? PTE.PS : 0n));
  }

  /** Map a range of 4 KiB pages to itself. */
  identity(from: number, to: number, flags?: bigint): void {
    for (let page = from; page < to; page += 0x1000) this.map(page, page, flags);
  }

  /** Guest physical address of the entry for `va` at `level`, tables above it made if asked for. */
  entryAt(va: number | bigint, level: number, make = false): number {
    const { shifts, entryBytes } = this.#shape;
    let table = this.root;
    for (let above = shifts.length; above > level; above--) {
      const at = table + this.#index(va, above) * entryBytes;
      let entry = this.entry(at);
      if ((entry & PTE.P) === 0n) {
        if (!make) throw new Error(`no table for 0x${va.toString(16)}`);
        // Entries of PAE's page-directory-pointer table have no rights.
        const rights = this.kind === 'pae' && above === 3 ? PTE.P : PTE.P | PTE.W | PTE.U;
        entry = BigInt(this.#next) | rights;
        this.#next += 0x1000;
        this.setEntry(at, entry);
      }
      table = Number(entry & 0x000ffffffffff000n);
    }
    return table + this.#index(va, level) * entryBytes;
  }

  entry(at: number): bigint {
    return this.#shape.entryBytes === 8 ? this.#memory.readU64(at) : BigInt(this.#memory.readU32(at));
  }

  setEntry(at: number, value: bigint): void {
    const bytes = new Uint8Array(this.#shape.entryBytes);
    const view = new DataView(bytes.buffer);
    if (bytes.length === 8) view.setBigUint64(0, value, true);
    else view.setUint32(0, Number(value), true);
    this.#memory.write(at, bytes);
  }

  /** Set and clear bits of an entry. */
  change(va: number | bigint, level: number, set: bigint, clear = 0n): void {
    const at = this.entryAt(va, level);
    this.setEntry(at, (this.entry(at) & ~clear) | set);
  }

  get #shape() {
    return SHAPES[this.kind];
  }

  #index(va: number | bigint, level: number): number {
    const { shifts, indexBits } = this.#shape;
    return Number((BigInt(va) >> BigInt(shifts[level - 1]!)) & ((1n << BigInt(indexBits)) - 1n));
  }
}
