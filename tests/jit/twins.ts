// Two software CPUs, one that compiles and one that does not, each with its own memory: what they make of a program must be
// the same.
import * as layout from '@vizor/asm/layout/cpu';
import { VCPU } from '@vizor/asm/layout/memory';
import type { VcpuHost } from '@vizor/core';
import { type JitMode, SoftwareVcpu } from '@vizor/cpu';
import { GuestMemory } from '@vizor/memory';
import { CODE, CODE_SIZE, DATA, DATA_SIZE, Random, STACK } from './program.ts';

const RAM = 0x40_0000;
const PML4 = 0x1000;
const PDPT = 0x2000;
const DIRECTORY = 0x3000;
const TABLE = 0x4000;
const GDT = 0x5000;
const IDT = 0x6000;
const HANDLERS = 0x7000;
const KERNEL_CS = 0x10;
/** CR0: PG, WP, NE, ET, MP, PE. CR4: OSXMMEXCPT, OSFXSR, PAE. EFER: NXE, LMA, LME. */
const CR0 = 0x80010033n;
const CR4 = 0x620n;
const EFER = 0xd00n;
const WRITABLE = 3n;

const NO_DEVICES: VcpuHost = {
  pioRead: () => 0xffffffff,
  pioWrite: () => {},
  mmioRead: () => 0xffffffff,
  mmioWrite: () => {},
  now: () => 0,
  acknowledgeInterrupt: () => 0,
  endOfInterrupt: () => {},
};

/** What a program left behind. */
export interface Remains {
  exit: string;
  registers: string[];
  memory: Uint8Array;
}

/** A software CPU in 64-bit mode at privilege level 0, its first 2 MiB mapped where they are, page by page. */
export class Twin {
  readonly vcpu: SoftwareVcpu;
  readonly #memory = new GuestMemory(RAM);
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(jit: JitMode) {
    this.vcpu = new SoftwareVcpu(this.#memory, NO_DEVICES);
    this.vcpu.jit = jit;
    const { buffer } = this.#memory.memory;
    this.#bytes = new Uint8Array(buffer, VCPU, layout.VCPU_SIZE);
    this.#view = new DataView(buffer, VCPU, layout.VCPU_SIZE);
    this.#quad(PML4, BigInt(PDPT) | WRITABLE);
    this.#quad(PDPT, BigInt(DIRECTORY) | WRITABLE);
    this.#quad(DIRECTORY, BigInt(TABLE) | WRITABLE);
    for (let page = 0; page < 512; page++) this.#quad(TABLE + page * 8, BigInt(page * 4096) | WRITABLE);
    this.#quad(GDT + KERNEL_CS, 0x00af9b000000ffffn);
    for (let vector = 0; vector < 32; vector++) {
      this.#quad(IDT + vector * 16, BigInt(HANDLERS + vector) | (BigInt(KERNEL_CS) << 16n) | (0x8en << 40n));
    }
    this.#memory.write(HANDLERS, new Uint8Array(32).fill(0xf4));
    const { registers } = this.vcpu;
    registers.set('cr0', CR0);
    registers.set('cr3', BigInt(PML4));
    registers.set('cr4', CR4);
    registers.set('efer', EFER);
    registers.setTable('gdt', BigInt(GDT), 0x7f);
    registers.setTable('idt', BigInt(IDT), 32 * 16 - 1);
    registers.setSegment('cs', { selector: KERNEL_CS, base: 0n, limit: 0xffffffff, attributes: 0xa09b });
    for (const name of ['ss', 'ds', 'es', 'fs', 'gs'] as const) {
      registers.setSegment(name, { selector: 0, base: 0n, limit: 0xffffffff, attributes: 0xc093 });
    }
  }

  #quad(gpa: number, value: bigint): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value, true);
    this.#memory.write(gpa, bytes);
  }

  /** Place a program at `offset` in the code area; registers and data follow from `seed`. */
  prepare(program: readonly number[], seed: number, fuel: number, offset: number): void {
    const random = new Random(seed);
    const code = new Uint8Array(CODE_SIZE).fill(0xf4);
    code.set(program, offset);
    this.#memory.write(CODE, code);
    const data = new Uint8Array(DATA_SIZE + 0x100);
    for (let i = 0; i < data.length; i++) data[i] = random.below(256);
    new DataView(data.buffer).setInt32(0x3f00, fuel, true);
    this.#memory.write(DATA, data);
    for (let i = 0; i < 16; i++) {
      const value = random.oneIn(3)
        ? BigInt(random.below(3)) - 1n
        : (BigInt(random.next()) << 32n) | BigInt(random.next());
      this.#view.setBigUint64(layout.GPR + i * 8, BigInt.asUintN(64, value), true);
    }
    for (let i = 0; i < 256; i++) this.#bytes[layout.XMM + i] = random.below(256);
    this.#view.setUint32(layout.MXCSR, 0x1f80, true);
    this.#view.setBigUint64(layout.RSP, BigInt(STACK), true);
    this.#view.setBigUint64(layout.GPR + 15 * 8, BigInt(DATA), true);
    this.#view.setBigUint64(layout.RIP, BigInt(CODE + offset), true);
    this.#view.setBigUint64(layout.RFLAGS, 2n, true);
    this.#view.setUint32(layout.FLAG_OP, 0, true);
    this.#view.setUint32(layout.HALTED, 0, true);
    this.vcpu.kernel.updateMode(VCPU);
  }

  /** Run a program at `offset` in the code area, from registers and data that follow from `seed`, to its HLT. */
  run(program: readonly number[], seed: number, fuel: number, offset: number): Remains {
    this.prepare(program, seed, fuel, offset);
    const before = this.vcpu.instructions;
    let exit: string;
    do exit = this.vcpu.run(40_000);
    while (exit === 'slice' && this.vcpu.instructions - before < 10_000_000);
    return {
      exit,
      registers: this.registers(before),
      memory: this.#memory.bytes.slice(this.#memory.ramBase + DATA, this.#memory.ramBase + STACK),
    };
  }

  registers(before: number): string[] {
    const quads = Array.from(
      { length: 16 },
      (_, i) => `r${i} ${this.#view.getBigUint64(layout.GPR + i * 8, true).toString(16)}`,
    );
    const xmm = Array.from(
      { length: 8 },
      (_, i) =>
        `xmm${i} ${Buffer.from(this.#bytes.slice(layout.XMM + i * 16, layout.XMM + i * 16 + 16)).toString('hex')}`,
    );
    return [
      ...quads,
      ...xmm,
      `rip ${this.#view.getBigUint64(layout.RIP, true).toString(16)}`,
      `flags ${this.vcpu.kernel.getFlags(VCPU).toString(16)}`,
      `instructions ${this.vcpu.instructions - before}`,
    ];
  }

  /** Instructions that compiled code has retired. */
  get compiled(): number {
    return Number(this.vcpu.registers.quad(layout.JIT_INSTRUCTIONS));
  }
}
