import { VizorError } from '@vizor/core';
import { requireIndex } from './arguments.ts';
import { Device, VfioDevice } from './device.ts';
import { DeviceAttributes } from './device-attributes.ts';
import { CAP, DEVICE_FLAG, DEVICE_TYPE } from './generated/constants.ts';
import { kvm_create_device } from './generated/structs.ts';
import { type Capability, IoctlTarget } from './ioctl.ts';
import { build } from './layout.ts';
import { Descriptor } from './native/descriptor.ts';
import { Stats } from './stats.ts';
import { Vcpu } from './vcpu.ts';
import { VmDirty } from './vm-dirty.ts';
import { VmFeatures } from './vm-features.ts';
import { VmInterrupts } from './vm-interrupts.ts';
import { VmIo } from './vm-io.ts';
import { VmMemory } from './vm-memory.ts';
import { VmTimers } from './vm-timers.ts';

/** What the host said of its VMs. */
export interface VmLimits {
  /** Bytes of a vCPU's `kvm_run` mapping. */
  readonly vcpuMapSize: number;
  /** vCPU ids are below this. */
  readonly vcpuIds: number;
  /** Memory slots are below this. */
  readonly slots: number;
}

/**
 * One virtual machine, made by {@link Kvm.createVm}. Disposing it disposes its vCPUs and devices first, and lets go of
 * its memory last.
 */
export class Vm {
  /** Memory slots. */
  readonly memory: VmMemory;
  /** Pages that the guest has written. */
  readonly dirty: VmDirty;
  /** Interrupt controllers and the ways to them. */
  readonly interrupts: VmInterrupts;
  /** PIT, kvmclock and TSC. */
  readonly timers: VmTimers;
  /** Doorbells and coalesced writes. */
  readonly io: VmIo;
  /** Capabilities that are switched on, and filters. */
  readonly features: VmFeatures;
  /** Attributes of the VM itself: API §4.80 (KVM_CAP_VM_ATTRIBUTES). */
  readonly attributes: DeviceAttributes;
  readonly limits: VmLimits;
  readonly #target: IoctlTarget;
  readonly #vcpus = new Map<number, Vcpu>();
  readonly #devices = new Set<Device>();

  /** @param descriptor of the VM, which it owns from now on */
  constructor(descriptor: Descriptor, limits: VmLimits) {
    this.limits = limits;
    this.#target = new IoctlTarget(descriptor);
    this.features = new VmFeatures(this.#target);
    this.memory = new VmMemory(this.#target, limits.slots);
    this.dirty = new VmDirty(this.#target, this.memory, this.features);
    this.interrupts = new VmInterrupts(this.#target, this.features);
    this.timers = new VmTimers(this.#target);
    this.io = new VmIo(this.#target);
    this.attributes = new DeviceAttributes(this.#target, CAP.VM_ATTRIBUTES);
  }

  get fd(): number {
    return this.#target.descriptor.fd;
  }

  /** What this VM has of a capability: KVM_CHECK_EXTENSION on a VM, API §4.4 (KVM_CAP_CHECK_EXTENSION_VM). */
  check(capability: Capability): number {
    return this.#target.call('KVM_CHECK_EXTENSION', capability, CAP.CHECK_EXTENSION_VM);
  }

  /**
   * A vCPU, which belongs to the calling thread: KVM_CREATE_VCPU, API §4.7.
   * @param id also its local APIC id
   * @param over page-aligned memory of `limits.vcpuMapSize` bytes that becomes its `kvm_run` (part of a
   *   WebAssembly.Memory); elsewhere when left out
   */
  createVcpu(id: number, over?: Uint8Array<ArrayBufferLike>): Vcpu {
    requireIndex('KVM_CREATE_VCPU', 'vCPU id', id, this.limits.vcpuIds);
    const descriptor = this.#target.open('KVM_CREATE_VCPU', `vCPU ${id}`, id);
    const vcpu = Vcpu.create(descriptor, id, this.limits.vcpuMapSize, over);
    this.#vcpus.set(id, vcpu);
    return vcpu;
  }

  /**
   * A device in the kernel: KVM_CREATE_DEVICE, API §4.79 (KVM_CAP_DEVICE_CTRL).
   * @param type of DEVICE_TYPE
   */
  createDevice(type: number): Device {
    const request = build(kvm_create_device, { type });
    this.#target.transfer('KVM_CREATE_DEVICE', request, CAP.DEVICE_CTRL);
    const descriptor = new Descriptor(kvm_create_device.fields.fd.read(request), `device of type ${type}`);
    const device = type === DEVICE_TYPE.VFIO ? new VfioDevice(descriptor) : new Device(descriptor);
    this.#devices.add(device);
    return device;
  }

  /** The VFIO device, of which a VM has one. */
  createVfioDevice(): VfioDevice {
    return this.createDevice(DEVICE_TYPE.VFIO) as VfioDevice;
  }

  /** Whether the host has a type of device at all: KVM_CREATE_DEVICE with KVM_CREATE_DEVICE_TEST. */
  hasDevice(type: number): boolean {
    const request = build(kvm_create_device, { type, flags: DEVICE_FLAG.TEST });
    return this.#target.attemptTransfer('KVM_CREATE_DEVICE', request) === 0;
  }

  /** Statistics of the VM: KVM_GET_STATS_FD, API §4.133 (KVM_CAP_BINARY_STATS_FD). The caller disposes them. */
  openStats(): Stats {
    const descriptor = this.#target.open('KVM_GET_STATS_FD', 'VM statistics', 0, CAP.BINARY_STATS_FD);
    return new Stats(descriptor);
  }

  /**
   * Close everything, vCPUs first, memory last.
   * @throws VizorError `usage`, and nothing is closed, while a vCPU belongs to another thread
   */
  [Symbol.dispose](): void {
    const vcpus = [...this.#vcpus.values()];
    const elsewhere = vcpus.find((vcpu) => vcpu.ownedElsewhere);
    if (elsewhere !== undefined) {
      throw new VizorError('usage', 'VM', `vCPU ${elsewhere.id} still belongs to another thread`, {
        hint: 'kick it out of KVM_RUN and dispose it there first',
      });
    }
    for (const vcpu of vcpus) vcpu[Symbol.dispose]();
    for (const device of this.#devices) device[Symbol.dispose]();
    this.#vcpus.clear();
    this.#devices.clear();
    this.#target.descriptor.close();
    this.memory.forget();
  }
}
