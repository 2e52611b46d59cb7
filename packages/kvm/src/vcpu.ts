import { VizorError } from '@vizor/core';
import { PAGE } from './arguments.ts';
import { VcpuCpuid } from './cpuid.ts';
import { DeviceAttributes } from './device-attributes.ts';
import { CAP, DIRTY_LOG, EXIT, LIMITS } from './generated/constants.ts';
import { REQUESTS } from './generated/requests.ts';
import {
  kvm_debugregs,
  kvm_dirty_gfn,
  kvm_fpu,
  kvm_lapic_state,
  kvm_mp_state,
  kvm_pre_fault_memory,
  kvm_regs,
  kvm_run,
  kvm_signal_mask,
  kvm_sregs,
  kvm_sregs2,
  kvm_translation,
  kvm_vcpu_events,
  kvm_xcrs,
} from './generated/structs.ts';
import { type Capability, IoctlTarget, refusal } from './ioctl.ts';
import { KICK_SIGNAL } from './kick.ts';
import { build, decode, type Values } from './layout.ts';
import { VcpuMsrs } from './msrs.ts';
import { Descriptor } from './native/descriptor.ts';
import { ERRNO, errno, ioctlNumber } from './native/libc.ts';
import { Mapping } from './native/mapping.ts';
import { BlockedSignal } from './native/signals.ts';
import { type CoalescedWrite, DirtyRing, takeCoalesced } from './rings.ts';
import { RunPage } from './run-page.ts';
import { StateBlock } from './state-block.ts';
import { Stats } from './stats.ts';
import { VcpuDebug } from './vcpu-debug.ts';
import { VcpuInterrupts } from './vcpu-interrupts.ts';
import { Ownership, type VcpuHandle } from './vcpu-ownership.ts';
import { VcpuNestedState, VcpuXsave } from './vcpu-state.ts';
import { enableCapability } from './vm-features.ts';

/**
 * One virtual processor. It belongs to the thread that made or adopted it, and refuses all others: the kernel makes
 * them wait until KVM_RUN is over.
 */
export class Vcpu {
  readonly id: number;
  /** General registers: KVM_GET_REGS, KVM_SET_REGS, API §4.11, §4.12. */
  readonly regs: StateBlock<typeof kvm_regs>;
  /** Segments, control registers, pending interrupt: KVM_GET_SREGS, KVM_SET_SREGS, API §4.13, §4.14. */
  readonly sregs: StateBlock<typeof kvm_sregs>;
  /** The same with PDPTRs: KVM_GET_SREGS2, KVM_SET_SREGS2, API §4.131, §4.132 (KVM_CAP_SREGS2). */
  readonly sregs2: StateBlock<typeof kvm_sregs2>;
  /**
   * x87 and SSE: KVM_GET_FPU, KVM_SET_FPU, API §4.22, §4.23. On hosts with XSAVE, registers that {@link xsave} calls
   * initial (XSTATE_BV) lose what is written here when the vCPU runs, and the kernel never copies MXCSR: use the XSAVE
   * image instead where that matters.
   */
  readonly fpu: StateBlock<typeof kvm_fpu>;
  /** x87, SSE, AVX and the rest. */
  readonly xsave: VcpuXsave;
  /** XCR0: KVM_GET_XCRS, KVM_SET_XCRS, API §4.44, §4.45 (KVM_CAP_XCRS). */
  readonly xcrs: StateBlock<typeof kvm_xcrs>;
  /** DR0 to DR7: KVM_GET_DEBUGREGS, KVM_SET_DEBUGREGS, API §4.33, §4.34 (KVM_CAP_DEBUGREGS). */
  readonly debugRegs: StateBlock<typeof kvm_debugregs>;
  /** Pending exceptions, interrupts, NMI, SMI: KVM_GET_VCPU_EVENTS, API §4.31, §4.32 (KVM_CAP_VCPU_EVENTS). */
  readonly events: StateBlock<typeof kvm_vcpu_events>;
  /** A value of MP_STATE: KVM_GET_MP_STATE, KVM_SET_MP_STATE, API §4.38, §4.39 (KVM_CAP_MP_STATE). */
  readonly mpState: StateBlock<typeof kvm_mp_state>;
  /** The local APIC's registers: KVM_GET_LAPIC, KVM_SET_LAPIC, API §4.57, §4.58 (KVM_CAP_IRQCHIP). */
  readonly lapic: StateBlock<typeof kvm_lapic_state>;
  readonly nestedState: VcpuNestedState;
  readonly cpuid: VcpuCpuid;
  readonly msrs: VcpuMsrs;
  readonly interrupts: VcpuInterrupts;
  readonly debug: VcpuDebug;
  /** Attributes of the vCPU itself, VCPU_TSC among them: API §4.80 (KVM_CAP_VCPU_ATTRIBUTES). */
  readonly attributes: DeviceAttributes;
  /** What the last run left. */
  readonly page: RunPage;
  readonly #descriptor: Descriptor;
  readonly #ownership: Ownership;
  readonly #target: IoctlTarget;
  readonly #mapping: Mapping;
  readonly #handle: VcpuHandle;
  #dirtyRing: DirtyRing | undefined;
  #kickSignal: BlockedSignal | undefined;
  #handedOver = false;

  private constructor(descriptor: Descriptor, handle: VcpuHandle, ownership: Ownership, mapping: Mapping) {
    this.id = handle.id;
    this.#descriptor = descriptor;
    this.#handle = handle;
    this.#ownership = ownership;
    this.#mapping = mapping;
    const target = new IoctlTarget(descriptor, () => this.#require());
    this.#target = target;
    this.regs = new StateBlock(target, kvm_regs, { get: 'KVM_GET_REGS', set: 'KVM_SET_REGS' });
    this.sregs = new StateBlock(target, kvm_sregs, { get: 'KVM_GET_SREGS', set: 'KVM_SET_SREGS' });
    this.sregs2 = stateBlock(target, kvm_sregs2, 'KVM_GET_SREGS2', 'KVM_SET_SREGS2', CAP.SREGS2);
    this.fpu = new StateBlock(target, kvm_fpu, { get: 'KVM_GET_FPU', set: 'KVM_SET_FPU' });
    this.xsave = new VcpuXsave(target);
    this.xcrs = stateBlock(target, kvm_xcrs, 'KVM_GET_XCRS', 'KVM_SET_XCRS', CAP.XCRS);
    this.debugRegs = stateBlock(target, kvm_debugregs, 'KVM_GET_DEBUGREGS', 'KVM_SET_DEBUGREGS', CAP.DEBUGREGS);
    this.events = stateBlock(target, kvm_vcpu_events, 'KVM_GET_VCPU_EVENTS', 'KVM_SET_VCPU_EVENTS', CAP.VCPU_EVENTS);
    this.mpState = stateBlock(target, kvm_mp_state, 'KVM_GET_MP_STATE', 'KVM_SET_MP_STATE', CAP.MP_STATE);
    this.lapic = stateBlock(target, kvm_lapic_state, 'KVM_GET_LAPIC', 'KVM_SET_LAPIC', CAP.IRQCHIP);
    this.nestedState = new VcpuNestedState(target);
    this.cpuid = new VcpuCpuid(target);
    this.msrs = new VcpuMsrs(target);
    this.interrupts = new VcpuInterrupts(target);
    this.debug = new VcpuDebug(target);
    this.attributes = new DeviceAttributes(target, CAP.VCPU_ATTRIBUTES);
    this.page = new RunPage(() => this.#view());
  }

  /** What {@link Vm.createVcpu} does with the new descriptor. */
  static create(descriptor: Descriptor, id: number, mapSize: number, over?: Uint8Array<ArrayBufferLike>): Vcpu {
    const ownership = new Ownership();
    const handle = { id, fd: descriptor.fd, mapSize, words: ownership.shared };
    try {
      return Vcpu.#claim(descriptor, handle, ownership, over);
    } catch (error) {
      descriptor.close();
      throw error;
    }
  }

  /**
   * Make a vCPU that was handed over the calling thread's.
   * @param over as for {@link Vm.createVcpu}
   * @throws VizorError `usage` when another thread has it, or it is closed
   */
  static adopt(handle: VcpuHandle, over?: Uint8Array<ArrayBufferLike>): Vcpu {
    const descriptor = new Descriptor(handle.fd, `vCPU ${handle.id}`);
    return Vcpu.#claim(descriptor, handle, new Ownership(handle.words), over);
  }

  static #claim(
    descriptor: Descriptor,
    handle: VcpuHandle,
    ownership: Ownership,
    over: Uint8Array<ArrayBufferLike> | undefined,
  ): Vcpu {
    if (!ownership.claim()) {
      throw new VizorError('usage', `vCPU ${handle.id}`, 'cannot be adopted: it has an owner, or is closed', {
        hint: 'hand it over first, and adopt it once',
      });
    }
    try {
      return new Vcpu(descriptor, handle, ownership, new Mapping(handle.fd, handle.mapSize, 0, over));
    } catch (error) {
      ownership.giveUp();
      throw error;
    }
  }

  /** What another thread needs to make a {@link Kicker}, or, after {@link handOver}, to adopt the vCPU. */
  get handle(): VcpuHandle {
    this.#require();
    return this.#handle;
  }

  /** Give the vCPU up, for another thread to adopt. This object refuses everything from now on. */
  handOver(): VcpuHandle {
    const { handle } = this;
    this.#unmap();
    this.#descriptor.release();
    this.#handedOver = true;
    this.#ownership.giveUp();
    return handle;
  }

  /** It was handed over, and whoever adopted it has not closed it. */
  get ownedElsewhere(): boolean {
    return this.#handedOver && this.#ownership.owned;
  }

  /**
   * Run the guest: KVM_RUN, API §4.10.
   *
   * @returns why it came back, a value of EXIT; EXIT.INTR for a kick or another signal. {@link page} tells the rest.
   *   An access to a port, to MMIO or to an MSR is complete only after the next run has begun.
   */
  run(): number {
    const reason = this.#enter();
    if (reason !== EXIT.INTR) return reason;
    // A kick may be `immediate_exit` alone, its signal still on the way: it then ends the next run.
    this.page.immediateExit = false;
    this.#kickSignal?.drain();
    return EXIT.INTR;
  }

  /**
   * Complete the access of the last exit without running on, so that the registers are true: API §5, immediate_exit
   * (KVM_CAP_IMMEDIATE_EXIT). A kick meanwhile ends the next run.
   *
   * @returns EXIT.INTR once it is complete; another value of EXIT when the instruction has more accesses to make
   */
  completeAccess(): number {
    this.page.immediateExit = true;
    const reason = this.#enter();
    this.page.immediateExit = false;
    return reason;
  }

  /**
   * Let a {@link Kicker} in: this thread blocks {@link KICK_SIGNAL} from now on, and KVM_RUN alone lets it through
   * (KVM_SET_SIGNAL_MASK, API §4.21).
   */
  acceptKicks(): void {
    this.#require();
    const signal = new BlockedSignal(KICK_SIGNAL);
    this.setSignalMask(signal.maskWithout);
    this.#kickSignal = signal;
    this.#ownership.acceptKicks();
  }

  /**
   * Signals that are blocked while the guest runs, a bit each; undefined for the thread's own: KVM_SET_SIGNAL_MASK, API
   * §4.21.
   */
  setSignalMask(mask: Uint8Array | undefined): void {
    if (mask === undefined) {
      this.#target.call('KVM_SET_SIGNAL_MASK', 0);
      return;
    }
    const request = build(kvm_signal_mask, { len: mask.length }, mask.length);
    new Uint8Array(request.buffer, kvm_signal_mask.size).set(mask);
    this.#target.transfer('KVM_SET_SIGNAL_MASK', request);
  }

  /** Walk the guest's page tables: KVM_TRANSLATE, API §4.15. */
  translate(linearAddress: number | bigint): Values<typeof kvm_translation> {
    const request = build(kvm_translation, { linear_address: linearAddress });
    this.#target.transfer('KVM_TRANSLATE', request);
    return decode(kvm_translation, request);
  }

  /** Tell the guest's watchdogs that it was paused: KVM_KVMCLOCK_CTRL, API §4.70 (KVM_CAP_KVMCLOCK_CTRL). */
  notifyPaused(): void {
    this.#target.call('KVM_KVMCLOCK_CTRL', 0, CAP.KVMCLOCK_CTRL);
  }

  /** TSC frequency in kHz: KVM_GET_TSC_KHZ, API §4.56 (KVM_CAP_GET_TSC_KHZ). */
  get tscKhz(): number {
    return this.#target.call('KVM_GET_TSC_KHZ', 0, CAP.GET_TSC_KHZ);
  }

  /** KVM_SET_TSC_KHZ, API §4.55 (KVM_CAP_TSC_CONTROL). */
  set tscKhz(frequency: number) {
    this.#target.call('KVM_SET_TSC_KHZ', frequency, CAP.TSC_CONTROL);
  }

  /** Populate guest memory before the guest touches it: KVM_PRE_FAULT_MEMORY, API §4.143 (KVM_CAP_PRE_FAULT_MEMORY). */
  preFault(guestAddress: number, size: number): void {
    const request = build(kvm_pre_fault_memory, { gpa: guestAddress, size });
    this.#target.transfer('KVM_PRE_FAULT_MEMORY', request, CAP.PRE_FAULT_MEMORY);
  }

  /** A capability of vCPUs (API §6): KVM_ENABLE_CAP, API §4.37 (KVM_CAP_ENABLE_CAP). */
  enable(capability: Capability, args: readonly (number | bigint)[] = []): void {
    enableCapability(this.#target, capability, args);
  }

  /** Statistics: KVM_GET_STATS_FD, API §4.133 (KVM_CAP_BINARY_STATS_FD). The caller disposes them. */
  openStats(): Stats {
    const what = `statistics of vCPU ${this.id}`;
    return new Stats(this.#target.open('KVM_GET_STATS_FD', what, 0, CAP.BINARY_STATS_FD));
  }

  /** Take the writes that {@link VmIo.coalesce} kept from exiting. All vCPUs see the one ring of the VM. */
  coalesced(): CoalescedWrite[] {
    return takeCoalesced(this.#view(), LIMITS.COALESCED_MMIO_PAGE_OFFSET * PAGE);
  }

  /**
   * Map the ring of pages that this vCPU wrote. It goes with the vCPU.
   * @param entries as told {@link VmDirty.enableRings}
   * @param over page-aligned memory of 16 bytes an entry that becomes the ring
   */
  mapDirtyRing(entries: number, over?: Uint8Array<ArrayBufferLike>): DirtyRing {
    this.#require();
    const length = entries * kvm_dirty_gfn.size;
    if (this.#dirtyRing === undefined) {
      const mapping = new Mapping(this.#descriptor.fd, length, DIRTY_LOG.PAGE_OFFSET * PAGE, over);
      this.#dirtyRing = new DirtyRing(mapping, this.#ownership);
    }
    return this.#dirtyRing;
  }

  /** @throws VizorError `usage`, and nothing is closed, when it belongs to another thread */
  [Symbol.dispose](): void {
    if (this.#handedOver) {
      // Handed over and never adopted: nobody else closes it.
      if (this.#ownership.claim()) {
        this.#ownership.close();
        new Descriptor(this.#handle.fd, `vCPU ${this.id}`).close();
      }
      return;
    }
    if (this.#descriptor.closed) return;
    this.#require();
    this.#unmap();
    this.#ownership.close();
    this.#descriptor.close();
  }

  #require(): void {
    this.#ownership.require(`vCPU ${this.id}`);
  }

  get #exitReason(): number {
    return kvm_run.fields.exit_reason.read(this.#mapping.view);
  }

  #view(): DataView<ArrayBufferLike> {
    this.#require();
    return this.#mapping.view;
  }

  /** KVM_RUN, once it says something. A vCPU that waited for its start-up message says EAGAIN, and begins again. */
  #enter(): number {
    this.#require();
    for (;;) {
      if (ioctlNumber(this.#descriptor.fd, REQUESTS.KVM_RUN, 0) === 0) return this.#exitReason;
      const number = errno();
      if (number === ERRNO.EINTR) return EXIT.INTR;
      if (number === ERRNO.EFAULT && this.#exitReason === EXIT.MEMORY_FAULT) return EXIT.MEMORY_FAULT;
      if (number !== ERRNO.EAGAIN) throw refusal('KVM_RUN', this.#descriptor.what, number);
    }
  }

  #unmap(): void {
    this.#dirtyRing?.[Symbol.dispose]();
    this.#mapping[Symbol.dispose]();
  }
}

function stateBlock<S extends ConstructorParameters<typeof StateBlock>[1]>(
  target: IoctlTarget,
  layout: S,
  get: ConstructorParameters<typeof StateBlock>[2]['get'],
  set: ConstructorParameters<typeof StateBlock>[2]['set'],
  needs: Capability,
): StateBlock<S> {
  return new StateBlock(target, layout, { get, set, needs });
}
