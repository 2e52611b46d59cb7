import { requireIndex, requireOneOf } from './arguments.ts';
import { CAP, HYPERV_EVENTFD, IOEVENTFD } from './generated/constants.ts';
import { kvm_coalesced_mmio_zone, kvm_hyperv_eventfd, kvm_ioeventfd } from './generated/structs.ts';
import type { IoctlTarget } from './ioctl.ts';
import { build } from './layout.ts';
import type { Eventfd } from './native/eventfd.ts';

/** A place that the guest writes to: a port, or a guest physical address. */
export type IoPlace = { readonly port: number } | { readonly address: number };

/** A doorbell: what the guest writes where. */
export type Doorbell = IoPlace & {
  /** Width in bytes; 0 for any (KVM_CAP_IOEVENTFD_ANY_LENGTH), which is faster for MMIO. */
  readonly width: 0 | 1 | 2 | 4 | 8;
  /** Only this value rings; others exit. */
  readonly value?: number | bigint;
};

/** Device accesses of a VM that need not exit: doorbells, and writes that can wait. */
export class VmIo {
  readonly #target: IoctlTarget;

  constructor(target: IoctlTarget) {
    this.#target = target;
  }

  /** Signal an eventfd when the guest rings, without an exit: KVM_IOEVENTFD, API §4.59 (KVM_CAP_IOEVENTFD). */
  attachDoorbell(doorbell: Doorbell, eventfd: Eventfd): void {
    this.#doorbell(doorbell, eventfd, 0);
  }

  /** Undo {@link attachDoorbell}, told the same. */
  detachDoorbell(doorbell: Doorbell, eventfd: Eventfd): void {
    this.#doorbell(doorbell, eventfd, IOEVENTFD.DEASSIGN);
  }

  /**
   * Collect writes in a ring ({@link Vcpu.coalesced}) instead of exiting at each: KVM_REGISTER_COALESCED_MMIO, API
   * §4.116 (KVM_CAP_COALESCED_MMIO, for ports KVM_CAP_COALESCED_PIO).
   *
   * @param size in bytes, or in ports
   */
  coalesce(place: IoPlace, size: number): void {
    this.#zone('KVM_REGISTER_COALESCED_MMIO', place, size);
  }

  /** Undo {@link coalesce}: KVM_UNREGISTER_COALESCED_MMIO, API §4.116. All zones within the place go. */
  uncoalesce(place: IoPlace, size: number): void {
    this.#zone('KVM_UNREGISTER_COALESCED_MMIO', place, size);
  }

  /** Signal an eventfd at a Hyper-V HvSignalEvent of a connection: KVM_HYPERV_EVENTFD, API §4.113 (KVM_CAP_HYPERV_EVENTFD). */
  attachHypervConnection(connection: number, eventfd: Eventfd): void {
    requireIndex('KVM_HYPERV_EVENTFD', 'connection', connection, HYPERV_EVENTFD.CONN_ID_MASK + 1);
    const request = build(kvm_hyperv_eventfd, { conn_id: connection, fd: eventfd.fd });
    this.#target.transfer('KVM_HYPERV_EVENTFD', request, CAP.HYPERV_EVENTFD);
  }

  /** Undo {@link attachHypervConnection}. */
  detachHypervConnection(connection: number): void {
    const request = build(kvm_hyperv_eventfd, { conn_id: connection, fd: -1, flags: HYPERV_EVENTFD.EVENTFD_DEASSIGN });
    this.#target.transfer('KVM_HYPERV_EVENTFD', request, CAP.HYPERV_EVENTFD);
  }

  #doorbell(doorbell: Doorbell, eventfd: Eventfd, extra: number): void {
    requireOneOf('KVM_IOEVENTFD', 'width', doorbell.width, [0, 1, 2, 4, 8]);
    const [addr, pio] = numberOf('KVM_IOEVENTFD', doorbell);
    const flags = extra | (pio ? IOEVENTFD.PIO : 0) | (doorbell.value === undefined ? 0 : IOEVENTFD.DATAMATCH);
    const request = { addr, len: doorbell.width, fd: eventfd.fd, flags, datamatch: doorbell.value ?? 0n };
    const needs = doorbell.width === 0 ? CAP.IOEVENTFD_ANY_LENGTH : CAP.IOEVENTFD;
    this.#target.transfer('KVM_IOEVENTFD', build(kvm_ioeventfd, request), needs);
  }

  #zone(request: 'KVM_REGISTER_COALESCED_MMIO' | 'KVM_UNREGISTER_COALESCED_MMIO', place: IoPlace, size: number): void {
    const [addr, pio] = numberOf(request, place);
    const zone = build(kvm_coalesced_mmio_zone, { addr, size, pio: pio ? 1 : 0 });
    this.#target.transfer(request, zone, pio ? CAP.COALESCED_PIO : CAP.COALESCED_MMIO);
  }
}

function numberOf(operation: string, place: IoPlace): [address: number, isPort: boolean] {
  if ('port' in place) {
    requireIndex(operation, 'port', place.port, 0x10000);
    return [place.port, true];
  }
  requireIndex(operation, 'address', place.address, 2 ** 52);
  return [place.address, false];
}
