import * as layout from '@vizor/asm/layout/cpu';
import { VCPU } from '@vizor/asm/layout/memory';
import type { Vcpu, VcpuExit, VcpuHost } from '@vizor/core';
import { type CpuKernel, instantiateCpuKernel } from '@vizor/kernels';
import type { GuestMemory } from '@vizor/memory';
import { type JitStatistics, jitStatistics } from './jit-statistics.ts';
import { Registers } from './registers.ts';

/** In the order of EXIT_* in asm/layout/cpu.ts. */
const EXITS: readonly VcpuExit[] = ['slice', 'halt', 'halt-forever', 'shutdown', 'stop'];

/** Counters that the software CPU keeps, by what they count. */
const COUNTERS = Object.freeze({
  pio: layout.COUNT_PIO,
  mmio: layout.COUNT_MMIO,
  interrupts: layout.COUNT_INTERRUPT,
  exceptions: layout.COUNT_EXCEPTION,
  halts: layout.COUNT_HALT,
  tlbMisses: layout.COUNT_TLB_MISS,
  decoded: layout.COUNT_DECODED,
  codePagesDropped: layout.COUNT_CODE_DROPPED,
});

/** In the order of JIT_* in asm/layout/jit.ts. */
const JIT_MODES = ['off', 'on', 'stress'] as const;
export type JitMode = (typeof JIT_MODES)[number];

/** A vCPU of the accelerator "wasm": the x86-64 CPU of asm/cpu over a machine's memory. */
export class SoftwareVcpu implements Vcpu {
  readonly registers: Registers;
  readonly kernel: CpuKernel;
  readonly #base = VCPU;
  readonly #memory: WebAssembly.Memory;

  constructor(memory: GuestMemory, host: VcpuHost) {
    this.#memory = memory.memory;
    this.kernel = instantiateCpuKernel(memory.memory, {
      pioRead: (port, size) => host.pioRead(port, size as 1 | 2 | 4),
      pioWrite: (port, size, value) => host.pioWrite(port, size as 1 | 2 | 4, value >>> 0),
      mmioRead: (low, high, size) => host.mmioRead(address(low, high), size as 1 | 2 | 4),
      mmioWrite: (low, high, size, value) => host.mmioWrite(address(low, high), size as 1 | 2 | 4, value >>> 0),
      now: () => host.now(),
      acknowledge: () => host.acknowledgeInterrupt(),
      endOfInterrupt: (vector) => host.endOfInterrupt(vector),
    });
    this.kernel.create(this.#base, memory.ramBase, memory.lowSize, memory.highSize);
    memory.observeWrites((offset, length) => this.kernel.written(this.#base, memory.ramBase + offset, length));
    this.registers = new Registers(memory.memory, this.#base);
    // pvclock wants the wall clock at guest time 0.
    this.registers.setQuad(layout.WALL_CLOCK_NS, BigInt(Date.now()) * 1_000_000n - BigInt(Math.floor(host.now())));
  }

  run(budget: number): VcpuExit {
    return EXITS[this.kernel.run(this.#base, budget)]!;
  }

  /** Whether hot code is compiled; `stress` compiles everything at once, in small pieces, and throws it away often. */
  set jit(mode: JitMode) {
    this.registers.setWord(layout.JIT_MODE, JIT_MODES.indexOf(mode));
  }

  /** Look at interrupts and timers at the next boundary. */
  attend(): void {
    this.registers.setWord(layout.PENDING, 1);
  }

  /** Leave `run` with the exit 'stop' at the next boundary. */
  stop(): void {
    this.registers.setWord(layout.STOP, 1);
  }

  setIntr(level: boolean): void {
    this.kernel.setIntr(this.#base, Number(level));
  }

  pulseNmi(): void {
    this.kernel.pulseNmi(this.#base);
  }

  setA20(open: boolean): void {
    this.kernel.setA20(this.#base, Number(open));
  }

  deliverApic(destination: number, logical: boolean, deliveryMode: number, vector: number, level: boolean): void {
    this.kernel.deliverApic(this.#base, destination, Number(logical), deliveryMode, vector, Number(level));
  }

  nextTimer(): number {
    return this.kernel.lapicNextTimer(this.#base);
  }

  /** Registers were changed from outside: derive the mode from them and forget translations. */
  sync(): void {
    this.kernel.updateMode(this.#base);
    this.kernel.flush(this.#base);
  }

  get instructions(): number {
    return Number(this.registers.quad(layout.INSTRUCTIONS));
  }

  /** How often things happened, by kind. */
  counters(): Record<keyof typeof COUNTERS, number> {
    return Object.fromEntries(
      Object.entries(COUNTERS).map(([name, offset]) => [name, this.registers.word(offset)]),
    ) as Record<keyof typeof COUNTERS, number>;
  }

  /** What the JIT has done; undefined when it is off. */
  get jitStatistics(): JitStatistics | undefined {
    return this.registers.word(layout.JIT_MODE) === 0 ? undefined : jitStatistics(this.#memory, this.registers);
  }
}

function address(low: number, high: number): number {
  return (high >>> 0) * 2 ** 32 + (low >>> 0);
}
