// The device attribute interface, spoken by devices, VMs, vCPUs and /dev/kvm alike.

import { CAP } from './generated/constants.ts';
import { kvm_device_attr } from './generated/structs.ts';
import type { Capability, IoctlTarget } from './ioctl.ts';
import { build } from './layout.ts';
import { addressOf } from './native/mapping.ts';

/** Attributes by group and number, each a piece of data whose size the attribute defines. */
export class DeviceAttributes {
  readonly #target: IoctlTarget;
  readonly #needs: Capability;

  constructor(target: IoctlTarget, needs: Capability = CAP.DEVICE_CTRL) {
    this.#target = target;
    this.#needs = needs;
  }

  /** Whether there is such an attribute: KVM_HAS_DEVICE_ATTR, API §4.81. */
  has(group: number, attribute: number): boolean {
    return this.#target.attemptTransfer('KVM_HAS_DEVICE_ATTR', this.#request(group, attribute, 0)) === 0;
  }

  /** Read `size` bytes: KVM_GET_DEVICE_ATTR, API §4.80. */
  get(group: number, attribute: number, size: number): Uint8Array<ArrayBuffer> {
    const data = new Uint8Array(size);
    this.#target.transfer('KVM_GET_DEVICE_ATTR', this.#request(group, attribute, addressOf(data)), this.#needs);
    return data;
  }

  /** Write: KVM_SET_DEVICE_ATTR, API §4.80. */
  set(group: number, attribute: number, data: ArrayBufferView): void {
    this.#target.transfer('KVM_SET_DEVICE_ATTR', this.#request(group, attribute, addressOf(data)), this.#needs);
  }

  #request(group: number, attr: number, addr: number) {
    return build(kvm_device_attr, { group, attr, addr });
  }
}
