import { CAP, Eventfd, EXIT, pollReadable } from '@vizor/kvm';
import { expect, test } from 'vitest';
import { Guest, type GuestOptions, setProtectedVector, setRealVector } from './support/guest.ts';
import { describeKvm, testWith } from './support/host.ts';

const HANDLER = 0x1800;
/** inc byte [0x3000]; mov al, 0x20; out 0x20, al (end of interrupt); out 0x80, al; iret */
const COUNTING_HANDLER = [0xfe, 0x06, 0, 0x30, 0xb0, 0x20, 0xe6, 0x20, 0xe6, 0x80, 0xcf];
/** Real mode: program both 8259s for vectors 0x20 and 0x28, nothing masked; sti; l: hlt; jmp l. */
const WAIT = [
  ...[0xb0, 0x11, 0xe6, 0x20, 0xe6, 0xa0, 0xb0, 0x20, 0xe6, 0x21, 0xb0, 0x28, 0xe6, 0xa1],
  ...[0xb0, 0x04, 0xe6, 0x21, 0xb0, 0x02, 0xe6, 0xa1, 0xb0, 0x01, 0xe6, 0x21, 0xe6, 0xa1],
  ...[0xb0, 0x00, 0xe6, 0x21, 0xe6, 0xa1, 0xfb, 0xe6, 0x81, 0xf4, 0xeb, 0xfd],
];

/** A real-mode guest that has set its 8259s up, says so on port 0x81, and waits. */
function waitingGuest(options: Partial<GuestOptions> = {}): Guest {
  const guest = new Guest({ irqchip: true, code: WAIT, ...options });
  guest.ram.set(COUNTING_HANDLER, HANDLER);
  for (let vector = 0x20; vector < 0x30; vector += 1) setRealVector(guest.view, vector, HANDLER);
  expect(guest.run()).toBe('IO');
  expect(guest.vcpu.page.io.port).toBe(0x81);
  return guest;
}

/** Run until the handler has said that it ran. */
function expectHandled(guest: Guest, times: number): void {
  expect(guest.run()).toBe('IO');
  expect(guest.vcpu.page.io.port).toBe(0x80);
  expect(guest.ram[0x3000]).toBe(times);
}

describeKvm('interrupt controllers in the kernel', () => {
  test('a line through the 8259 reaches the guest', () => {
    using guest = waitingGuest();
    guest.vm.interrupts.setLine(5, true);
    guest.vm.interrupts.setLine(5, false);
    expectHandled(guest, 1);
  });

  test('a line tells what came of it', () => {
    using guest = waitingGuest();
    expect(guest.vm.interrupts.setLineWithStatus(5, true)).toBeGreaterThan(0);
    guest.vm.interrupts.setLine(5, false);
    expectHandled(guest, 1);
  });

  test('state of the 8259s and of the I/O APIC is read and put back', () => {
    using guest = waitingGuest();
    const { interrupts } = guest.vm;
    const master = interrupts.getPic('master');
    expect(master).toMatchObject({ irq_base: 0x20, imr: 0 });
    expect(interrupts.getPic('slave').irq_base).toBe(0x28);
    interrupts.setPic('master', { ...master, imr: 0xff });
    expect(interrupts.getPic('master').imr).toBe(0xff);
    const ioapic = interrupts.getIoapic();
    expect(ioapic.base_address).toBe(0xfec0_0000n);
    expect(ioapic.redirtbl).toHaveLength(24);
    const redirtbl = ioapic.redirtbl.map((entry, pin) => (pin === 9 ? { bits: 0x1_0035n } : entry));
    interrupts.setIoapic({ ...ioapic, redirtbl });
    expect(interrupts.getIoapic().redirtbl[9].bits).toBe(0x1_0035n);
  });

  test('the PIT ticks', () => {
    using guest = waitingGuest({ prepare: (vm) => vm.timers.createPit({ speaker: true }) });
    expect(guest.vm.timers.hasPit).toBe(true);
    const state = guest.vm.timers.pit.get();
    expect(state.channels).toHaveLength(3);
    // Channel 0 as a rate generator, as a guest's `out 0x43, 0x34` and two writes of the count leave it.
    const [, one, two] = state.channels;
    const zero = { count: 0x1000, mode: 2, gate: 1, rw_mode: 3, read_state: 3, write_state: 3 };
    guest.vm.timers.pit.set({ ...state, channels: [zero, one, two] });
    expectHandled(guest, 1);
    guest.vm.timers.setPitReinjection(false);
    expectHandled(guest, 2);
  });

  test('an eventfd raises a line', () => {
    using guest = waitingGuest();
    using eventfd = new Eventfd();
    guest.vm.interrupts.attachIrqfd(7, eventfd);
    eventfd.signal();
    expectHandled(guest, 1);
    guest.vm.interrupts.detachIrqfd(7, eventfd);
    eventfd.signal();
    expect(eventfd.take()).toBe(1n);
  });

  test('a level-triggered line stays up until the guest ends it, which signals the resample eventfd', () => {
    using guest = waitingGuest();
    using eventfd = new Eventfd();
    using resample = new Eventfd();
    // Line 5 is level-triggered: the controller's ELCR.
    guest.vm.interrupts.setPic('master', { ...guest.vm.interrupts.getPic('master'), elcr: 0x20, elcr_mask: 0xf8 });
    guest.vm.interrupts.attachIrqfd(5, eventfd, resample);
    eventfd.signal();
    expect(pollReadable([resample.fd], 0)).toEqual([0]);
    expectHandled(guest, 1);
    expect(pollReadable([resample.fd], 1000)).toEqual([1]);
    expect(resample.take()).toBeGreaterThan(0n);
  });

  test('a non-maskable interrupt reaches its vector', () => {
    using guest = waitingGuest();
    setRealVector(guest.view, 2, HANDLER);
    guest.vcpu.interrupts.nmi();
    expectHandled(guest, 1);
  });

  test('the I/O APIC and messages deliver to the local APIC', () => {
    using guest = waitingGuest();
    setRealVector(guest.view, 0x41, HANDLER);
    setRealVector(guest.view, 0x42, HANDLER);
    enableLocalApic(guest);
    const { interrupts } = guest.vm;
    const ioapic = interrupts.getIoapic();
    interrupts.setIoapic({ ...ioapic, redirtbl: ioapic.redirtbl.map((e, pin) => (pin === 20 ? { bits: 0x41n } : e)) });
    interrupts.setLine(20, true);
    expectHandled(guest, 1);
    endOfInterrupt(guest);
    expect(interrupts.signalMsi({ address: 0xfee0_0000, data: 0x42 })).toBe(true);
    expectHandled(guest, 2);
  });

  test('routes lead an eventfd to a message', () => {
    using guest = waitingGuest();
    using eventfd = new Eventfd();
    setRealVector(guest.view, 0x43, HANDLER);
    enableLocalApic(guest);
    guest.vm.interrupts.setRoutes([
      { gsi: 3, chip: 'pic', pin: 3 },
      { gsi: 12, chip: 'pic', pin: 12 },
      { gsi: 3, chip: 'ioapic', pin: 3 },
      { gsi: 40, msi: { address: 0xfee0_0000, data: 0x43 } },
    ]);
    guest.vm.interrupts.attachIrqfd(40, eventfd);
    eventfd.signal();
    expectHandled(guest, 1);
    guest.vm.interrupts.setLine(3, true);
    endOfInterrupt(guest);
    expectHandled(guest, 2);
  });
});

/** What a guest does to its APIC by MMIO, done from outside: software enable, LINT0 as ExtINT. */
function enableLocalApic(guest: Guest): void {
  const regs = guest.vcpu.lapic.get().regs;
  const view = new DataView(regs.buffer);
  view.setUint32(0xf0, 0x1ff, true);
  view.setUint32(0x350, 0x700, true);
  guest.vcpu.lapic.set({ regs });
}

/** Clear what is in service, as a write to the EOI register would. */
function endOfInterrupt(guest: Guest): void {
  guest.vcpu.completeAccess();
  const regs = guest.vcpu.lapic.get().regs;
  regs.fill(0, 0x100, 0x180);
  guest.vcpu.lapic.set({ regs });
}

describeKvm('interrupts without controllers in the kernel', () => {
  test('a vector is injected when the window is open', () => {
    // out 0x80, al; sti; nop; nop; l: jmp l
    using guest = new Guest({ code: [0xe6, 0x80, 0xfb, 0x90, 0x90, 0xeb, 0xfe] });
    guest.ram.set(COUNTING_HANDLER, HANDLER);
    setRealVector(guest.view, 0x33, HANDLER);
    expect(guest.run()).toBe('IO');
    guest.vcpu.page.requestInterruptWindow = true;
    expect(guest.run()).toBe('IRQ_WINDOW_OPEN');
    expect(guest.vcpu.page.readyForInterrupt).toBe(true);
    expect(guest.vcpu.page.interruptsEnabled).toBe(true);
    guest.vcpu.page.requestInterruptWindow = false;
    guest.vcpu.interrupts.inject(0x33);
    expect(guest.run()).toBe('IO');
    expect(guest.vcpu.page.io.port).toBe(0x20);
    expect(guest.ram[0x3000]).toBe(1);
  });

  testWith(CAP.SPLIT_IRQCHIP, 'local APICs alone take messages', () => {
    // sti; l: hlt; jmp l
    using guest = new Guest({ code: [0xfb, 0xf4, 0xeb, 0xfd], prepare: (vm) => vm.interrupts.createLocalApics(24) });
    guest.ram.set(COUNTING_HANDLER, HANDLER);
    setRealVector(guest.view, 0x44, HANDLER);
    enableLocalApic(guest);
    expect(guest.vm.interrupts.signalMsi({ address: 0xfee0_0000, data: 0x44 })).toBe(true);
    expect(guest.run()).toBe('IO');
    expect(guest.vcpu.page.io.port).toBe(0x20);
    expect(guest.ram[0x3000]).toBe(1);
  });
});

describeKvm('local APICs in the kernel, the I/O APIC outside', () => {
  testWith(CAP.SPLIT_IRQCHIP, 'the end of a level-triggered interrupt exits', () => {
    const vector = 0x51;
    // sti; l: hlt; jmp l
    using guest = new Guest({
      mode: 'protected',
      code: [0xfb, 0xf4, 0xeb, 0xfd],
      prepare: (vm) => vm.interrupts.createLocalApics(24),
    });
    // mov dword [0xfee000b0], 0; out 0x80, al; iret
    guest.ram.set([0xc7, 0x05, 0xb0, 0, 0xe0, 0xfe, 0, 0, 0, 0, 0xe6, 0x80, 0xcf], HANDLER);
    setProtectedVector(guest.view, vector, HANDLER);
    enableLocalApic(guest);
    // Bits 14 and 15 of a message's data: asserted, level-triggered.
    guest.vm.interrupts.setRoutes([{ gsi: 4, msi: { address: 0xfee0_0000, data: 0xc000 | vector } }]);
    using eventfd = new Eventfd();
    guest.vm.interrupts.attachIrqfd(4, eventfd);
    eventfd.signal();
    // Where the kernel interprets the guest it may come one instruction late.
    let reason = guest.run();
    if (reason === 'IO') reason = guest.run();
    expect(reason).toBe('IOAPIC_EOI');
    expect(guest.vcpu.page.eoiVector).toBe(vector);
  });
});

describeKvm('device accesses that do not exit', () => {
  test('an interrupt by eventfd is answered by a doorbell', () => {
    using guest = waitingGuest();
    // mov al, 0x20; out 0x20, al; out 0x90, al; out 0x80, al; iret
    guest.ram.set([0xb0, 0x20, 0xe6, 0x20, 0xe6, 0x90, 0xe6, 0x80, 0xcf], HANDLER);
    using interrupt = new Eventfd();
    using answer = new Eventfd();
    guest.vm.interrupts.attachIrqfd(6, interrupt);
    guest.vm.io.attachDoorbell({ port: 0x90, width: 1 }, answer);
    for (let i = 0; i < 20; i += 1) {
      interrupt.signal();
      expect(guest.run()).toBe('IO');
      expect(guest.vcpu.page.io.port).toBe(0x80);
      expect(answer.take()).toBe(1n);
    }
  });

  test('a doorbell signals an eventfd: by port, by address, by value', () => {
    // mov al, 1; out 0x90, al; mov al, 2; out 0x90, al; mov eax, 5; mov [0x200000], eax; hlt
    using guest = new Guest({
      mode: 'protected',
      code: [...[0xb0, 1, 0xe6, 0x90, 0xb0, 2, 0xe6, 0x90, 0xb8, 5, 0, 0, 0], ...[0xa3, 0, 0, 0x20, 0, 0xf4]],
    });
    using byValue = new Eventfd();
    using byAddress = new Eventfd();
    const port = { port: 0x90, width: 1, value: 2 } as const;
    guest.vm.io.attachDoorbell(port, byValue);
    guest.vm.io.attachDoorbell({ address: 0x20_0000, width: 4 }, byAddress);
    expect(guest.run()).toBe('IO');
    expect(guest.vcpu.page.io.read()).toBe(1);
    expect(guest.run()).toBe('HLT');
    expect([byValue.take(), byAddress.take(), byAddress.take()]).toEqual([1n, 1n, 0n]);
    guest.vm.io.detachDoorbell(port, byValue);
    expect(() => guest.vm.io.detachDoorbell(port, byValue)).toThrow('ENOENT');
  });

  test('coalesced writes wait in the ring', () => {
    // mov eax, 0x11; mov [0x200000], eax; mov byte [0x200004], 0x22; mov al, 0x33; out 0x70, al; hlt
    using guest = new Guest({
      mode: 'protected',
      code: [
        ...[0xb8, 0x11, 0, 0, 0, 0xa3, 0, 0, 0x20, 0, 0xc6, 0x05, 0x04, 0, 0x20, 0, 0x22],
        ...[0xb0, 0x33, 0xe6, 0x70, 0xf4],
      ],
    });
    guest.vm.io.coalesce({ address: 0x20_0000 }, 0x100);
    guest.vm.io.coalesce({ port: 0x70 }, 1);
    expect(guest.run()).toBe('HLT');
    expect(guest.vcpu.coalesced()).toEqual([
      { address: 0x20_0000, isPort: false, data: new Uint8Array([0x11, 0, 0, 0]) },
      { address: 0x20_0004, isPort: false, data: new Uint8Array([0x22]) },
      { address: 0x70, isPort: true, data: new Uint8Array([0x33]) },
    ]);
    expect(guest.vcpu.coalesced()).toEqual([]);
    guest.vm.io.uncoalesce({ port: 0x70 }, 1);
    guest.vcpu.regs.change({ rip: 0x1011 });
    expect(guest.vcpu.run()).toBe(EXIT.IO);
  });
});
