// Rings that the kernel fills in a vCPU's mapping.

import { DIRTY_GFN } from './generated/constants.ts';
import { kvm_coalesced_mmio, kvm_coalesced_mmio_ring, kvm_dirty_gfn } from './generated/structs.ts';
import type { View } from './layout.ts';
import type { Mapping } from './native/mapping.ts';

/** A page that the guest has written: the slot, and the page's number in it. */
export interface DirtyPage {
  readonly slot: number;
  readonly page: number;
}

/** Where in its ring a vCPU's harvest goes on: kept beside the vCPU, for it outlives a change of threads. */
export interface RingPosition {
  ringPosition: number;
}

/** A vCPU's ring of written pages (KVM_CAP_DIRTY_LOG_RING). */
export class DirtyRing {
  readonly #mapping: Mapping;
  readonly #entries: number;
  readonly #position: RingPosition;

  constructor(mapping: Mapping, position: RingPosition) {
    this.#mapping = mapping;
    this.#position = position;
    this.#entries = mapping.length / kvm_dirty_gfn.size;
  }

  /**
   * Take the pages that are there, in order. They are watched again after {@link VmDirty.resetRings}. While the vCPU
   * runs and the ring is full, it exits with KVM_EXIT_DIRTY_RING_FULL.
   */
  harvest(): DirtyPage[] {
    const { view } = this.#mapping;
    const pages: DirtyPage[] = [];
    for (;;) {
      const next = this.#position.ringPosition;
      const at = next * kvm_dirty_gfn.size;
      if ((kvm_dirty_gfn.fields.flags.read(view, at) & DIRTY_GFN.MASK) !== DIRTY_GFN.DIRTY) return pages;
      const page = Number(kvm_dirty_gfn.fields.offset.read(view, at));
      pages.push({ slot: kvm_dirty_gfn.fields.slot.read(view, at), page });
      kvm_dirty_gfn.fields.flags.write(view, DIRTY_GFN.RESET, at);
      this.#position.ringPosition = (next + 1) % this.#entries;
    }
  }

  [Symbol.dispose](): void {
    this.#mapping[Symbol.dispose]();
  }
}

/** A write that did not exit. */
export interface CoalescedWrite {
  /** Guest physical address, or port. */
  readonly address: number;
  readonly isPort: boolean;
  readonly data: Uint8Array<ArrayBuffer>;
}

const RING = kvm_coalesced_mmio_ring.fields;
const PAGE = 4096;
const RING_ENTRIES = Math.floor((PAGE - kvm_coalesced_mmio_ring.size) / kvm_coalesced_mmio.size);

/** Take the writes of all coalescing zones out of a ring, oldest first. `base` is where the ring's page starts. */
export function takeCoalesced(view: View, base: number): CoalescedWrite[] {
  const writes: CoalescedWrite[] = [];
  let first = RING.first.read(view, base);
  for (const last = RING.last.read(view, base); first !== last; first = (first + 1) % RING_ENTRIES) {
    const { phys_addr, len, pio, data } = RING.coalesced_mmio.at(first).read(view, base);
    writes.push({ address: Number(phys_addr), isPort: pio !== 0, data: data.slice(0, len) });
  }
  RING.first.write(view, first, base);
  return writes;
}
