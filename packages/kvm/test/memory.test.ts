import { VizorError } from '@vizor/core';
import { addressOf, CAP, Kvm, MEM, Memfd, structs, Vcpu } from '@vizor/kvm';
import { GuestMemory } from '@vizor/memory';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { IoctlTarget } from '../src/ioctl.ts';
import { build } from '../src/layout.ts';
import { Descriptor } from '../src/native/descriptor.ts';
import { Guest, RAM_SIZE } from './support/guest.ts';
import { describeKvm, testWith } from './support/host.ts';

const PAGE = 4096;
/** Protected mode: mov byte [0x3000], 1; mov byte [0x5000], 2; mov byte [0x3001], 3; hlt */
const WRITES = [
  ...[0xc6, 0x05, 0, 0x30, 0, 0, 1, 0xc6, 0x05, 0, 0x50, 0, 0, 2],
  ...[0xc6, 0x05, 1, 0x30, 0, 0, 3, 0xf4],
];
const START = { rip: 0x1000 };

function pagesOf(bitmap: Uint8Array): number[] {
  return [...bitmap].flatMap((byte, i) =>
    [...Array(8).keys()].filter((bit) => byte & (1 << bit)).map((bit) => i * 8 + bit),
  );
}

describeKvm('memory slots', () => {
  test('the guest’s stores are in the WebAssembly.Memory, and JavaScript’s in the guest', () => {
    // mov al, [0x3000]; inc al; mov [0x3001], al; hlt
    using guest = new Guest({ code: [0xa0, 0, 0x30, 0xfe, 0xc0, 0xa2, 0x01, 0x30, 0xf4] });
    guest.ram[0x3000] = 41;
    expect(guest.run()).toBe('HLT');
    expect(guest.ram[0x3001]).toBe(42);
  });

  test('a machine’s RAM lies below and above the hole', () => {
    using kvm = Kvm.open();
    using vm = kvm.createVm();
    const ram = new GuestMemory(RAM_SIZE);
    vm.memory.setRam(ram, { first: 3 });
    expect(vm.memory.slots).toMatchObject([{ slot: 3, guestAddress: 0, size: RAM_SIZE }]);
    ram.place(0x1000, new Uint8Array([0xc6, 0x06, 0, 0x30, 7, 0xf4]), 'code');
    const vcpu = vm.createVcpu(0);
    vcpu.sregs.change({ cs: { base: 0, selector: 0 } });
    vcpu.regs.change({ ...START, rflags: 2 });
    vcpu.run();
    expect(ram.read(0x3000, 1)[0]).toBe(7);
  });

  test('writes to a read-only slot exit, reads do not', () => {
    // mov al, [0x9000]; mov byte [0x9000], 1; hlt
    using guest = new Guest({
      mode: 'protected',
      code: [0xa0, 0, 0, 0x30, 0, 0xc6, 0x05, 0, 0, 0x30, 0, 1, 0xf4],
    });
    const rom = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer);
    rom[0] = 0x5a;
    guest.vm.memory.set({ slot: 1, guestAddress: 0x30_0000, size: rom.length, host: rom, readOnly: true });
    expect(guest.run()).toBe('MMIO');
    expect(guest.vcpu.page.mmio).toMatchObject({ isWrite: true, address: 0x30_0000, size: 1 });
    expect(guest.run()).toBe('HLT');
    expect(guest.vcpu.regs.get().rax & 0xffn).toBe(0x5an);
    expect(rom[0]).toBe(0x5a);
  });

  test('a slot moves, and goes', () => {
    // mov al, [0x300000]; mov bl, [0x400000]; hlt
    using guest = new Guest({
      mode: 'protected',
      code: [0xa0, 0, 0, 0x30, 0, 0x8a, 0x1d, 0, 0, 0x40, 0, 0xf4],
    });
    const more = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer);
    more[0] = 9;
    const slot = { slot: 1, guestAddress: 0x30_0000, size: more.length, host: more };
    guest.vm.memory.set(slot);
    guest.vm.memory.set({ ...slot, guestAddress: 0x40_0000 });
    expect(guest.run()).toBe('MMIO');
    expect(guest.vcpu.page.mmio.address).toBe(0x30_0000);
    expect(guest.run()).toBe('HLT');
    expect(guest.vcpu.regs.get().rbx & 0xffn).toBe(9n);
    guest.vm.memory.remove(1);
    guest.vcpu.regs.change({ rip: 0x1005 });
    expect(guest.run()).toBe('MMIO');
    expect(guest.vcpu.page.mmio.address).toBe(0x40_0000);
  });

  test('a memfd is memory of two mappings, one of them the guest’s', () => {
    using guest = new Guest({ mode: 'protected', code: [0xc6, 0x05, 0, 0, 0x30, 0, 0x77, 0xf4] });
    using memfd = new Memfd('guest', 0x1_0000);
    using seen = memfd.map();
    using given = memfd.map();
    guest.vm.memory.set({ slot: 1, guestAddress: 0x30_0000, size: 0x1_0000, host: given.bytes });
    expect(guest.run()).toBe('HLT');
    expect(seen.bytes[0]).toBe(0x77);
    guest.vm.memory.remove(1);
  });

  test('what the kernel would refuse is refused with a reason', () => {
    using kvm = Kvm.open();
    using vm = kvm.createVm();
    const host = new Uint8Array(new WebAssembly.Memory({ initial: 4 }).buffer).subarray(0, 4 * PAGE);
    const set = (changes: object) => () =>
      vm.memory.set({ slot: 0, guestAddress: 0, size: 4 * PAGE, host, ...changes });
    set({})();
    const cases: [() => void, RegExp][] = [
      [set({ slot: 1, guestAddress: 3 * PAGE }), /overlaps slot 0/],
      [set({ slot: 1, guestAddress: 1 }), /not a multiple/],
      [set({ slot: 1, guestAddress: 16 * PAGE, size: PAGE + 1 }), /not a multiple/],
      [set({ slot: 1, guestAddress: 16 * PAGE, size: 0 }), /no size/],
      [set({ slot: 1, guestAddress: 16 * PAGE, size: PAGE }), /16384 bytes of host memory for 4096/],
      [set({ slot: 1, guestAddress: 16 * PAGE, host: new Uint8Array(host.buffer, 8, 4 * PAGE) }), /host address/],
      [set({ slot: 1e6, guestAddress: 16 * PAGE }), /slot 1000000 is out of range/],
      [set({ slot: -1, guestAddress: 16 * PAGE }), /out of range/],
      [set({ readOnly: true }), /remove it first/],
      [() => vm.memory.remove(5), /slot 5 is not set/],
      [() => vm.dirty.read(5, new Uint8Array(8)), /slot 5 is not set/],
      [() => vm.dirty.read(0, new Uint8Array(1)), /needs 8/],
      [() => vm.dirty.clear(0, 1, 3, new Uint8Array(8)), /groups of 64/],
      [() => vm.dirty.enableRings(100), /power of two/],
      [() => vm.memory.setTssAddress(3), /not a multiple/],
    ];
    for (const [call, message] of cases) {
      expect(call).toThrow(message);
      expect(call).toThrow(VizorError);
    }
    expect(vm.memory.slots).toHaveLength(1);
  });

  test('the kernel accepts a slot exactly where the package does', () => {
    const host = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer);
    const step = fc.record({
      slot: fc.nat(3),
      guestPage: fc.nat(10),
      pages: fc.integer({ min: 1, max: 4 }),
      hostPage: fc.nat(2),
      readOnly: fc.boolean(),
      odd: fc.constantFrom(0, 0, 0, 0, 8),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 12 }), (steps) => {
        using kvm = Kvm.open();
        using checked = kvm.createVm();
        using raw = kvm.createVm();
        const kernel = new IoctlTarget(new Descriptor(raw.fd, 'the kernel'));
        for (const { slot, guestPage, pages, hostPage, readOnly, odd } of steps) {
          const part = host.subarray(hostPage * PAGE, (hostPage + pages) * PAGE);
          const guestAddress = guestPage * PAGE + odd;
          const region = build(structs.kvm_userspace_memory_region, {
            ...{ slot, flags: readOnly ? MEM.READONLY : 0, guest_phys_addr: guestAddress },
            ...{ memory_size: part.length, userspace_addr: addressOf(part) },
          });
          const accepted = kernel.attemptTransfer('KVM_SET_USER_MEMORY_REGION', region) === 0;
          const set = () => checked.memory.set({ slot, guestAddress, size: part.length, host: part, readOnly });
          if (accepted) set();
          else expect(set).toThrow(expect.objectContaining({ code: 'usage' }));
        }
      }),
      { numRuns: 150 },
    );
  });

  test('addresses that Intel’s KVM wants, and shadow pages', () => {
    using kvm = Kvm.open();
    using vm = kvm.createVm();
    vm.memory.setTssAddress(0xfffb_d000);
    vm.memory.setIdentityMapAddress(0xfffb_c000);
    vm.memory.limitShadowPages(1024);
  });

  testWith(CAP.GUEST_MEMFD, 'a guest_memfd can stand beside a slot', () => {
    using kvm = Kvm.open();
    using vm = kvm.createVm();
    using memfd = vm.memory.createGuestMemfd(0x1_0000);
    expect(memfd.fd).toBeGreaterThan(2);
    const host = new Uint8Array(new WebAssembly.Memory({ initial: 1 }).buffer);
    const slot = { slot: 0, guestAddress: 0, size: 0x1_0000, host, guestMemfd: { fd: memfd.fd, offset: 0 } };
    // A machine of the ordinary type has no private memory: hosts differ in whether they take the slot.
    try {
      vm.memory.set(slot);
      expect(vm.memory.slots).toHaveLength(1);
    } catch (error) {
      expect(error).toBeInstanceOf(VizorError);
      expect((error as VizorError).message).toContain('KVM_SET_USER_MEMORY_REGION2');
      expect(vm.memory.slots).toHaveLength(0);
    }
  });
});

describeKvm('pages that the guest writes', () => {
  test('are in the log, which is cleared as it is read', () => {
    using guest = new Guest({ mode: 'protected', logDirty: true, code: WRITES });
    const bitmap = new Uint8Array(guest.vm.dirty.bitmapSize(0));
    guest.vm.dirty.read(0, bitmap);
    expect(guest.run()).toBe('HLT');
    guest.vm.dirty.read(0, bitmap);
    expect(pagesOf(bitmap)).toEqual([3, 5]);
    guest.vm.dirty.read(0, bitmap);
    expect(pagesOf(bitmap)).toEqual([]);
    // What the host writes is not there.
    guest.ram[0x7000] = 1;
    guest.vm.dirty.read(0, bitmap);
    expect(pagesOf(bitmap)).toEqual([]);
  });

  test('stay in the log until cleared, when asked so', () => {
    using guest = new Guest({
      mode: 'protected',
      logDirty: true,
      code: WRITES,
      prepare: (vm) => vm.dirty.enableManualClear(),
    });
    const bitmap = new Uint8Array(guest.vm.dirty.bitmapSize(0));
    expect(guest.run()).toBe('HLT');
    guest.vm.dirty.read(0, bitmap);
    guest.vm.dirty.read(0, bitmap);
    expect(pagesOf(bitmap)).toEqual([3, 5]);
    guest.vm.dirty.clear(0, 0, 64, new Uint8Array([1 << 3, 0, 0, 0, 0, 0, 0, 0]));
    guest.vm.dirty.read(0, bitmap);
    expect(pagesOf(bitmap)).toEqual([5]);
    guest.vcpu.regs.change(START);
    guest.run();
    guest.vm.dirty.read(0, bitmap);
    expect(pagesOf(bitmap)).toEqual([3, 5]);
  });

  test('the log may be part of a WebAssembly.Memory', () => {
    using guest = new Guest({ mode: 'protected', logDirty: true, code: WRITES });
    const bitmap = new Uint8Array(guest.memory.buffer, 0x8_0000, guest.vm.dirty.bitmapSize(0));
    guest.run();
    guest.vm.dirty.read(0, bitmap);
    expect(pagesOf(bitmap)).toEqual([3, 5]);
  });

  testWith(CAP.DIRTY_LOG_RING_ACQ_REL, 'come by the vCPU’s ring, in order, and again after each reset', () => {
    const entries = 4096;
    using guest = new Guest({
      mode: 'protected',
      logDirty: true,
      code: WRITES,
      prepare: (vm) => vm.dirty.enableRings(entries),
    });
    const ring = guest.vcpu.mapDirtyRing(entries);
    expect(guest.run()).toBe('HLT');
    const first = ring.harvest();
    // A page may come more than once.
    expect([...new Set(first.map(({ page }) => page))]).toEqual([3, 5]);
    expect(first.every(({ slot }) => slot === 0)).toBe(true);
    expect(ring.harvest()).toEqual([]);
    expect(guest.vm.dirty.resetRings()).toBe(first.length);
    guest.vcpu.regs.change(START);
    guest.run();
    expect(ring.harvest()).toEqual(first);
    expect(() => guest.vm.dirty.read(0, new Uint8Array(guest.vm.dirty.bitmapSize(0)))).toThrow('ENXIO');
    // Whoever adopts the vCPU goes on in its ring.
    using adopted = Vcpu.adopt(guest.vcpu.handOver());
    guest.vm.dirty.resetRings();
    adopted.regs.change(START);
    adopted.run();
    expect(adopted.mapDirtyRing(entries).harvest()).toEqual(first);
  });

  testWith(CAP.DIRTY_LOG_RING_ACQ_REL, 'stop the vCPU when its ring is full', () => {
    // mov edi, 0x20000; l: mov [edi], edi; add edi, 0x1000; cmp edi, 0x1f0000; jb l; hlt
    const code = [
      ...[0xbf, 0, 0, 0x02, 0, 0x89, 0x3f, 0x81, 0xc7, 0, 0x10, 0, 0],
      ...[0x81, 0xff, 0, 0, 0x1f, 0, 0x72, 0xf0, 0xf4],
    ];
    const entries = 1024;
    const pages = (0x1f_0000 - 0x2_0000) / PAGE;
    using guest = new Guest({
      mode: 'protected',
      logDirty: true,
      code,
      prepare: (vm) => vm.dirty.enableRings(entries),
    });
    const ring = guest.vcpu.mapDirtyRing(entries);
    const seen = new Set<number>();
    let full = 0;
    // The kernel keeps some entries in reserve, so the ring is full before its end: three rounds are sure to fill it.
    for (let round = 0; round < 3; round += 1) {
      guest.vcpu.regs.change(START);
      let reason = guest.run();
      for (; reason === 'DIRTY_RING_FULL'; reason = guest.run()) {
        full += 1;
        for (const { page } of ring.harvest()) seen.add(page);
        guest.vm.dirty.resetRings();
      }
      expect(reason).toBe('HLT');
      guest.vm.memory.set({ ...guest.vm.memory.slots[0], logDirty: round % 2 === 1 });
      guest.vm.memory.set({ ...guest.vm.memory.slots[0], logDirty: true });
    }
    for (const { page } of ring.harvest()) seen.add(page);
    expect(full).toBeGreaterThan(0);
    expect(seen.size).toBeGreaterThanOrEqual(pages);
  });
});
