import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { BlockedSignal, EXIT, KICK_SIGNAL, Kicker, signalThread, threadId, Vcpu, type VcpuHandle } from '@vizor/kvm';
import { expect, test, vi } from 'vitest';
import { Guest } from './support/guest.ts';
import { describeKvm, footprint } from './support/host.ts';
import { WORD } from './support/words.ts';

const WORKER = new URL('./support/vcpu-worker.ts', import.meta.url);
/** l: jmp l */
const SPIN = [0xeb, 0xfe];
const KICKS = 10_000;
const DEADLINE = 10_000;

/** A vCPU in a worker, and the words that it shares. */
async function start(handle: VcpuHandle) {
  const words = new Int32Array(new SharedArrayBuffer(32));
  const worker = new Worker(WORKER, { workerData: { handle, words: words.buffer } });
  const ended = once(worker, 'exit');
  await Promise.race([Atomics.waitAsync(words, WORD.READY, 0, DEADLINE).value, once(worker, 'error')]);
  expect(words[WORD.READY]).toBe(1);
  return { words, ended };
}

/** Post a request, kick, and wait until the vCPU's thread has seen it. */
function request(words: Int32Array<SharedArrayBuffer>, kicker: Kicker, number: number): boolean {
  Atomics.store(words, WORD.REQUESTED, number);
  if (!kicker.kick()) return false;
  for (let seen = Atomics.load(words, WORD.SEEN); seen !== number; seen = Atomics.load(words, WORD.SEEN)) {
    if (Atomics.wait(words, WORD.SEEN, seen, DEADLINE) === 'timed-out') return false;
  }
  return true;
}

describeKvm('a vCPU and its thread', () => {
  test(`is kicked out of KVM_RUN ${KICKS} times, and no kick is lost`, async () => {
    using guest = new Guest({ mode: 'user', code: SPIN });
    const handle = guest.vcpu.handOver();
    using kicker = new Kicker(handle);
    const { words, ended } = await start(handle);
    let lost = 0;
    for (let i = 1; i <= KICKS; i += 1) if (!request(words, kicker, i)) lost += 1;
    Atomics.store(words, WORD.STOP, 1);
    kicker.kick();
    await ended;
    expect(lost).toBe(0);
    expect(words[WORD.EXITS]).toBeGreaterThanOrEqual(KICKS);
    expect(kicker.kick()).toBe(false);
  });

  test('keeps a kick that comes while an access is completed', () => {
    // in al, 0x60; hlt
    using guest = new Guest({ code: [0xe4, 0x60, 0xf4] });
    const { vcpu } = guest;
    using kicker = new Kicker(vcpu.handle);
    expect(kicker.kick()).toBe(false);
    vcpu.acceptKicks();
    expect(vcpu.run()).toBe(EXIT.INTR);
    expect(vcpu.run()).toBe(EXIT.IO);
    expect(kicker.kick()).toBe(true);
    expect(vcpu.completeAccess()).toBe(EXIT.INTR);
    expect(vcpu.run()).toBe(EXIT.INTR);
    vcpu.setSignalMask(undefined);
    expect(vcpu.run()).toBe(EXIT.HLT);
    const { handle } = vcpu;
    vcpu[Symbol.dispose]();
    expect(() => new Kicker(handle)).toThrow('after it was closed');
  });

  test('is kicked out of a halt in the kernel', async () => {
    // sti; l: hlt; jmp l
    using guest = new Guest({ irqchip: true, code: [0xfb, 0xf4, 0xeb, 0xfd] });
    const handle = guest.vcpu.handOver();
    using kicker = new Kicker(handle);
    const { words, ended } = await start(handle);
    for (let i = 1; i <= 50; i += 1) expect(request(words, kicker, i)).toBe(true);
    Atomics.store(words, WORD.STOP, 1);
    kicker.kick();
    await ended;
  });

  test('belongs to one thread: the others are refused', async () => {
    using guest = new Guest({ mode: 'user', code: SPIN });
    const { vcpu } = guest;
    expect(() => Vcpu.adopt(vcpu.handle)).toThrow('has an owner');
    const handle = vcpu.handOver();
    expect(() => vcpu.run()).toThrow('handed over');
    expect(() => vcpu.page.exitReason).toThrow('handed over');
    expect(() => vcpu.handOver()).toThrow('handed over');
    using kicker = new Kicker(handle);
    const { words, ended } = await start(handle);
    expect(() => vcpu.regs.get()).toThrow(/used from thread \d+, but it belongs to thread \d+/);
    expect(() => Vcpu.adopt(handle)).toThrow('has an owner');
    expect(() => guest.vm[Symbol.dispose]()).toThrow('still belongs to another thread');
    Atomics.store(words, WORD.STOP, 1);
    kicker.kick();
    await ended;
    expect(() => Vcpu.adopt(handle)).toThrow('is closed');
  });

  test('comes back when nobody adopts it, and goes with its VM', () => {
    const before = footprint();
    {
      using guest = new Guest({ code: [0xf4] });
      const handle = guest.vcpu.handOver();
      expect(() => Vcpu.adopt(handle, new Uint8Array(3))).toThrow('page boundary');
      using again = Vcpu.adopt(handle);
      expect(again.run()).toBe(EXIT.HLT);
      again.handOver();
    }
    expect(footprint()).toMatchObject({ descriptors: before.descriptors, mappings: before.mappings });
  });

  test('four of them start by INIT and SIPI, and leave no thread behind', async () => {
    const before = footprint();
    expect(await startFour()).toBe(0b1111);
    // The kernel has a thread of its own in the process for each VM that is open.
    await vi.waitFor(() => expect(footprint().threads).toBeLessThanOrEqual(before.threads));
    expect(footprint()).toMatchObject({ descriptors: before.descriptors, mappings: before.mappings });
  });
});

/** Start four vCPUs, each in a worker, and stop them. Returns a bit for each that ran. */
async function startFour(): Promise<number> {
  using guest = new Guest({ mode: 'protected', irqchip: true, code: BOOTSTRAP });
  guest.ram.set(APPLICATION, 0x2000);
  const others = [1, 2, 3].map((id) => {
    const vcpu = guest.vm.createVcpu(id);
    vcpu.cpuid.set(cpuidFor(guest, id));
    return vcpu.handOver();
  });
  const handles = [guest.vcpu.handOver(), ...others];
  const kickers = handles.map((handle) => new Kicker(handle));
  const threads = await Promise.all(handles.map(start));
  const seen = () => threads.reduce((ids, { words }) => ids | Atomics.load(words, WORD.PORTS), 0);
  for (let waited = 0; seen() !== 0b1111 && waited < DEADLINE; waited += 5) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  for (const [i, { words }] of threads.entries()) {
    Atomics.store(words, WORD.STOP, 1);
    kickers[i].kick();
  }
  await Promise.all(threads.map(({ ended }) => ended));
  for (const kicker of kickers) kicker[Symbol.dispose]();
  return seen();
}

/**
 * 32-bit code of the first vCPU: enable its local APIC, send INIT and SIPI (vector 2: address 0x2000) to all others, say
 * 0 on port 0x80, halt.
 */
const BOOTSTRAP = [
  ...[0xc7, 0x05, 0xf0, 0, 0xe0, 0xfe, 0xff, 1, 0, 0], // mov dword [0xfee000f0], 0x1ff
  ...[0xc7, 0x05, 0x00, 0x03, 0xe0, 0xfe, 0x00, 0x45, 0x0c, 0], // mov dword [0xfee00300], 0x0c4500
  ...[0xc7, 0x05, 0x00, 0x03, 0xe0, 0xfe, 0x02, 0x46, 0x0c, 0], // mov dword [0xfee00300], 0x0c4602
  ...[0x31, 0xc0, 0xe6, 0x80, 0xf4, 0xeb, 0xfd], // xor eax, eax; out 0x80, al; l: hlt; jmp l
];

/** Real-mode code of the others: say the initial APIC id of CPUID leaf 1 on port 0x80, halt. */
const APPLICATION = [
  ...[0x66, 0xb8, 1, 0, 0, 0, 0x0f, 0xa2, 0x66, 0xc1, 0xeb, 0x18], // mov eax, 1; cpuid; shr ebx, 24
  ...[0x88, 0xd8, 0xe6, 0x80, 0xf4, 0xeb, 0xfd], // mov al, bl; out 0x80, al; l: hlt; jmp l
];

function cpuidFor(guest: Guest, id: number) {
  return guest.kvm
    .supportedCpuid()
    .map((entry) => (entry.function === 1 ? { ...entry, ebx: ((entry.ebx & 0xff_ffff) | (id << 24)) >>> 0 } : entry));
}

describeKvm('signals', () => {
  test('are blocked, sent to a thread, and taken off its queue', () => {
    const signal = new BlockedSignal(KICK_SIGNAL);
    expect(signal.drain()).toBe(0);
    expect(signalThread(threadId, KICK_SIGNAL)).toBe(true);
    expect(signalThread(threadId, KICK_SIGNAL)).toBe(true);
    expect(signal.drain()).toBe(2);
    expect(signalThread(0x3fff_fff0, KICK_SIGNAL)).toBe(false);
    expect(() => new BlockedSignal(9)).toThrow('not a real-time signal');
  });
});
