import { execFileSync, spawnSync } from 'node:child_process';
import { VizorError } from '@vizor/core';
import { Eventfd, Kvm, Memfd, type Vcpu, type Vm } from '@vizor/kvm';
import { expect, test } from 'vitest';
import { Guest } from './support/guest.ts';
import { describeKvm, footprint } from './support/host.ts';

const INDEX = new URL('../src/index.ts', import.meta.url).href;

/** The error of a script in a process of its own, under a shell's limits. */
function errorUnder(limits: string, script: string): string {
  const source = `import { Kvm } from '${INDEX}'; ${script}`;
  const result = spawnSync(
    'sh',
    ['-c', `${limits}; exec "$0" --input-type=module-typescript -e "$1"`, process.execPath, source],
    {
      encoding: 'utf8',
    },
  );
  return result.stdout + result.stderr;
}

describeKvm('misuse', () => {
  test('a closed descriptor is refused before the kernel sees it', () => {
    const guest = new Guest({ code: [0xf4], irqchip: true, prepare: (vm) => vm.timers.createPit() });
    const { kvm, vm, vcpu } = guest;
    const { page } = vcpu;
    guest[Symbol.dispose]();
    const calls: (() => unknown)[] = [
      () => kvm.apiVersion,
      () => kvm.createVm(),
      () => kvm.supportedCpuid(),
      () => kvm.featureMsrs.read([0x10]),
      () => vm.createVcpu(0),
      () => vm.memory.setTssAddress(0),
      () => vm.interrupts.setLine(1, true),
      () => vm.timers.pit.get(),
      () => vm.timers.getClock(),
      () => vm.io.coalesce({ port: 1 }, 1),
      () => vm.features.limitHaltPolling(1),
      () => vm.openStats(),
      () => vcpu.run(),
      () => vcpu.regs.get(),
      () => vcpu.cpuid.get(),
      () => vcpu.msrs.read([0x10]),
      () => vcpu.interrupts.nmi(),
      () => vcpu.xsave.get(),
      () => vcpu.handOver(),
      () => vcpu.acceptKicks(),
      () => vcpu.coalesced(),
      () => page.exitReason,
      () => page.io.port,
    ];
    for (const call of calls) {
      expect(call).toThrow('used after it was closed');
      expect(call).toThrow(VizorError);
    }
    // Disposing again does nothing.
    vcpu[Symbol.dispose]();
    vm[Symbol.dispose]();
    kvm[Symbol.dispose]();
  });

  test.each<[string, (vm: Vm, vcpu: Vcpu) => unknown, RegExp]>([
    ['a vCPU id beyond the limit', (vm) => vm.createVcpu(1e6), /vCPU id 1000000 is out of range/],
    ['a vCPU id that is no number', (vm) => vm.createVcpu(Number.NaN), /out of range/],
    ['a vCPU twice', (vm) => vm.createVcpu(0), /EEXIST.*vCPU of this id/],
    [
      'controllers after the first vCPU',
      (vm) => vm.interrupts.createChips(),
      /KVM_CREATE_IRQCHIP.*before the first vCPU/,
    ],
    ['a PIT without controllers', (vm) => vm.timers.createPit(), /KVM_CREATE_PIT2.*interrupt controllers first/],
    ['the state of a PIT that is not there', (vm) => vm.timers.pit.get(), /create the PIT first/],
    ['a line without controllers', (vm) => vm.interrupts.setLine(1, true), /KVM_IRQ_LINE.*controllers first/],
    ['a vector that is none', (_, vcpu) => vcpu.interrupts.inject(256), /vector 256 is out of range/],
    ['a doorbell of three bytes', (vm) => vm.io.attachDoorbell({ port: 1, width: 3 as 4 }, new Eventfd()), /width 3/],
    ['a port that is none', (vm) => vm.io.coalesce({ port: 0x1_0000 }, 1), /port 65536 is out of range/],
    ['control registers that contradict', (_, vcpu) => vcpu.sregs.change({ cr0: 1n << 31n }), /KVM_SET_SREGS.*EINVAL/],
    ['a local APIC that is not there', (_, vcpu) => vcpu.lapic.get(), /KVM_GET_LAPIC.*no in-kernel local APIC/],
    ['five arguments', (vm) => vm.features.enable(0, [1, 2, 3, 4, 5]), /4 are the most/],
  ])('%s is refused with a reason', (_, act, message) => {
    using guest = new Guest({ code: [0xf4] });
    expect(() => act(guest.vm, guest.vcpu)).toThrow(message);
    expect(() => act(guest.vm, guest.vcpu)).toThrow(VizorError);
  });

  test('a kick signal that never comes does not end the process', () => {
    const script = `process.kill(process.pid, 0); const kvm = Kvm.open(); const vm = kvm.createVm(); const vcpu = vm.createVcpu(0);
      vcpu.acceptKicks(); console.log('alive');`;
    expect(errorUnder('true', script)).toContain('alive');
  });
});

describeKvm('a host that has no more to give', () => {
  test('out of file descriptors', () => {
    const script = `const kvm = Kvm.open(); try { for (;;) kvm.createVm(); } catch (error) { console.log(error.message); }`;
    expect(errorUnder('ulimit -n 64', script)).toMatch(/KVM_CREATE_VM on \/dev\/kvm: EMFILE.*ulimit -n/);
  });

  test.skipIf(process.getuid?.() !== 0)('no permission', () => {
    const script = `process.setuid(65534); try { Kvm.open(); } catch (error) { console.log(error.message); }`;
    const message = errorUnder('true', script);
    // Where everybody may open the node there is nothing to refuse.
    if (message !== '') expect(message).toMatch(/open \/dev\/kvm: EACCES.*group/);
  });

  test('a second process has its own machines', () => {
    using guest = new Guest({ code: [0xf4] });
    const source = `import { Kvm } from '${INDEX}'; using kvm = Kvm.open(); using vm = kvm.createVm(); console.log(vm.fd > 2);`;
    const output = execFileSync(process.execPath, ['--input-type=module-typescript', '-e', source], {
      encoding: 'utf8',
    });
    expect(output.trim()).toBe('true');
    expect(guest.run()).toBe('HLT');
  });
});

describeKvm('nothing is left behind', () => {
  test('descriptors and mappings are as before, whatever was made', () => {
    const use = (): void => {
      using guest = new Guest({
        code: [0xf4],
        irqchip: false,
        logDirty: true,
        prepare: (vm) => vm.dirty.enableRings(256),
      });
      using memfd = new Memfd('test', 8192);
      using mapping = memfd.map();
      using eventfd = new Eventfd();
      using stats = guest.vm.openStats();
      guest.vcpu.mapDirtyRing(256);
      guest.vm.createVcpu(1);
      mapping.bytes[0] = 1;
      eventfd.signal();
      stats.read();
      expect(guest.run()).toBe('HLT');
    };
    use();
    const before = footprint();
    for (let i = 0; i < 20; i += 1) use();
    expect(footprint()).toMatchObject({ descriptors: before.descriptors, mappings: before.mappings });
  });

  test('nor by what fails half-way', () => {
    const before = footprint();
    for (let i = 0; i < 5; i += 1) {
      expect(() => Kvm.open('/dev/null')).toThrow(VizorError);
      using guest = new Guest({ code: [0xf4] });
      // A run page at a place that is not page-aligned: the new vCPU is closed again.
      expect(() =>
        guest.vm.createVcpu(1, new Uint8Array(guest.memory.buffer, 16, guest.vm.limits.vcpuMapSize)),
      ).toThrow('page boundary');
      expect(() => new Memfd('x', -1)).toThrow(VizorError);
    }
    expect(footprint()).toMatchObject({ descriptors: before.descriptors, mappings: before.mappings });
  });
});
