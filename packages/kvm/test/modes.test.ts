import { EXIT } from '@vizor/kvm';
import { expect, test } from 'vitest';
import { CODE, Guest } from './support/guest.ts';
import { describeKvm } from './support/host.ts';

const MMIO = 0x20_0000;

describeKvm('a guest in real mode', () => {
  test('writes to a port, and halts', () => {
    // mov dx, 0x3f8; mov al, 'A'; out dx, al; mov ax, 0x1234; out dx, ax; hlt
    using guest = new Guest({ code: [0xba, 0xf8, 0x03, 0xb0, 0x41, 0xee, 0xb8, 0x34, 0x12, 0xef, 0xf4] });
    expect(guest.output()).toEqual([
      { port: 0x3f8, value: 0x41 },
      { port: 0x3f8, value: 0x1234 },
    ]);
  });

  test('reads a port: the value is there when it runs on', () => {
    // in al, 0x60; mov ah, al; in ax, 0x62; hlt
    using guest = new Guest({ code: [0xe4, 0x60, 0x88, 0xc3, 0xe5, 0x62, 0xf4] });
    expect(guest.run()).toBe('IO');
    expect(guest.vcpu.page.io).toMatchObject({ isWrite: false, port: 0x60, size: 1, count: 1 });
    guest.vcpu.page.io.write(0x5a);
    expect(guest.run()).toBe('IO');
    expect(guest.vcpu.page.io).toMatchObject({ isWrite: false, port: 0x62, size: 2 });
    guest.vcpu.page.io.write(0xbeef);
    expect(guest.run()).toBe('HLT');
    const { rax, rbx } = guest.vcpu.regs.get();
    expect(rax & 0xffffn).toBe(0xbeefn);
    expect(rbx & 0xffn).toBe(0x5an);
  });

  test('string output exits with many values at once, or one by one, in order', () => {
    // mov si, 0x2000; mov cx, 5; mov dx, 0xe9; cld; rep outsb; hlt
    using guest = new Guest({ code: [0xbe, 0, 0x20, 0xb9, 5, 0, 0xba, 0xe9, 0, 0xfc, 0xf3, 0x6e, 0xf4] });
    guest.ram.set(Buffer.from('vizor'), 0x2000);
    const text = guest.output().map(({ value }) => String.fromCharCode(value));
    expect(text.join('')).toBe('vizor');
  });

  test('string input fills memory', () => {
    // mov di, 0x2000; mov cx, 4; mov dx, 0x1f0; cld; rep insw; hlt
    using guest = new Guest({ code: [0xbf, 0, 0x20, 0xb9, 4, 0, 0xba, 0xf0, 0x01, 0xfc, 0xf3, 0x6d, 0xf4] });
    let next = 0x1111;
    while (guest.run() === 'IO') {
      const { io } = guest.vcpu.page;
      for (let i = 0; i < io.count; i += 1, next += 0x1111) io.write(next, i);
    }
    expect([0, 2, 4, 6].map((at) => guest.view.getUint16(0x2000 + at, true))).toEqual([0x1111, 0x2222, 0x3333, 0x4444]);
  });

  test('a triple fault is a shutdown', () => {
    // lidt [0x2000] (limit 0); ud2
    using guest = new Guest({ mode: 'protected', code: [0x0f, 0x01, 0x1d, 0, 0x20, 0, 0, 0x0f, 0x0b] });
    expect(guest.run()).toBe('SHUTDOWN');
  });
});

describeKvm('a guest in protected mode', () => {
  test('writes to and reads from MMIO', () => {
    // mov eax, 0x12345678; mov [0x200010], eax; mov ebx, [0x200020]; mov byte [0x200030], 7; hlt
    using guest = new Guest({
      mode: 'protected',
      code: [
        ...[0xb8, 0x78, 0x56, 0x34, 0x12, 0xa3, 0x10, 0, 0x20, 0],
        ...[0x8b, 0x1d, 0x20, 0, 0x20, 0, 0xc6, 0x05, 0x30, 0, 0x20, 0, 7, 0xf4],
      ],
    });
    const { mmio } = guest.vcpu.page;
    expect(guest.run()).toBe('MMIO');
    expect(mmio).toMatchObject({ isWrite: true, address: MMIO + 0x10, size: 4 });
    expect(mmio.read()).toBe(0x12345678);
    expect([...mmio.bytes]).toEqual([0x78, 0x56, 0x34, 0x12]);
    expect(guest.run()).toBe('MMIO');
    expect(mmio).toMatchObject({ isWrite: false, address: MMIO + 0x20, size: 4 });
    mmio.write(0xcafe_f00d);
    expect(guest.run()).toBe('MMIO');
    expect(mmio).toMatchObject({ isWrite: true, address: MMIO + 0x30, size: 1 });
    expect(mmio.read()).toBe(7);
    expect(guest.run()).toBe('HLT');
    expect(guest.vcpu.regs.get().rbx).toBe(0xcafe_f00dn);
  });

  test('string stores to MMIO arrive in order', () => {
    // mov esi, 0x2000; mov edi, 0x200000; mov ecx, 3; cld; rep movsd; hlt
    using guest = new Guest({
      mode: 'protected',
      code: [0xbe, 0, 0x20, 0, 0, 0xbf, 0, 0, 0x20, 0, 0xb9, 3, 0, 0, 0, 0xfc, 0xf3, 0xa5, 0xf4],
    });
    for (let i = 0; i < 3; i += 1) guest.view.setUint32(0x2000 + i * 4, 0x1000 + i, true);
    const seen: [number, number][] = [];
    while (guest.run() === 'MMIO') seen.push([guest.vcpu.page.mmio.address, guest.vcpu.page.mmio.read()]);
    expect(seen).toEqual([
      [MMIO, 0x1000],
      [MMIO + 4, 0x1001],
      [MMIO + 8, 0x1002],
    ]);
  });
});

describeKvm('a guest in long mode', () => {
  /** mov rbx, 0x123456789abcdef0; mov ecx, 1000; l: add rax, rcx; loop l */
  const sum = [
    ...[0x48, 0xbb, 0xf0, 0xde, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12],
    ...[0xb9, 0xe8, 3, 0, 0, 0x48, 0x01, 0xc8, 0xe2, 0xfb],
  ];

  test('computes at CPL 0', () => {
    using guest = new Guest({ mode: 'long', code: [...sum, 0xf4] });
    guest.vcpu.regs.change({ rax: 0 });
    expect(guest.run()).toBe('HLT');
    expect(guest.vcpu.regs.get()).toMatchObject({ rax: 500_500n, rbx: 0x1234_5678_9abc_def0n });
  });

  test('computes at CPL 3, and writes to a port there', () => {
    // …; out 0xe9, al
    using guest = new Guest({ mode: 'user', code: [...sum, 0xe6, 0xe9] });
    expect(guest.run()).toBe('IO');
    expect(guest.vcpu.page.io).toMatchObject({ isWrite: true, port: 0xe9, size: 1 });
    expect(guest.vcpu.page.io.read()).toBe(500_500 & 0xff);
    guest.vcpu.completeAccess();
    expect(guest.vcpu.regs.get().rip).toBe(BigInt(CODE + sum.length + 2));
  });

  test('64-bit MMIO arrives whole', () => {
    // mov rax, 0x1122334455667788; mov [0x200008], rax; hlt
    using guest = new Guest({
      mode: 'long',
      code: [
        ...[0x48, 0xb8, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11],
        ...[0x48, 0x89, 0x04, 0x25, 0x08, 0, 0x20, 0, 0xf4],
      ],
    });
    expect(guest.run()).toBe('MMIO');
    const { mmio } = guest.vcpu.page;
    expect(mmio).toMatchObject({ isWrite: true, address: MMIO + 8, size: 8 });
    expect([mmio.read(0), mmio.read(4)]).toEqual([0x55667788, 0x11223344]);
    expect(guest.run()).toBe('HLT');
  });

  test('page tables are walked on request', () => {
    using guest = new Guest({ mode: 'long', code: [0xf4] });
    expect(guest.vcpu.translate(0x1234)).toMatchObject({ valid: 1, physical_address: 0x1234n });
    expect(guest.vcpu.translate(0x4000_0000).valid).toBe(0);
  });

  test('an instruction that KVM cannot emulate is told, with its bytes, or runs', () => {
    // cmpxchg16b [0x2000]; hlt
    using guest = new Guest({ mode: 'long', code: [0x48, 0x0f, 0xc7, 0x0c, 0x25, 0, 0x20, 0, 0, 0xf4] });
    const reason = guest.run();
    if (reason === 'HLT') return;
    expect(reason).toBe('INTERNAL_ERROR');
    expect(guest.vcpu.page.internalError.suberror).toBe(1);
    expect([...guest.vcpu.page.failedInstruction.subarray(0, 9)]).toEqual([
      0x48, 0x0f, 0xc7, 0x0c, 0x25, 0, 0x20, 0, 0,
    ]);
  });
});

describeKvm('the run page', () => {
  test('immediate_exit ends a run at once, and completes the access before it', () => {
    // in al, 0x60; hlt
    using guest = new Guest({ code: [0xe4, 0x60, 0xf4] });
    expect(guest.vcpu.run()).toBe(EXIT.IO);
    guest.vcpu.page.io.write(0x77);
    guest.vcpu.completeAccess();
    expect(guest.vcpu.regs.get()).toMatchObject({ rip: BigInt(CODE + 2) });
    expect(guest.vcpu.regs.get().rax & 0xffn).toBe(0x77n);
    expect(guest.vcpu.page.immediateExit).toBe(false);
    expect(guest.run()).toBe('HLT');
  });

  test('carries registers both ways', () => {
    // out 0x80, al; hlt
    using guest = new Guest({ code: [0xe6, 0x80, 0xf4] });
    const { sync } = guest.vcpu.page;
    guest.vcpu.regs.change({ rax: 0x99, rbx: 5 });
    sync.request(7);
    expect(guest.run()).toBe('IO');
    expect(sync.regs).toMatchObject({ rbx: 5n });
    expect(sync.sregs.cs.base).toBe(0n);
    expect(sync.events.interrupt.injected).toBe(0);
    sync.change({ regs: { ...sync.regs, rbx: 6 } });
    expect(guest.run()).toBe('HLT');
    expect(guest.vcpu.regs.get().rbx).toBe(6n);
  });

  test('may be part of the caller’s own memory, which is its own again after', () => {
    using guest = new Guest({
      code: [0xe6, 0x80, 0xf4],
    });
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    const over = new Uint8Array(memory.buffer, 0x4000, guest.vm.limits.vcpuMapSize);
    const vcpu = guest.vm.createVcpu(1, over);
    vcpu.page.immediateExit = true;
    expect(over[1]).toBe(1);
    vcpu[Symbol.dispose]();
    expect(over.every((byte) => byte === 0)).toBe(true);
    over[1] = 9;
    expect(over[1]).toBe(9);
  });
});
