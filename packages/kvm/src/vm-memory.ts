import { VizorError } from '@vizor/core';
import type { GuestMemory } from '@vizor/memory';
import { PAGE, requireIndex, requirePages } from './arguments.ts';
import { CAP, MEM } from './generated/constants.ts';
import {
  kvm_create_guest_memfd,
  kvm_memory_attributes,
  kvm_userspace_memory_region,
  kvm_userspace_memory_region2,
} from './generated/structs.ts';
import type { IoctlTarget } from './ioctl.ts';
import { build } from './layout.ts';
import { Descriptor } from './native/descriptor.ts';
import { addressOf } from './native/mapping.ts';

const FOUR_GIB = 2 ** 32;

/** A piece of guest physical memory and what is behind it. Addresses and sizes are in bytes, multiples of 4 KiB. */
export interface MemorySlot {
  readonly slot: number;
  readonly guestAddress: number;
  readonly size: number;
  /**
   * Host memory behind it, page-aligned and `size` bytes long, which must never move: a shared WebAssembly.Memory, or one
   * that does not grow. The VM holds on to it until the slot is removed.
   */
  readonly host: Uint8Array<ArrayBufferLike>;
  /** Guest writes exit as MMIO: for ROMs (KVM_CAP_READONLY_MEM). */
  readonly readOnly?: boolean;
  /** Keep a log, or feed the dirty rings, of pages that the guest writes. */
  readonly logDirty?: boolean;
  /** Private memory beside it (KVM_CAP_GUEST_MEMFD): {@link VmMemory.createGuestMemfd}. */
  readonly guestMemfd?: { readonly fd: number; readonly offset: number };
}

/** The memory of VMs that are open. The kernel goes on using it, whether or not anybody still holds the VM. */
const inUse = new Set<VmMemory>();

/** Guest physical memory of a VM: its slots and their attributes. */
export class VmMemory {
  readonly #target: IoctlTarget;
  readonly #limit: number;
  readonly #slots = new Map<number, MemorySlot>();

  constructor(target: IoctlTarget, limit: number) {
    this.#target = target;
    this.#limit = limit;
  }

  /** The slots that are set. */
  get slots(): readonly MemorySlot[] {
    return [...this.#slots.values()];
  }

  slot(slot: number): MemorySlot | undefined {
    return this.#slots.get(slot);
  }

  /**
   * Set a slot, or change the guest address or `logDirty` of one: KVM_SET_USER_MEMORY_REGION, API §4.35
   * (KVM_CAP_USER_MEMORY), or KVM_SET_USER_MEMORY_REGION2, API §4.140 (KVM_CAP_USER_MEMORY2) with a guest_memfd.
   *
   * @throws VizorError `usage` for misaligned or overlapping slots and for changes that the kernel cannot make
   */
  set(slot: MemorySlot): void {
    this.#check(slot);
    const hostAddress = addressOf(slot.host);
    requirePages('memory slot', 'host address', hostAddress);
    const flags =
      (slot.readOnly ? MEM.READONLY : 0) |
      (slot.logDirty ? MEM.LOG_DIRTY_PAGES : 0) |
      (slot.guestMemfd ? MEM.GUEST_MEMFD : 0);
    const region = {
      slot: slot.slot,
      flags,
      guest_phys_addr: slot.guestAddress,
      memory_size: slot.size,
      userspace_addr: hostAddress,
    };
    if (slot.guestMemfd === undefined) {
      const needs = slot.readOnly ? CAP.READONLY_MEM : CAP.USER_MEMORY;
      this.#target.transfer('KVM_SET_USER_MEMORY_REGION', build(kvm_userspace_memory_region, region), needs);
    } else {
      const { fd, offset } = slot.guestMemfd;
      const region2 = { ...region, guest_memfd: fd, guest_memfd_offset: offset };
      this.#target.transfer(
        'KVM_SET_USER_MEMORY_REGION2',
        build(kvm_userspace_memory_region2, region2),
        CAP.USER_MEMORY2,
      );
    }
    this.#slots.set(slot.slot, slot);
    inUse.add(this);
  }

  /** Remove a slot. The guest's accesses there exit as MMIO from now on, and its host memory may go. */
  remove(slot: number): void {
    if (!this.#slots.has(slot)) throw new VizorError('usage', 'memory slot', `slot ${slot} is not set`);
    this.#target.transfer('KVM_SET_USER_MEMORY_REGION', build(kvm_userspace_memory_region, { slot }), CAP.USER_MEMORY);
    this.#slots.delete(slot);
  }

  /**
   * Make a machine's RAM the guest's memory, below and above the MMIO hole, in slots `first` and `first + 1`. Nothing is
   * copied: the guest's stores are in the WebAssembly.Memory at once.
   */
  setRam(ram: GuestMemory, options: { readonly first?: number; readonly logDirty?: boolean } = {}): void {
    const { first = 0, logDirty = false } = options;
    const part = (offset: number, size: number) =>
      new Uint8Array(ram.memory.buffer, ram.ramBase + offset, size) as Uint8Array<ArrayBufferLike>;
    this.set({ slot: first, guestAddress: 0, size: ram.lowSize, host: part(0, ram.lowSize), logDirty });
    if (ram.highSize > 0) {
      const host = part(ram.lowSize, ram.highSize);
      this.set({ slot: first + 1, guestAddress: FOUR_GIB, size: ram.highSize, host, logDirty });
    }
  }

  /**
   * Memory that only the guest can see: KVM_CREATE_GUEST_MEMFD, API §4.142 (KVM_CAP_GUEST_MEMFD). The caller closes it.
   * @param flags bits of the answer to KVM_CAP_GUEST_MEMFD_FLAGS
   */
  createGuestMemfd(size: number, flags = 0): Descriptor {
    requirePages('guest_memfd', 'size', size);
    const request = build(kvm_create_guest_memfd, { size, flags });
    return new Descriptor(this.#target.transfer('KVM_CREATE_GUEST_MEMFD', request, CAP.GUEST_MEMFD), 'guest_memfd');
  }

  /**
   * Say which guest memory is private: KVM_SET_MEMORY_ATTRIBUTES, API §4.141 (KVM_CAP_MEMORY_ATTRIBUTES).
   * @param attributes bits of MEMORY_ATTRIBUTE
   */
  setAttributes(guestAddress: number, size: number, attributes: number): void {
    requirePages('memory attributes', 'guest address', guestAddress);
    requirePages('memory attributes', 'size', size);
    const request = build(kvm_memory_attributes, { address: guestAddress, size, attributes });
    this.#target.transfer('KVM_SET_MEMORY_ATTRIBUTES', request, CAP.MEMORY_ATTRIBUTES);
  }

  /**
   * Where Intel's KVM keeps a task state segment for real mode, three pages below 4 GiB that no slot covers:
   * KVM_SET_TSS_ADDR, API §4.36 (KVM_CAP_SET_TSS_ADDR).
   */
  setTssAddress(guestAddress: number): void {
    requirePages('TSS address', 'guest address', guestAddress);
    this.#target.call('KVM_SET_TSS_ADDR', guestAddress, CAP.SET_TSS_ADDR);
  }

  /**
   * Where Intel's KVM keeps a page table for real mode, one page below 4 GiB that no slot covers; before the first
   * vCPU: KVM_SET_IDENTITY_MAP_ADDR, API §4.40 (KVM_CAP_SET_IDENTITY_MAP_ADDR).
   */
  setIdentityMapAddress(guestAddress: number): void {
    requirePages('identity map', 'guest address', guestAddress);
    const address = new BigUint64Array([BigInt(guestAddress)]);
    this.#target.transfer('KVM_SET_IDENTITY_MAP_ADDR', address, CAP.SET_IDENTITY_MAP_ADDR);
  }

  /** Most pages of shadow page tables: KVM_SET_NR_MMU_PAGES (KVM_CAP_MMU_SHADOW_CACHE_CONTROL). */
  limitShadowPages(pages: number): void {
    requireIndex('shadow pages', 'count', pages, 2 ** 32);
    this.#target.call('KVM_SET_NR_MMU_PAGES', pages, CAP.MMU_SHADOW_CACHE_CONTROL);
  }

  /** Let go of all host memory, once the VM is closed. */
  forget(): void {
    this.#slots.clear();
    inUse.delete(this);
  }

  #check({ slot, guestAddress, size, host, readOnly }: MemorySlot): void {
    const operation = `memory slot ${slot}`;
    requireIndex('memory slot', 'slot', slot, this.#limit);
    requirePages(operation, 'guest address', guestAddress);
    requirePages(operation, 'size', size);
    if (size === 0) throw new VizorError('usage', operation, 'has no size', { hint: 'remove() removes a slot' });
    if (host.length !== size) {
      throw new VizorError('usage', operation, `${host.length} bytes of host memory for ${size} of the guest's`);
    }
    const before = this.#slots.get(slot);
    if (
      before !== undefined &&
      (before.size !== size || !sameMemory(before.host, host) || !!before.readOnly !== !!readOnly)
    ) {
      const hint = 'remove it first';
      throw new VizorError('usage', operation, 'cannot change its size, host memory or read-only flag', { hint });
    }
    for (const other of this.#slots.values()) {
      const apart = guestAddress + size <= other.guestAddress || other.guestAddress + other.size <= guestAddress;
      if (other.slot !== slot && !apart) {
        const where = `0x${other.guestAddress.toString(16)}, ${other.size / PAGE} pages`;
        throw new VizorError('usage', operation, `overlaps slot ${other.slot} (${where})`);
      }
    }
  }
}

function sameMemory(a: Uint8Array<ArrayBufferLike>, b: Uint8Array<ArrayBufferLike>): boolean {
  return a.buffer === b.buffer && a.byteOffset === b.byteOffset;
}
