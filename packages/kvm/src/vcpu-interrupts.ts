import { requireIndex } from './arguments.ts';
import { CAP, LIMITS } from './generated/constants.ts';
import { kvm_interrupt, kvm_tpr_access_ctl, kvm_vapic_addr, kvm_x86_mce } from './generated/structs.ts';
import type { IoctlTarget } from './ioctl.ts';
import { build, type Changes } from './layout.ts';

/** Interrupts and exceptions of one vCPU, given by hand. */
export class VcpuInterrupts {
  readonly #target: IoctlTarget;

  constructor(target: IoctlTarget) {
    this.#target = target;
  }

  /** An external interrupt, where no PIC is in the kernel: KVM_INTERRUPT, API §4.16. */
  inject(vector: number): void {
    requireIndex('KVM_INTERRUPT', 'vector', vector, LIMITS.NR_INTERRUPTS);
    this.#target.transfer('KVM_INTERRUPT', build(kvm_interrupt, { irq: vector }));
  }

  /** A non-maskable interrupt: KVM_NMI, API §4.64 (KVM_CAP_USER_NMI). */
  nmi(): void {
    this.#target.call('KVM_NMI', 0, CAP.USER_NMI);
  }

  /** A system management interrupt: KVM_SMI, API §4.96 (KVM_CAP_X86_SMM). */
  smi(): void {
    this.#target.call('KVM_SMI', 0, CAP.X86_SMM);
  }

  /**
   * Set the machine check banks up: KVM_X86_SETUP_MCE, API §4.105 (KVM_CAP_MCE).
   * @param capabilities as IA32_MCG_CAP has them: bits of {@link Kvm.mceCapabilities}, and in bits 0 to 7 the count of
   *   banks, at most the host's answer to KVM_CAP_MCE
   */
  setupMachineCheck(capabilities: bigint): void {
    this.#target.transfer('KVM_X86_SETUP_MCE', new BigUint64Array([capabilities]), CAP.MCE);
  }

  /** A machine check, or where the banks say so a record of one: KVM_X86_SET_MCE, API §4.106 (KVM_CAP_MCE). */
  machineCheck(event: Changes<typeof kvm_x86_mce>): void {
    this.#target.transfer('KVM_X86_SET_MCE', build(kvm_x86_mce, event), CAP.MCE);
  }

  /** Exit at accesses to the task priority register (KVM_EXIT_TPR_ACCESS): KVM_TPR_ACCESS_REPORTING (KVM_CAP_VAPIC). */
  reportTprAccesses(on: boolean): void {
    this.#target.transfer('KVM_TPR_ACCESS_REPORTING', build(kvm_tpr_access_ctl, { enabled: on ? 1 : 0 }), CAP.VAPIC);
  }

  /** Where in guest memory KVM keeps the patched guest's task priority: KVM_SET_VAPIC_ADDR (KVM_CAP_VAPIC). */
  setVapicAddress(guestAddress: number): void {
    this.#target.transfer('KVM_SET_VAPIC_ADDR', build(kvm_vapic_addr, { vapic_addr: guestAddress }), CAP.VAPIC);
  }
}
