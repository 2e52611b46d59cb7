import { VizorError } from '@vizor/core';
import { type CpuidEntry, readCpuid, readNumberList } from './cpuid.ts';
import { DeviceAttributes } from './device-attributes.ts';
import { CAP, LIMITS, XCOMP } from './generated/constants.ts';
import { type Capability, IoctlTarget } from './ioctl.ts';
import { Msrs } from './msrs.ts';
import { Descriptor } from './native/descriptor.ts';
import { Vm } from './vm.ts';

/** What to do when /dev/kvm does not open. */
export function openHint(errno: string): string | undefined {
  if (errno === 'EACCES' || errno === 'EPERM') return 'join the group that owns it: sudo usermod -aG kvm $USER';
  if (errno === 'ENOENT') return 'load kvm_intel or kvm_amd; in a container or VM, pass it in';
  if (errno === 'ENODEV' || errno === 'ENXIO') return 'the module is not loaded: modprobe kvm_intel or kvm_amd';
  if (errno === 'EBUSY') return 'another hypervisor holds the processor’s virtualization: end it';
  return undefined;
}

/**
 * The KVM subsystem: `/dev/kvm`. Section numbers are those of the kernel's Documentation/virt/kvm/api.rst, which this
 * package calls "API".
 */
export class Kvm {
  /** Feature MSRs of the host: KVM_GET_MSRS on /dev/kvm, API §4.18 (KVM_CAP_GET_MSR_FEATURES). */
  readonly featureMsrs: Msrs;
  readonly #target: IoctlTarget;
  readonly #attributes: DeviceAttributes;

  /** @param descriptor of `/dev/kvm` */
  private constructor(descriptor: Descriptor) {
    this.#target = new IoctlTarget(descriptor);
    this.featureMsrs = new Msrs(this.#target, CAP.GET_MSR_FEATURES);
    this.#attributes = new DeviceAttributes(this.#target, CAP.SYS_ATTRIBUTES);
  }

  /**
   * Open KVM and check its version.
   * @throws VizorError `host` when the node does not open, `unsupported` when it is not KVM or not version 12
   */
  static open(path = '/dev/kvm'): Kvm {
    const kvm = new Kvm(Descriptor.open(path, path, openHint));
    try {
      if (kvm.apiVersion !== LIMITS.API_VERSION) {
        throw new VizorError('unsupported', path, `speaks version ${kvm.apiVersion} of the KVM API, not 12`);
      }
    } catch (error) {
      kvm[Symbol.dispose]();
      throw error;
    }
    return kvm;
  }

  get fd(): number {
    return this.#target.descriptor.fd;
  }

  /** KVM_GET_API_VERSION, API §4.1: 12. */
  get apiVersion(): number {
    return this.#target.call('KVM_GET_API_VERSION');
  }

  /** What the host says of a capability, 0 for "no": KVM_CHECK_EXTENSION, API §4.4. */
  check(capability: Capability): number {
    return this.#target.call('KVM_CHECK_EXTENSION', capability);
  }

  /** Bytes of a vCPU's `kvm_run` mapping: KVM_GET_VCPU_MMAP_SIZE, API §4.5. */
  get vcpuMapSize(): number {
    return this.#target.call('KVM_GET_VCPU_MMAP_SIZE');
  }

  /**
   * A new machine: KVM_CREATE_VM, API §4.2.
   * @param type bit number in KVM_CAP_VM_TYPES; 0 for an ordinary one
   */
  createVm(type = 0): Vm {
    return new Vm(this.#target.open('KVM_CREATE_VM', 'VM', type), {
      vcpuMapSize: this.vcpuMapSize,
      // Before KVM_CAP_MAX_VCPU_ID and KVM_CAP_MAX_VCPUS were there, the recommended number was the limit.
      vcpuIds: this.check(CAP.MAX_VCPU_ID) || this.check(CAP.MAX_VCPUS) || this.check(CAP.NR_VCPUS) || 4,
      slots: this.check(CAP.NR_MEMSLOTS) || 32,
    });
  }

  /** What a vCPU can be given: KVM_GET_SUPPORTED_CPUID, API §4.46 (KVM_CAP_EXT_CPUID). */
  supportedCpuid(): CpuidEntry[] {
    return readCpuid(this.#target, 'KVM_GET_SUPPORTED_CPUID', CAP.EXT_CPUID);
  }

  /** Features that KVM emulates slowly: KVM_GET_EMULATED_CPUID, API §4.88 (KVM_CAP_EXT_EMUL_CPUID). */
  emulatedCpuid(): CpuidEntry[] {
    return readCpuid(this.#target, 'KVM_GET_EMULATED_CPUID', CAP.EXT_EMUL_CPUID);
  }

  /** What a Hyper-V guest may be shown: KVM_GET_SUPPORTED_HV_CPUID, API §4.118 (KVM_CAP_SYS_HYPERV_CPUID). */
  hypervCpuid(): CpuidEntry[] {
    return readCpuid(this.#target, 'KVM_GET_SUPPORTED_HV_CPUID', CAP.SYS_HYPERV_CPUID);
  }

  /** MSRs that make up a vCPU's state: KVM_GET_MSR_INDEX_LIST, API §4.3. */
  msrIndices(): number[] {
    return readNumberList(this.#target, 'KVM_GET_MSR_INDEX_LIST');
  }

  /** MSRs that {@link featureMsrs} reads: KVM_GET_MSR_FEATURE_INDEX_LIST, API §4.3 (KVM_CAP_GET_MSR_FEATURES). */
  featureMsrIndices(): number[] {
    return readNumberList(this.#target, 'KVM_GET_MSR_FEATURE_INDEX_LIST', CAP.GET_MSR_FEATURES);
  }

  /** MCE capabilities, as in IA32_MCG_CAP: KVM_X86_GET_MCE_CAP_SUPPORTED, API §4.104 (KVM_CAP_MCE). */
  get mceCapabilities(): bigint {
    const capabilities = new BigUint64Array(1);
    this.#target.transfer('KVM_X86_GET_MCE_CAP_SUPPORTED', capabilities, CAP.MCE);
    return capabilities[0];
  }

  /**
   * XSAVE features that a guest may be given once the process has asked for them (arch_prctl), as bits of XCR0:
   * KVM_GET_DEVICE_ATTR on /dev/kvm, API §4.80 (KVM_CAP_SYS_ATTRIBUTES).
   */
  get guestXsaveFeatures(): bigint {
    const mask = this.#attributes.get(0, XCOMP.GUEST_SUPP, 8);
    return new DataView(mask.buffer).getBigUint64(0, true);
  }

  [Symbol.dispose](): void {
    this.#target.descriptor.close();
  }
}
