// State of one vCPU that comes and goes as bytes of a size that the host tells.

import { VizorError } from '@vizor/core';
import { requireBytes } from './arguments.ts';
import { CAP } from './generated/constants.ts';
import { kvm_nested_state, kvm_xsave } from './generated/structs.ts';
import type { IoctlTarget } from './ioctl.ts';
import { build } from './layout.ts';

/**
 * The processor's extended state (x87, SSE, AVX…) as an XSAVE image in the standard form, laid out as CPUID leaf 0xd
 * says: API §4.42, §4.43 and §4.134 (KVM_CAP_XSAVE, and KVM_CAP_XSAVE2 where it is larger than 4 KiB).
 */
export class VcpuXsave {
  readonly #target: IoctlTarget;
  #image: Uint8Array<ArrayBuffer> | undefined;

  constructor(target: IoctlTarget) {
    this.#target = target;
  }

  /** @param size bytes of the image: the VM's answer to KVM_CAP_XSAVE2 where it is not 0 */
  get(size: number = kvm_xsave.size): Uint8Array<ArrayBuffer> {
    if (size < kvm_xsave.size)
      throw new VizorError('usage', 'KVM_GET_XSAVE', `an image has at least ${kvm_xsave.size} bytes`);
    if (this.#image?.length !== size) this.#image = new Uint8Array(size);
    const large = size > kvm_xsave.size;
    this.#target.transfer(large ? 'KVM_GET_XSAVE2' : 'KVM_GET_XSAVE', this.#image, large ? CAP.XSAVE2 : CAP.XSAVE);
    return this.#image.slice();
  }

  set(image: Uint8Array): void {
    requireBytes('KVM_SET_XSAVE', 'the image', image, kvm_xsave.size);
    this.#target.transfer('KVM_SET_XSAVE', image, CAP.XSAVE);
  }
}

/** The state of a guest that runs a hypervisor itself: API §4.114 and §4.115 (KVM_CAP_NESTED_STATE). */
export class VcpuNestedState {
  readonly #target: IoctlTarget;

  constructor(target: IoctlTarget) {
    this.#target = target;
  }

  /** @param size at least the host's answer to KVM_CAP_NESTED_STATE. Returns the used part of it */
  get(size: number): Uint8Array<ArrayBuffer> {
    const state = build(kvm_nested_state, { size }, Math.max(0, size - kvm_nested_state.size));
    this.#target.transfer('KVM_GET_NESTED_STATE', state, CAP.NESTED_STATE);
    return new Uint8Array(state.buffer as ArrayBuffer, 0, kvm_nested_state.fields.size.read(state));
  }

  set(state: Uint8Array): void {
    requireBytes('KVM_SET_NESTED_STATE', 'the state', state, kvm_nested_state.size);
    this.#target.transfer('KVM_SET_NESTED_STATE', state, CAP.NESTED_STATE);
  }
}
