import { VizorError } from '@vizor/core';
import { PAGE, requireBytes, requireIndex } from './arguments.ts';
import { CAP, DIRTY_LOG } from './generated/constants.ts';
import { kvm_clear_dirty_log, kvm_dirty_gfn, kvm_dirty_log } from './generated/structs.ts';
import { hostLacks, type IoctlTarget } from './ioctl.ts';
import { build } from './layout.ts';
import { addressOf } from './native/mapping.ts';
import type { VmFeatures } from './vm-features.ts';
import type { VmMemory } from './vm-memory.ts';

/**
 * Which pages the guest has written. What the host writes (devices, JavaScript, WebAssembly) is in neither the log nor
 * the rings: who writes must keep account.
 */
export class VmDirty {
  readonly #target: IoctlTarget;
  readonly #memory: VmMemory;
  readonly #features: VmFeatures;

  constructor(target: IoctlTarget, memory: VmMemory, features: VmFeatures) {
    this.#target = target;
    this.#memory = memory;
    this.#features = features;
  }

  /** Bytes of a bitmap that covers a slot: a bit for each page, in whole 64-bit words. */
  bitmapSize(slot: number): number {
    return Math.ceil(this.#pagesOf(slot) / 64) * 8;
  }

  /**
   * Pages written since the last call, a bit each, bit 0 the slot's first: KVM_GET_DIRTY_LOG, API §4.8 (basic). The log
   * is cleared as it is read, unless {@link enableManualClear} was called.
   *
   * @param bitmap of at least {@link bitmapSize} bytes; may be part of a WebAssembly.Memory
   */
  read(slot: number, bitmap: Uint8Array<ArrayBufferLike>): void {
    requireBytes('KVM_GET_DIRTY_LOG', 'the bitmap', bitmap, this.bitmapSize(slot));
    this.#target.transfer('KVM_GET_DIRTY_LOG', build(kvm_dirty_log, { slot, dirty_bitmap: addressOf(bitmap) }));
  }

  /**
   * Leave pages in the log until {@link clear} is told of them: KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2, API §7.18.
   * @param allDirty slots start with every page in the log, which makes switching the log on cheap
   */
  enableManualClear(allDirty = false): void {
    const flags = DIRTY_LOG.MANUAL_PROTECT_ENABLE | (allDirty ? DIRTY_LOG.INITIALLY_SET : 0);
    this.#features.enable(CAP.MANUAL_DIRTY_LOG_PROTECT2, [flags]);
  }

  /**
   * Take pages off the log: KVM_CLEAR_DIRTY_LOG, API §4.117 (KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2).
   * @param firstPage a multiple of 64
   * @param pages a multiple of 64, or up to the slot's end
   * @param bitmap a bit for each page from `firstPage`: set where it is to be cleared
   */
  clear(slot: number, firstPage: number, pages: number, bitmap: Uint8Array<ArrayBufferLike>): void {
    const operation = 'KVM_CLEAR_DIRTY_LOG';
    const all = this.#pagesOf(slot);
    requireIndex(operation, 'first page', firstPage, all);
    requireIndex(operation, 'count of pages', pages, all - firstPage + 1);
    if (firstPage % 64 !== 0 || (pages % 64 !== 0 && firstPage + pages !== all)) {
      throw new VizorError('usage', operation, 'pages are cleared in groups of 64, up to the slot’s end');
    }
    requireBytes(operation, 'the bitmap', bitmap, Math.ceil(pages / 8));
    const request = { slot, num_pages: pages, first_page: firstPage, dirty_bitmap: addressOf(bitmap) };
    this.#target.transfer(operation, build(kvm_clear_dirty_log, request), CAP.MANUAL_DIRTY_LOG_PROTECT2);
  }

  /**
   * Give each vCPU, none of which exists yet, a ring of written pages in place of the log ({@link Vcpu.mapDirtyRing}):
   * KVM_CAP_DIRTY_LOG_RING_ACQ_REL, or KVM_CAP_DIRTY_LOG_RING where the kernel is older.
   *
   * @param entries in each ring, a power of two; the host says how many bytes of 16 each it allows
   */
  enableRings(entries: number): void {
    const operation = 'dirty rings';
    if (!Number.isInteger(Math.log2(entries)) || entries * kvm_dirty_gfn.size < PAGE) {
      throw new VizorError('usage', operation, `${entries} entries`, { hint: 'give a power of two, at least 256' });
    }
    const capability = hostLacks(CAP.DIRTY_LOG_RING_ACQ_REL) ? CAP.DIRTY_LOG_RING : CAP.DIRTY_LOG_RING_ACQ_REL;
    this.#features.enable(capability, [entries * kvm_dirty_gfn.size]);
  }

  /**
   * Watch again the pages that were harvested from all rings: KVM_RESET_DIRTY_RINGS (KVM_CAP_DIRTY_LOG_RING).
   * @returns how many pages
   */
  resetRings(): number {
    return this.#target.call('KVM_RESET_DIRTY_RINGS', 0, CAP.DIRTY_LOG_RING);
  }

  #pagesOf(slot: number): number {
    const found = this.#memory.slot(slot);
    if (found === undefined) throw new VizorError('usage', 'dirty log', `slot ${slot} is not set`);
    return found.size / PAGE;
  }
}
