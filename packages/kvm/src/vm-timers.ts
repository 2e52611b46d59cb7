import { CAP, CLOCK, PIT_CONFIG } from './generated/constants.ts';
import { kvm_clock_data, kvm_pit_config, kvm_pit_state2, kvm_reinject_control } from './generated/structs.ts';
import { type IoctlTarget, refusal } from './ioctl.ts';
import { build, decode, type Values } from './layout.ts';
import { ERRNO, errno } from './native/libc.ts';
import { StateBlock } from './state-block.ts';

/** Guest time as kvmclock tells it. */
export interface ClockReading {
  /** Nanoseconds since the VM started counting. */
  readonly clock: bigint;
  /** All vCPUs see the same clock, without corrections between them. */
  readonly stable: boolean;
  /** Host's wall clock in nanoseconds since 1970, and its TSC, at the same moment, where the host tells them. */
  readonly realtime: bigint | undefined;
  readonly hostTsc: bigint | undefined;
}

/** Timers of a VM: the PIT in the kernel, kvmclock and the TSC's frequency. */
export class VmTimers {
  /** State of the PIT: KVM_GET_PIT2 and KVM_SET_PIT2, API §4.72 and §4.73 (KVM_CAP_PIT_STATE2). */
  readonly pit: StateBlock<typeof kvm_pit_state2>;
  readonly #target: IoctlTarget;

  constructor(target: IoctlTarget) {
    this.#target = target;
    this.pit = new StateBlock(target, kvm_pit_state2, {
      get: 'KVM_GET_PIT2',
      set: 'KVM_SET_PIT2',
      needs: CAP.PIT_STATE2,
    });
  }

  /**
   * Put an 8254 into the kernel, after its interrupt controllers: KVM_CREATE_PIT2, API §4.71 (KVM_CAP_PIT2).
   * @param speaker answer port 0x61 as well
   */
  createPit(options: { readonly speaker?: boolean } = {}): void {
    const flags = options.speaker ? PIT_CONFIG.DUMMY : 0;
    this.#target.transfer('KVM_CREATE_PIT2', build(kvm_pit_config, { flags }), CAP.PIT2);
  }

  /** Whether ticks that the guest was late for are made up for: KVM_REINJECT_CONTROL (KVM_CAP_REINJECT_CONTROL). */
  setPitReinjection(on: boolean): void {
    const request = build(kvm_reinject_control, { pit_reinject: on ? 1 : 0 });
    this.#target.transfer('KVM_REINJECT_CONTROL', request, CAP.REINJECT_CONTROL);
  }

  /** KVM_GET_CLOCK, API §4.29 (KVM_CAP_ADJUST_CLOCK). */
  getClock(): ClockReading {
    const data = build(kvm_clock_data, {});
    this.#target.transfer('KVM_GET_CLOCK', data, CAP.ADJUST_CLOCK);
    const { clock, flags, realtime, host_tsc }: Values<typeof kvm_clock_data> = decode(kvm_clock_data, data);
    return {
      clock,
      stable: (flags & CLOCK.TSC_STABLE) !== 0,
      realtime: flags & CLOCK.REALTIME ? realtime : undefined,
      hostTsc: flags & CLOCK.HOST_TSC ? host_tsc : undefined,
    };
  }

  /**
   * Set guest time in nanoseconds: KVM_SET_CLOCK, API §4.30 (KVM_CAP_ADJUST_CLOCK).
   * @param realtime when `clock` was read, in nanoseconds since 1970: the time since then is added
   */
  setClock(clock: bigint, realtime?: bigint): void {
    const flags = realtime === undefined ? 0 : CLOCK.REALTIME;
    const data = build(kvm_clock_data, { clock, flags, realtime: realtime ?? 0n });
    this.#target.transfer('KVM_SET_CLOCK', data, CAP.ADJUST_CLOCK);
  }

  /** TSC frequency in kHz that vCPUs start with: KVM_GET_TSC_KHZ, API §4.56 (KVM_CAP_VM_TSC_CONTROL). */
  get tscKhz(): number {
    return this.#target.call('KVM_GET_TSC_KHZ', 0, CAP.VM_TSC_CONTROL);
  }

  /** KVM_SET_TSC_KHZ, API §4.55 (KVM_CAP_VM_TSC_CONTROL), before the first vCPU. */
  set tscKhz(frequency: number) {
    this.#target.call('KVM_SET_TSC_KHZ', frequency, CAP.VM_TSC_CONTROL);
  }

  /** Whether there is a PIT in the kernel. */
  get hasPit(): boolean {
    const state = new Uint8Array(kvm_pit_state2.size);
    if (this.#target.attemptTransfer('KVM_GET_PIT2', state) === 0) return true;
    const number = errno();
    if (number === ERRNO.ENXIO) return false;
    throw refusal('KVM_GET_PIT2', this.#target.descriptor.what, number, CAP.PIT_STATE2);
  }
}
