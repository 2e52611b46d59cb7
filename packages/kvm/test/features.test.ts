import { VizorError } from '@vizor/core';
import {
  BUS_LOCK,
  CAP,
  type Capability,
  capabilityName,
  DEVICE_TYPE,
  DISABLE_EXITS,
  Eventfd,
  Kvm,
  MSR_EXIT,
  NOTIFY_VMEXIT,
  PMU_CAP,
  PMU_EVENT,
  QUIRK,
  type Vcpu,
  type Vm,
  X2APIC_API,
} from '@vizor/kvm';
import { expect, test } from 'vitest';
import { Guest } from './support/guest.ts';
import { describeKvm, hostHas } from './support/host.ts';

describeKvm('the KVM subsystem', () => {
  test('tells its version, sizes and lists', () => {
    using kvm = Kvm.open();
    expect(kvm.apiVersion).toBe(12);
    expect(kvm.vcpuMapSize).toBeGreaterThanOrEqual(3 * 4096);
    expect(kvm.supportedCpuid().some((entry) => entry.function === 0)).toBe(true);
    expect(kvm.emulatedCpuid().length).toBeGreaterThan(0);
    expect(kvm.msrIndices()).toContain(0x10);
    expect(kvm.mceCapabilities).toBeGreaterThan(0n);
    expect(kvm.guestXsaveFeatures & 3n).toBe(3n);
  });

  test('reads the host’s feature MSRs', () => {
    using kvm = Kvm.open();
    const indices = kvm.featureMsrIndices();
    expect(indices.length).toBeGreaterThan(0);
    expect([...kvm.featureMsrs.readAvailable(indices).keys()].length).toBeGreaterThan(0);
  });

  test('names capabilities', () => {
    expect(capabilityName(CAP.IRQFD)).toBe('KVM_CAP_IRQFD');
    expect(capabilityName(99_999)).toBe('capability 99999');
  });

  test('a file that is not KVM is refused', () => {
    expect(() => Kvm.open('/dev/null')).toThrow(/KVM_GET_API_VERSION.*ENOTTY/);
    expect(() => Kvm.open('/dev/no-such-kvm')).toThrow(/ENOENT.*load kvm_intel/);
  });
});

/** Switches of a VM: on this host they work, or they are refused as `unsupported`, naming the capability. */
const SWITCHES: [Capability, (vm: Vm) => void][] = [
  [CAP.X86_DISABLE_EXITS, (vm) => vm.features.disableExits(DISABLE_EXITS.PAUSE)],
  [CAP.DISABLE_QUIRKS2, (vm) => vm.features.disableQuirks(QUIRK.OUT_7E_INC_RIP)],
  [CAP.X2APIC_API, (vm) => vm.features.useX2apicIds(X2APIC_API.USE_32BIT_IDS)],
  [CAP.X86_USER_SPACE_MSR, (vm) => vm.features.exitOnMsrs(MSR_EXIT.UNKNOWN)],
  [CAP.EXIT_HYPERCALL, (vm) => vm.features.exitOnHypercalls(0)],
  [CAP.EXIT_ON_EMULATION_FAILURE, (vm) => vm.features.exitOnEmulationFailure()],
  [CAP.HALT_POLL, (vm) => vm.features.limitHaltPolling(0)],
  [CAP.X86_BUS_LOCK_EXIT, (vm) => vm.features.detectBusLocks(BUS_LOCK.EXIT)],
  [CAP.X86_NOTIFY_VMEXIT, (vm) => vm.features.notifyAfter(1000, NOTIFY_VMEXIT.ENABLED)],
  [CAP.PMU_CAPABILITY, (vm) => vm.features.restrictPmu(PMU_CAP.DISABLE)],
  [CAP.PMU_EVENT_FILTER, (vm) => vm.features.filterPmu({ action: PMU_EVENT.DENY, events: [0xc0n] })],
  [CAP.EXCEPTION_PAYLOAD, (vm) => vm.features.tellExceptionPayloads()],
  [CAP.X86_TRIPLE_FAULT_EVENT, (vm) => vm.features.tellTripleFaults()],
  [CAP.MSR_PLATFORM_INFO, (vm) => vm.features.setPlatformInfo(false)],
  [CAP.MAX_VCPU_ID, (vm) => vm.features.limitVcpuIds(8)],
  [CAP.VM_DISABLE_NX_HUGE_PAGES, (vm) => vm.features.trustHugePages()],
  [CAP.X86_APIC_BUS_CYCLES_NS, (vm) => setApicTick(vm)],
  [CAP.SET_BOOT_CPU_ID, (vm) => vm.features.setBootVcpu(1)],
  [CAP.MEMORY_ATTRIBUTES, (vm) => vm.memory.setAttributes(0, 4096, 0)],
  [CAP.VM_TSC_CONTROL, (vm) => vm.timers.tscKhz],
  [CAP.VM_TSC_CONTROL, (vm) => Object.assign(vm.timers, { tscKhz: 1_000_000 })],
  [CAP.HYPERV_EVENTFD, (vm) => attachConnection(vm)],
];

function setApicTick(vm: Vm): void {
  vm.interrupts.createChips();
  vm.features.setApicTick(2);
}

function attachConnection(vm: Vm): void {
  using eventfd = new Eventfd();
  vm.io.attachHypervConnection(1, eventfd);
  vm.io.detachHypervConnection(1);
}

/** The same of a vCPU. */
const VCPU_SWITCHES: [Capability, (vcpu: Vcpu) => void][] = [
  [CAP.X86_SMM, (vcpu) => vcpu.interrupts.smi()],
  [CAP.NESTED_STATE, (vcpu) => vcpu.nestedState.get(0x2000)],
  [CAP.NESTED_STATE, (vcpu) => vcpu.nestedState.set(new Uint8Array(128))],
  [CAP.HYPERV_CPUID, (vcpu) => vcpu.cpuid.hyperv()],
  [CAP.HYPERV_SYNIC2, (vcpu) => vcpu.enable(CAP.HYPERV_SYNIC2)],
  [CAP.ENFORCE_PV_FEATURE_CPUID, (vcpu) => vcpu.enable(CAP.ENFORCE_PV_FEATURE_CPUID, [1])],
  [CAP.TSC_CONTROL, (vcpu) => Object.assign(vcpu, { tscKhz: Math.round(vcpu.tscKhz / 2) })],
  [CAP.PRE_FAULT_MEMORY, (vcpu) => vcpu.preFault(0, 4096)],
];

/** Privileges of the host that a switch may need besides its capability. */
const PRIVILEGED: readonly Capability[] = [CAP.VM_DISABLE_NX_HUGE_PAGES];

function expectDoneOrUnsupported(capability: Capability, act: () => void): void {
  if (hostHas(capability)) {
    if (!PRIVILEGED.includes(capability) || process.getuid?.() === 0) act();
    return;
  }
  let error: unknown;
  try {
    act();
  } catch (thrown) {
    error = thrown;
  }
  // Some kernels serve the TSC's requests all the same.
  if (error === undefined && [CAP.VM_TSC_CONTROL, CAP.TSC_CONTROL].some((tsc) => tsc === capability)) return;
  expect(error).toBeInstanceOf(VizorError);
  expect((error as VizorError).code).toBe('unsupported');
  expect((error as VizorError).message).toMatch(new RegExp(`${capabilityName(capability)}|ENOTTY`));
}

describeKvm('what a host has or lacks', () => {
  test.each(SWITCHES.map(([capability, act]) => ({ name: capabilityName(capability), capability, act })))(
    '$name of a VM works, or is refused as unsupported',
    ({ capability, act }) => {
      using kvm = Kvm.open();
      using vm = kvm.createVm();
      expectDoneOrUnsupported(capability, () => act(vm));
    },
  );

  test.each(VCPU_SWITCHES.map(([capability, act]) => ({ name: capabilityName(capability), capability, act })))(
    '$name of a vCPU works, or is refused as unsupported',
    ({ capability, act }) => {
      using guest = new Guest({ code: [0xf4] });
      expectDoneOrUnsupported(capability, () => act(guest.vcpu));
    },
  );

  test('Hyper-V’s CPUID, on the whole host', () => {
    using kvm = Kvm.open();
    expectDoneOrUnsupported(CAP.SYS_HYPERV_CPUID, () => kvm.hypervCpuid());
  });

  test('a VM’s own answer to a capability', () => {
    using kvm = Kvm.open();
    using vm = kvm.createVm();
    expect(vm.check(CAP.IRQFD)).toBe(1);
    expect(vm.attributes.has(77, 1)).toBe(false);
  });

  test('the VFIO device takes descriptors of VFIO alone', () => {
    using kvm = Kvm.open();
    using vm = kvm.createVm();
    if (!vm.hasDevice(DEVICE_TYPE.VFIO)) {
      expect(() => vm.createVfioDevice()).toThrow(/ENODEV/);
      return;
    }
    const vfio = vm.createVfioDevice();
    expect(vfio.attributes.has(1, 1)).toBe(true);
    expect(() => vfio.add(kvm.fd)).toThrow(VizorError);
    expect(() => vfio.add(-1)).toThrow('not a file descriptor');
    expect(() => vm.createVfioDevice()).toThrow(VizorError);
  });
});

describeKvm('MSR accesses of the guest', () => {
  /** mov ecx, 0x4b4d0042; rdmsr; out 0x80, al; inc eax; wrmsr; hlt, in 32-bit code */
  const CODE = [0xb9, 0x42, 0, 0x4d, 0x4b, 0x0f, 0x32, 0xe6, 0x80, 0x40, 0x0f, 0x30, 0xf4];

  test('that KVM does not know are ours to answer', () => {
    using guest = new Guest({
      mode: 'protected',
      code: CODE,
      prepare: (vm) => vm.features.exitOnMsrs(MSR_EXIT.UNKNOWN | MSR_EXIT.FILTER),
    });
    expect(guest.run()).toBe('X86_RDMSR');
    expect(guest.vcpu.page.msr).toMatchObject({ index: 0x4b4d_0042 });
    guest.vcpu.page.answerMsr(0x41n);
    expect(guest.run()).toBe('IO');
    expect(guest.vcpu.page.io.read()).toBe(0x41);
    expect(guest.run()).toBe('X86_WRMSR');
    expect(guest.vcpu.page.msr.data & 0xffn).toBe(0x42n);
    guest.vcpu.page.answerMsr(0n);
    expect(guest.run()).toBe('HLT');
  });

  test('that a filter denies come to us, or fault', () => {
    /** mov ecx, 0x174; rdmsr; hlt */
    const code = [0xb9, 0x74, 0x01, 0, 0, 0x0f, 0x32, 0xf4];
    const filter = (vm: Vm): void => {
      vm.features.exitOnMsrs(MSR_EXIT.FILTER);
      vm.features.filterMsrs('allow', [
        { read: true, write: true, base: 0x170, count: 16, allowed: new Uint8Array([0xef, 0xff]) },
      ]);
    };
    using guest = new Guest({ mode: 'protected', code, prepare: filter });
    expect(guest.run()).toBe('X86_RDMSR');
    expect(guest.vcpu.page.msr).toMatchObject({ index: 0x174, reason: MSR_EXIT.FILTER });
    guest.vcpu.page.answerMsr(undefined);
    // The guest has no handler for the fault.
    expect(guest.run()).toBe('SHUTDOWN');
    const bad = { read: true, write: false, base: 0, count: 64, allowed: new Uint8Array(1) };
    expect(() => guest.vm.features.filterMsrs('deny', [bad])).toThrow('needs 8');
    expect(() => guest.vm.features.filterMsrs('deny', new Array(17).fill(bad))).toThrow('16 are the most');
  });
});
