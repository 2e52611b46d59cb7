import { CAP, CLOCK, Kvm, MP_STATE, NESTED, VCPU_TSC } from '@vizor/kvm';
import { expect, test } from 'vitest';
import { Guest } from './support/guest.ts';
import { describeKvm, testWith } from './support/host.ts';

const IA32_TSC = 0x10;
const IA32_SYSENTER_EIP = 0x176;
const LSTAR = 0xc000_0082;

describeKvm('the state of a vCPU', () => {
  test('general registers: all of them, or some', () => {
    using guest = new Guest({ code: [0xf4] });
    const { regs } = guest.vcpu;
    const names = [
      'rax',
      'rbx',
      'rcx',
      'rdx',
      'rsi',
      'rdi',
      'rsp',
      'rbp',
      'r8',
      'r9',
      'r10',
      'r11',
      'r12',
      'r13',
      'r14',
      'r15',
    ];
    const values = Object.fromEntries(names.map((name, i) => [name, 0x1111_0000_0000_0000n * BigInt(i) + 7n]));
    regs.set({ ...values, rip: 0x1000, rflags: 2 });
    expect(regs.get()).toMatchObject({ ...values, rip: 0x1000n, rflags: 2n });
    regs.change({ r15: 1n });
    expect(regs.get()).toMatchObject({ rax: 7n, r15: 1n });
    expect(() => regs.change({ eax: 1 } as object)).toThrow(TypeError);
    expect(() => regs.restore(new Uint8Array(3))).toThrow('not a struct kvm_regs');
  });

  test('all of it goes over to another vCPU, and the guest goes on there', () => {
    // inc rax; out 0x80, al; add rax, rbx; out 0x80, al
    const code = [0x48, 0xff, 0xc0, 0xe6, 0x80, 0x48, 0x01, 0xd8, 0xe6, 0x80];
    using source = new Guest({ mode: 'long', irqchip: true, code });
    source.vcpu.regs.change({ rax: 9, rbx: 100 });
    source.vcpu.msrs.write([
      [LSTAR, 0xffff_8000_0000_1234n],
      [IA32_SYSENTER_EIP, 0x5678n],
    ]);
    source.vcpu.xsave.set(withXmm0(source.vcpu.xsave.get(), 0xab));
    source.vcpu.debugRegs.change({ db: [0x1000n, 0x2000n] });
    expect(source.run()).toBe('IO');
    source.vcpu.completeAccess();
    const saved = saveAll(source);

    using target = new Guest({ mode: 'long', irqchip: true, code });
    restoreAll(target, saved);
    expect(saveAll(target)).toEqual(saved);
    expect(target.run()).toBe('IO');
    expect(target.vcpu.page.io.read()).toBe(110);
    expect(target.vcpu.fpu.get().xmm[0]).toEqual(new Uint8Array(16).fill(0xab));
    expect(target.vcpu.msrs.read([LSTAR]).get(LSTAR)).toBe(0xffff_8000_0000_1234n);
    expect(target.vcpu.debugRegs.get().db.slice(0, 2)).toEqual([0x1000n, 0x2000n]);
  });

  test('sregs2 has the page directory pointers beside', () => {
    using guest = new Guest({ mode: 'long', code: [0xf4] });
    const sregs2 = guest.vcpu.sregs2.get();
    expect(sregs2.cs).toEqual(guest.vcpu.sregs.get().cs);
    guest.vcpu.sregs2.set(sregs2);
    expect(guest.vcpu.sregs2.get()).toEqual(sregs2);
  });

  test('FPU state', () => {
    using guest = new Guest({ code: [0xf4] });
    const { fpu } = guest.vcpu;
    fpu.change({ fcw: 0x37e, xmm: [new Uint8Array(16).fill(0xab)] });
    expect(fpu.get().fcw).toBe(0x37e);
    expect(fpu.get().xmm[0]).toEqual(new Uint8Array(16).fill(0xab));
  });

  test('the extended state holds what the FPU state does', () => {
    using guest = new Guest({ code: [0xf4] });
    const size = guest.vm.check(CAP.XSAVE2) || 4096;
    guest.vcpu.xsave.set(withXmm0(guest.vcpu.xsave.get(size), 0x5c));
    expect(guest.vcpu.fpu.get().xmm[0]).toEqual(new Uint8Array(16).fill(0x5c));
    expect(() => guest.vcpu.xsave.get(100)).toThrow('at least 4096');
    expect(() => guest.vcpu.xsave.set(new Uint8Array(100))).toThrow('needs 4096');
  });

  test('extended control registers', () => {
    using guest = new Guest({ code: [0xf4] });
    const xcrs = guest.vcpu.xcrs.get();
    expect(xcrs.nr_xcrs).toBe(1);
    expect(xcrs.xcrs[0].value & 1n).toBe(1n);
    guest.vcpu.xcrs.set({ nr_xcrs: 1, xcrs: [{ xcr: 0, value: 3 }] });
    expect(guest.vcpu.xcrs.get().xcrs[0].value).toBe(3n);
    expect(() => guest.vcpu.xcrs.set({ nr_xcrs: 1, xcrs: [{ xcr: 0, value: 1n << 62n }] })).toThrow('XCR0 enables');
  });

  test('events that wait for the guest', () => {
    using guest = new Guest({ code: [0xf4] });
    guest.vcpu.events.change({ nmi: { masked: 1 }, flags: 0 });
    expect(guest.vcpu.events.get().nmi.masked).toBe(1);
    guest.vcpu.interrupts.nmi();
    expect(guest.vcpu.events.get().nmi.pending).toBe(1);
  });

  test('what it is doing', () => {
    using guest = new Guest({ code: [0xf4], irqchip: true });
    expect(guest.vcpu.mpState.get()).toEqual({ mp_state: MP_STATE.RUNNABLE });
    guest.vcpu.mpState.set({ mp_state: MP_STATE.HALTED });
    expect(guest.vcpu.mpState.get()).toEqual({ mp_state: MP_STATE.HALTED });
    expect(guest.vm.createVcpu(1).mpState.get()).toEqual({ mp_state: MP_STATE.UNINITIALIZED });
  });

  test('CPUID is what it was given', () => {
    using guest = new Guest({ code: [0x31, 0xc0, 0x0f, 0xa2, 0xf4] });
    const entries = guest.kvm.supportedCpuid();
    const vendor = Buffer.from('VizorVizor!!');
    const [ebx, edx, ecx] = [0, 4, 8].map((at) => vendor.readUInt32LE(at));
    guest.vcpu.cpuid.set(entries.map((entry) => (entry.function === 0 ? { ...entry, ebx, ecx, edx } : entry)));
    expect(guest.vcpu.cpuid.get().find((entry) => entry.function === 0)).toMatchObject({ ebx, ecx, edx });
    expect(guest.run()).toBe('HLT');
    const regs = guest.vcpu.regs.get();
    expect([regs.rbx, regs.rcx, regs.rdx]).toEqual([BigInt(ebx), BigInt(ecx), BigInt(edx)]);
  });

  test('CPUID in its oldest form', () => {
    using guest = new Guest({ code: [0xf4] });
    const vcpu = guest.vm.createVcpu(1);
    vcpu.cpuid.setWithoutIndices([{ function: 0, eax: 1, ebx: 2, ecx: 3, edx: 4 }]);
    expect(vcpu.cpuid.get()).toMatchObject([{ function: 0, eax: 1, ebx: 2, ecx: 3, edx: 4 }]);
  });

  test('model-specific registers: one that is refused is named, or left out', () => {
    using guest = new Guest({ code: [0xf4] });
    const { msrs } = guest.vcpu;
    const nonsense = 0x1234_5678;
    expect(() => msrs.read([IA32_TSC, nonsense])).toThrow('MSR 0x12345678 is refused');
    expect(() => msrs.write([[nonsense, 1n]])).toThrow('MSR 0x12345678 is refused');
    expect([...msrs.readAvailable([nonsense, IA32_SYSENTER_EIP, nonsense + 1]).keys()]).toEqual([IA32_SYSENTER_EIP]);
    const many = Array.from({ length: 600 }, () => IA32_SYSENTER_EIP);
    expect(msrs.read(many).size).toBe(1);
    const listed = msrs.readAvailable(guest.kvm.msrIndices());
    expect(listed.size).toBeGreaterThan(10);
  });

  test('its clock: TSC frequency and offset', () => {
    using guest = new Guest({ code: [0xf4] });
    expect(guest.vcpu.tscKhz).toBeGreaterThan(100_000);
    const { attributes } = guest.vcpu;
    expect(attributes.has(VCPU_TSC.CTRL, VCPU_TSC.OFFSET)).toBe(true);
    expect(attributes.has(99, 99)).toBe(false);
    attributes.set(VCPU_TSC.CTRL, VCPU_TSC.OFFSET, new BigUint64Array([0x1234_5678_9000n]));
    const offset = attributes.get(VCPU_TSC.CTRL, VCPU_TSC.OFFSET, 8);
    // kvm_pvm takes an offset and forgets it.
    expect([0n, 0x1234_5678_9000n]).toContain(new DataView(offset.buffer).getBigUint64(0, true));
    expect(() => attributes.get(99, 99, 8)).toThrow('no such attribute');
    expect(() => guest.vcpu.notifyPaused()).toThrow('has not set up kvmclock');
  });

  testWith(CAP.NESTED_STATE, 'nested state', () => {
    using guest = new Guest({ code: [0xf4] });
    const state = guest.vcpu.nestedState.get(guest.kvm.check(CAP.NESTED_STATE));
    expect([NESTED.FORMAT_VMX, NESTED.FORMAT_SVM]).toContain(new DataView(state.buffer).getUint16(2, true));
    guest.vcpu.nestedState.set(state);
  });

  test('machine checks', () => {
    using guest = new Guest({ code: [0xf4] });
    expect(guest.kvm.check(CAP.MCE)).toBeGreaterThanOrEqual(10);
    guest.vcpu.interrupts.setupMachineCheck((guest.kvm.mceCapabilities & ~0xffn) | 10n);
    expect(() => guest.vcpu.interrupts.machineCheck({ bank: 200, status: 1n << 63n })).toThrow('EINVAL');
    guest.vcpu.interrupts.machineCheck({ bank: 1, status: 1n << 63n, addr: 0x1000n });
    expect(guest.vcpu.msrs.read([0x401 + 4]).get(0x405)).toBe(1n << 63n);
  });

  test('task priority accesses and the virtual APIC’s page', () => {
    using guest = new Guest({ irqchip: true, code: [0xf4] });
    guest.vcpu.interrupts.reportTprAccesses(true);
    guest.vcpu.interrupts.reportTprAccesses(false);
    guest.vcpu.interrupts.setVapicAddress(0x5000);
  });

  test('statistics', () => {
    using guest = new Guest({ code: [0xe6, 0x80, 0xf4] });
    using ofVm = guest.vm.openStats();
    using ofVcpu = guest.vcpu.openStats();
    guest.output();
    expect(ofVm.id).toMatch(/^kvm-\d+/);
    expect(ofVcpu.id).toMatch(/vcpu-0$/);
    const statistics = ofVcpu.read();
    const exits = statistics.find(({ name }) => name === 'io_exits');
    expect(exits).toMatchObject({ type: 'cumulative', unit: 'none', base: 10, exponent: 0 });
    expect(statistics.some(({ type, values }) => type === 'logarithmic histogram' && values.length > 1)).toBe(true);
    expect(ofVm.read().length).toBeGreaterThan(3);
  });
});

describeKvm('the state of a VM', () => {
  test('kvmclock runs, and is set', () => {
    using kvm = Kvm.open();
    using vm = kvm.createVm();
    const before = vm.timers.getClock();
    expect(before.clock).toBeGreaterThan(0n);
    expect(typeof before.stable).toBe('boolean');
    vm.timers.setClock(1_000_000_000_000n);
    const after = vm.timers.getClock();
    expect(after.clock).toBeGreaterThanOrEqual(1_000_000_000_000n);
    if (kvm.check(CAP.ADJUST_CLOCK) & CLOCK.REALTIME && after.realtime !== undefined) {
      vm.timers.setClock(5n, after.realtime);
      expect(vm.timers.getClock().clock).toBeLessThan(1_000_000_000_000n);
    }
  });
});

/** XMM0 filled with a byte. Legacy area (Intel SDM vol. 1, 13.4.1): XMM registers from 160; XSTATE_BV at 512. */
function withXmm0(image: Uint8Array<ArrayBuffer>, byte: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(image.buffer);
  image.fill(byte, 160, 176);
  view.setBigUint64(512, view.getBigUint64(512, true) | 3n, true);
  return image;
}

type Saved = ReturnType<typeof saveAll>;

/** MSRs that go over: those that hold still while nothing runs. */
const MSRS = [IA32_SYSENTER_EIP, 0x174, 0x175, 0x277, 0xc000_0081, LSTAR, 0xc000_0084, 0xc000_0102];

function saveAll({ vcpu, vm }: Guest) {
  return {
    regs: vcpu.regs.save(),
    sregs: vcpu.sregs.save(),
    xsave: vcpu.xsave.get(vm.check(CAP.XSAVE2) || 4096),
    xcrs: vcpu.xcrs.save(),
    debugRegs: vcpu.debugRegs.save(),
    events: vcpu.events.save(),
    mpState: vcpu.mpState.save(),
    lapic: vcpu.lapic.save(),
    msrs: vcpu.msrs.read(MSRS),
  };
}

/** The order matters: CR4 before XCR0, XCR0 before the XSAVE image, events and the local APIC last. */
function restoreAll({ vcpu }: Guest, saved: Saved): void {
  vcpu.mpState.restore(saved.mpState);
  vcpu.sregs.restore(saved.sregs);
  vcpu.xcrs.restore(saved.xcrs);
  vcpu.xsave.set(saved.xsave);
  vcpu.msrs.write(saved.msrs);
  vcpu.lapic.restore(saved.lapic);
  vcpu.debugRegs.restore(saved.debugRegs);
  vcpu.regs.restore(saved.regs);
  vcpu.events.restore(saved.events);
}
