import { requireIndex } from './arguments.ts';
import { CAP, IRQ_ROUTING, IRQCHIP, IRQFD } from './generated/constants.ts';
import {
  kvm_ioapic_state,
  kvm_irq_level,
  kvm_irq_routing,
  kvm_irq_routing_entry,
  kvm_irq_routing_hv_sint,
  kvm_irq_routing_irqchip,
  kvm_irq_routing_msi,
  kvm_irqchip,
  kvm_irqfd,
  kvm_msi,
  kvm_pic_state,
} from './generated/structs.ts';
import type { IoctlTarget } from './ioctl.ts';
import { build, type Changes, decode, encode, type Struct, type Values } from './layout.ts';
import type { Eventfd } from './native/eventfd.ts';
import type { VmFeatures } from './vm-features.ts';

/** Where the interrupts of one GSI (global system interrupt) go. A GSI may have an entry for each PIC and I/O APIC. */
export type Route =
  | { readonly gsi: number; readonly chip: 'pic' | 'ioapic'; readonly pin: number }
  | { readonly gsi: number; readonly msi: MsiMessage }
  | { readonly gsi: number; readonly hypervSint: { readonly vcpu: number; readonly sint: number } };

/** A message-signalled interrupt (Intel SDM vol. 3, 11.11). */
export interface MsiMessage {
  readonly address: number | bigint;
  readonly data: number;
}

const CHIP_AT = kvm_irqchip.fields.chip.offset;
const PIC_PINS = 8;

/** Interrupts of a VM: the controllers in the kernel and the ways to them. */
export class VmInterrupts {
  readonly #target: IoctlTarget;
  readonly #features: VmFeatures;

  constructor(target: IoctlTarget, features: VmFeatures) {
    this.#target = target;
    this.#features = features;
  }

  /**
   * Put the pair of 8259s, the I/O APIC and each vCPU's local APIC into the kernel, before the first vCPU:
   * KVM_CREATE_IRQCHIP, API §4.24 (KVM_CAP_IRQCHIP).
   */
  createChips(): void {
    this.#target.call('KVM_CREATE_IRQCHIP', 0, CAP.IRQCHIP);
  }

  /**
   * Put only the local APICs into the kernel: KVM_CAP_SPLIT_IRQCHIP, API §7.5. End-of-interrupts of routed GSIs below
   * `ioapicPins` exit as KVM_EXIT_IOAPIC_EOI.
   */
  createLocalApics(ioapicPins: number): void {
    this.#features.enable(CAP.SPLIT_IRQCHIP, [ioapicPins]);
  }

  /** Set a GSI's level: KVM_IRQ_LINE, API §4.25 (KVM_CAP_IRQCHIP). */
  setLine(gsi: number, level: boolean): void {
    const request = build(kvm_irq_level, { irq: gsi, level: level ? 1 : 0 });
    this.#target.transfer('KVM_IRQ_LINE', request, CAP.IRQCHIP);
  }

  /**
   * Set a GSI's level and learn what came of it: KVM_IRQ_LINE_STATUS (KVM_CAP_IRQ_INJECT_STATUS).
   * @returns 0 for ignored (masked), above 0 for delivered to that many, below 0 for coalesced with one before
   */
  setLineWithStatus(gsi: number, level: boolean): number {
    const request = build(kvm_irq_level, { irq: gsi, level: level ? 1 : 0 });
    this.#target.transfer('KVM_IRQ_LINE_STATUS', request, CAP.IRQ_INJECT_STATUS);
    return kvm_irq_level.fields.status.read(request);
  }

  /** State of one 8259: KVM_GET_IRQCHIP, API §4.26 (KVM_CAP_IRQCHIP). */
  getPic(which: 'master' | 'slave'): Values<typeof kvm_pic_state> {
    return this.#getChip(which === 'master' ? IRQCHIP.PIC_MASTER : IRQCHIP.PIC_SLAVE, kvm_pic_state);
  }

  /** KVM_SET_IRQCHIP, API §4.27: all of it, what is left out becomes 0. */
  setPic(which: 'master' | 'slave', state: Changes<typeof kvm_pic_state>): void {
    this.#setChip(which === 'master' ? IRQCHIP.PIC_MASTER : IRQCHIP.PIC_SLAVE, kvm_pic_state, state);
  }

  /** State of the I/O APIC: KVM_GET_IRQCHIP, API §4.26 (KVM_CAP_IRQCHIP). */
  getIoapic(): Values<typeof kvm_ioapic_state> {
    return this.#getChip(IRQCHIP.IOAPIC, kvm_ioapic_state);
  }

  /** KVM_SET_IRQCHIP, API §4.27: all of it, what is left out becomes 0. */
  setIoapic(state: Changes<typeof kvm_ioapic_state>): void {
    this.#setChip(IRQCHIP.IOAPIC, kvm_ioapic_state, state);
  }

  /**
   * Replace all routes: KVM_SET_GSI_ROUTING, API §4.52 (KVM_CAP_IRQ_ROUTING, which tells how many there may be).
   * PIC pins 0 to 7 are the master's, 8 to 15 the slave's.
   */
  setRoutes(routes: readonly Route[]): void {
    const table = build(kvm_irq_routing, { nr: routes.length }, routes.length * kvm_irq_routing_entry.size);
    routes.forEach((route, i) => {
      encodeRoute(table, kvm_irq_routing.size + i * kvm_irq_routing_entry.size, route);
    });
    this.#target.transfer('KVM_SET_GSI_ROUTING', table, CAP.IRQ_ROUTING);
  }

  /**
   * Deliver a message: KVM_SIGNAL_MSI, API §4.71 (KVM_CAP_SIGNAL_MSI).
   * @returns whether a vCPU took it; false when the guest blocks it
   */
  signalMsi({ address, data }: MsiMessage): boolean {
    const request = build(kvm_msi, { ...splitAddress(address), data });
    return this.#target.transfer('KVM_SIGNAL_MSI', request, CAP.SIGNAL_MSI) > 0;
  }

  /**
   * Raise a GSI whenever an eventfd is signalled: KVM_IRQFD, API §4.75 (KVM_CAP_IRQFD).
   * @param resample for a level-triggered GSI: it stays up until the guest's end of interrupt, which signals this
   *   eventfd (KVM_CAP_IRQFD_RESAMPLE)
   */
  attachIrqfd(gsi: number, eventfd: Eventfd, resample?: Eventfd): void {
    requireIndex('KVM_IRQFD', 'GSI', gsi, 2 ** 32);
    const flags = resample === undefined ? 0 : IRQFD.RESAMPLE;
    const request = { fd: eventfd.fd, gsi, flags, resamplefd: resample?.fd ?? 0 };
    const needs = resample === undefined ? CAP.IRQFD : CAP.IRQFD_RESAMPLE;
    this.#target.transfer('KVM_IRQFD', build(kvm_irqfd, request), needs);
  }

  /** Undo {@link attachIrqfd}. */
  detachIrqfd(gsi: number, eventfd: Eventfd): void {
    const request = build(kvm_irqfd, { fd: eventfd.fd, gsi, flags: IRQFD.DEASSIGN });
    this.#target.transfer('KVM_IRQFD', request, CAP.IRQFD);
  }

  #getChip<S extends Struct>(chip: number, layout: S): Values<S> {
    const request = build(kvm_irqchip, { chip_id: chip });
    this.#target.transfer('KVM_GET_IRQCHIP', request, CAP.IRQCHIP);
    return decode(layout, request, CHIP_AT);
  }

  #setChip<S extends Struct>(chip: number, layout: S, state: Changes<S>): void {
    const request = build(kvm_irqchip, { chip_id: chip });
    encode(layout, request, state, CHIP_AT);
    this.#target.transfer('KVM_SET_IRQCHIP', request, CAP.IRQCHIP);
  }
}

function splitAddress(address: number | bigint): { address_lo: number; address_hi: number } {
  const whole = BigInt(address);
  return { address_lo: Number(whole & 0xffff_ffffn), address_hi: Number(whole >> 32n) };
}

function encodeRoute(table: DataView<ArrayBufferLike>, at: number, route: Route): void {
  const to = at + kvm_irq_routing_entry.fields.u.offset;
  if ('msi' in route) {
    encode(kvm_irq_routing_entry, table, { gsi: route.gsi, type: IRQ_ROUTING.MSI }, at);
    encode(kvm_irq_routing_msi, table, { ...splitAddress(route.msi.address), data: route.msi.data }, to);
  } else if ('hypervSint' in route) {
    encode(kvm_irq_routing_entry, table, { gsi: route.gsi, type: IRQ_ROUTING.HV_SINT }, at);
    encode(kvm_irq_routing_hv_sint, table, route.hypervSint, to);
  } else {
    const slave = route.pin >= PIC_PINS;
    const pic = slave ? IRQCHIP.PIC_SLAVE : IRQCHIP.PIC_MASTER;
    const irqchip = route.chip === 'pic' ? pic : IRQCHIP.IOAPIC;
    const pin = route.chip === 'pic' && slave ? route.pin - PIC_PINS : route.pin;
    encode(kvm_irq_routing_entry, table, { gsi: route.gsi, type: IRQ_ROUTING.IRQCHIP }, at);
    encode(kvm_irq_routing_irqchip, table, { irqchip, pin }, to);
  }
}
