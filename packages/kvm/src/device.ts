import { VizorError } from '@vizor/core';
import { DeviceAttributes } from './device-attributes.ts';
import { VFIO } from './generated/constants.ts';
import { IoctlTarget } from './ioctl.ts';
import type { Descriptor } from './native/descriptor.ts';

/** A device in the kernel, made by {@link Vm.createDevice}: KVM_CREATE_DEVICE, API §4.79 (KVM_CAP_DEVICE_CTRL). */
export class Device {
  /** What it can be told and asked. */
  readonly attributes: DeviceAttributes;
  readonly #descriptor: Descriptor;

  constructor(descriptor: Descriptor) {
    this.#descriptor = descriptor;
    this.attributes = new DeviceAttributes(new IoctlTarget(descriptor));
  }

  get fd(): number {
    return this.#descriptor.fd;
  }

  [Symbol.dispose](): void {
    this.#descriptor.close();
  }
}

/**
 * The VFIO device: tells KVM which VFIO groups and devices a VM uses, so that it can keep their memory coherent
 * (Documentation/virt/kvm/devices/vfio.rst).
 */
export class VfioDevice extends Device {
  /** @param fd descriptor of a VFIO group, or of a VFIO device where the host knows KVM_DEV_VFIO_FILE */
  add(fd: number): void {
    this.#change(VFIO.FILE_ADD, fd);
  }

  remove(fd: number): void {
    this.#change(VFIO.FILE_DEL, fd);
  }

  #change(attribute: number, fd: number): void {
    if (!Number.isInteger(fd) || fd < 0) throw new VizorError('usage', 'VFIO', `${fd} is not a file descriptor`);
    this.attributes.set(VFIO.FILE, attribute, new Int32Array([fd]));
  }
}
