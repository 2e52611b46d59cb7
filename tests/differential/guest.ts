import * as layout from '@vizor/asm/layout/cpu';
import { VCPU } from '@vizor/asm/layout/memory';
import type { VcpuHost } from '@vizor/core';
import { SoftwareVcpu } from '@vizor/cpu';
import { GuestMemory } from '@vizor/memory';
import { CODE, CODE_SIZE, HLT, REGION_SIZE, WINDOW, WINDOW_SIZE } from './region.ts';
import {
  FAULT_RIP,
  FLAGS,
  FX_FCW,
  FX_FDP,
  FX_FIP,
  FX_FOP,
  FX_FSW,
  FX_MXCSR,
  FX_ST,
  FX_TAGS,
  FX_XMM,
  GPRS,
  HUNG,
  NO_VECTOR,
  State,
} from './state.ts';
import { USER_CS32, USER_CS64, USER_DS } from './stub.ts';

/** Guest physical memory: the kernel's own 2 MiB, mapped where they are, then the region. */
const REGION_GPA = 0x200000;
const RAM = 0x400000;
const PML4 = 0x1000;
const PDPT = 0x2000;
const DIRECTORY = 0x3000;
const GDT = 0x4000;
const IDT = 0x5000;
const TSS = 0x6000;
/** One HLT a vector: where the kernel halted says which exception it was. */
const HANDLERS = 0x7000;
const KERNEL_STACK = 0x9000;

const KERNEL_CS = 0x10;
const TSS_SELECTOR = 0x40;
const PRESENT_WRITABLE_USER = 7n;
const LARGE = 0x80n;
/** CR0: PG, AM, WP, NE, ET, MP, PE. CR4: OSXMMEXCPT, OSFXSR, PGE, PAE. EFER: NXE, LMA, LME, SCE. */
const CR0 = 0x80050033n;
const CR4 = 0x6a0n;
const EFER = 0xd01n;
const IF = 0x200;
/** Exceptions that push an error code (Intel SDM vol. 3, table 6-1). */
const WITH_ERROR_CODE = new Set([8, 10, 11, 12, 13, 14, 17]);
/** Exceptions that user mode may raise with an instruction of their own: #DB, #BP, #OF. */
const USER_GATES = new Set([1, 3, 4]);
const BUDGET = 5000;
const SEGMENTS_SIZE = 8 * layout.SEG_SIZE;

const NO_DEVICES: VcpuHost = {
  pioRead: () => 0xffffffff,
  pioWrite: () => {},
  mmioRead: () => 0xffffffff,
  mmioWrite: () => {},
  now: () => 0,
  acknowledgeInterrupt: () => 0,
  endOfInterrupt: () => {},
};

/** The software CPU with a kernel of HLTs: runs one user-mode instruction on a given state, as `HostCpu` does. */
export class GuestCpu {
  readonly input = new State();
  readonly output = new State();
  readonly window: Uint8Array;
  readonly #base: number;
  readonly #memory = new GuestMemory(RAM);
  readonly #vcpu: SoftwareVcpu;
  /** The vCPU's block of linear memory. */
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #segments64: Uint8Array;
  readonly #segments32: Uint8Array;

  /** @param base linear address of the region */
  constructor(base: number) {
    this.#base = base;
    this.#vcpu = new SoftwareVcpu(this.#memory, NO_DEVICES);
    const { buffer } = this.#memory.memory;
    this.#bytes = new Uint8Array(buffer, VCPU, layout.VCPU_SIZE);
    this.#view = new DataView(buffer, VCPU, layout.VCPU_SIZE);
    this.window = this.#memory.bytes.subarray(this.#memory.ramBase + REGION_GPA + WINDOW).subarray(0, WINDOW_SIZE);
    this.#memory.write(REGION_GPA + CODE, new Uint8Array(CODE_SIZE).fill(HLT));
    this.#writePageTables();
    this.#writeDescriptors();
    this.#loadControl();
    this.#segments64 = this.#segments(true);
    this.#segments32 = this.#segments(false);
    this.#vcpu.sync();
  }

  #quad(gpa: number, value: bigint): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, value, true);
    this.#memory.write(gpa, bytes);
  }

  /** 4-level paging with 2 MiB pages: the kernel's own, for it alone, and the region. */
  #writePageTables(): void {
    this.#quad(PML4, BigInt(PDPT) | PRESENT_WRITABLE_USER);
    this.#quad(PDPT, BigInt(DIRECTORY) | PRESENT_WRITABLE_USER);
    this.#quad(DIRECTORY, LARGE | 3n);
    this.#quad(DIRECTORY + (this.#base / REGION_SIZE) * 8, BigInt(REGION_GPA) | LARGE | PRESENT_WRITABLE_USER);
  }

  /** GDT with Linux's user segments, an IDT of interrupt gates to the HLTs, a TSS with a kernel stack. */
  #writeDescriptors(): void {
    this.#quad(GDT + KERNEL_CS, 0x00af9b000000ffffn);
    this.#quad(GDT + (USER_CS32 & ~3), 0x00cffb000000ffffn);
    this.#quad(GDT + (USER_DS & ~3), 0x00cff3000000ffffn);
    this.#quad(GDT + (USER_CS64 & ~3), 0x00affb000000ffffn);
    for (let vector = 0; vector < 32; vector++) {
      const dpl = USER_GATES.has(vector) ? 3n : 0n;
      const type = 0x8en | (dpl << 5n);
      this.#quad(IDT + vector * 16, BigInt(HANDLERS + vector) | (BigInt(KERNEL_CS) << 16n) | (type << 40n));
    }
    this.#memory.write(HANDLERS, new Uint8Array(32).fill(HLT));
    this.#quad(TSS + 4, BigInt(KERNEL_STACK));
    // An I/O map beyond the limit: no port is open to user mode.
    this.#memory.write(TSS + 0x66, Uint8Array.of(0x68, 0));
  }

  #loadControl(): void {
    const { registers } = this.#vcpu;
    registers.set('cr0', CR0);
    registers.set('cr3', BigInt(PML4));
    registers.set('cr4', CR4);
    registers.set('efer', EFER);
    registers.setTable('gdt', BigInt(GDT), 0x7f);
    registers.setTable('idt', BigInt(IDT), 32 * 16 - 1);
    const tss = { selector: TSS_SELECTOR, base: BigInt(TSS), limit: 0x67, attributes: 0x8b };
    registers.setSegment('tr', tss);
    registers.setSegment('ldtr', { selector: 0, base: 0n, limit: 0, attributes: 0x10000 });
  }

  /** Bytes of the segment registers of a user process. In 64-bit mode data segments are null, as Linux has them. */
  #segments(wide: boolean): Uint8Array {
    const { registers } = this.#vcpu;
    const data = { selector: USER_DS, base: 0n, limit: 0xffffffff, attributes: 0xc0f3 };
    const none = { selector: 0, base: 0n, limit: 0, attributes: 0x10000 };
    const code = wide ? { selector: USER_CS64, attributes: 0xa0fb } : { selector: USER_CS32, attributes: 0xc0fb };
    registers.setSegment('cs', { base: 0n, limit: 0xffffffff, ...code });
    registers.setSegment('ss', data);
    for (const name of ['ds', 'es'] as const) registers.setSegment(name, wide ? none : data);
    for (const name of ['fs', 'gs'] as const) registers.setSegment(name, none);
    return this.#bytes.slice(layout.SEG, layout.SEG + SEGMENTS_SIZE);
  }

  place(offset: number, instruction: Uint8Array): void {
    this.#memory.write(REGION_GPA + CODE + offset, instruction);
  }

  clear(offset: number, length: number): void {
    this.#memory.write(REGION_GPA + CODE + offset, new Uint8Array(length).fill(HLT));
  }

  /** Run the instruction at `offset` on `input` and the window; the result is in `output` and the window. */
  run(offset: number, length: number, wide: boolean, branches: boolean): void {
    const start = this.#base + CODE + offset;
    this.#load(start, wide);
    const exit = this.#vcpu.run(BUDGET);
    this.#store(exit === 'halt-forever' ? undefined : HUNG);
    const { output } = this;
    // Not a fault of the instruction, but that of the HLT after it.
    if (!branches && output.vector === 13 && output.faultRip === BigInt(start + length)) output.vector = NO_VECTOR;
  }

  #load(rip: number, wide: boolean): void {
    const view = this.#view;
    const { input } = this;
    this.#bytes.set(wide ? this.#segments64 : this.#segments32, layout.SEG);
    this.#bytes.set(input.bytes.subarray(GPRS, GPRS + 128), layout.GPR);
    view.setBigUint64(layout.RIP, BigInt(rip), true);
    view.setBigUint64(layout.RFLAGS, BigInt(input.flags | IF | 2), true);
    view.setUint32(layout.FLAG_OP, 0, true);
    view.setUint32(layout.CPL, 3, true);
    view.setUint32(layout.HALTED, 0, true);
    view.setUint32(layout.SHADOW, 0, true);
    this.#loadFloat();
    this.#vcpu.kernel.updateMode(VCPU);
  }

  #loadFloat(): void {
    const view = this.#view;
    const from = this.input.view;
    const fsw = from.getUint16(FX_FSW, true);
    view.setUint16(layout.FCW, from.getUint16(FX_FCW, true), true);
    view.setUint16(layout.FSW, fsw, true);
    view.setUint16(layout.FOP, from.getUint16(FX_FOP, true), true);
    view.setBigUint64(layout.FIP, from.getBigUint64(FX_FIP, true), true);
    view.setBigUint64(layout.FDP, from.getBigUint64(FX_FDP, true), true);
    view.setUint16(layout.FCS, 0, true);
    view.setUint16(layout.FDS, 0, true);
    view.setUint32(layout.MXCSR, from.getUint32(FX_MXCSR, true), true);
    const tags = from.getUint8(FX_TAGS);
    let full = 0;
    for (let i = 0; i < 8; i++) if ((tags & (1 << i)) === 0) full |= 3 << (i * 2);
    view.setUint16(layout.FTW, full, true);
    for (let i = 0; i < 8; i++) {
      const to = layout.FPR + (((fsw >> 11) + i) & 7) * 16;
      this.#bytes.set(this.input.bytes.subarray(FX_ST + i * 16, FX_ST + i * 16 + 10), to);
    }
    this.#bytes.set(this.input.bytes.subarray(FX_XMM, FX_XMM + 256), layout.XMM);
  }

  /** Take the state that the exception's frame and the registers hold. */
  #store(failure: number | undefined): void {
    const view = this.#view;
    const { output } = this;
    output.bytes.set(this.#bytes.subarray(layout.GPR, layout.GPR + 128), GPRS);
    this.#storeFloat();
    if (failure !== undefined) {
      output.vector = failure;
      output.view.setBigUint64(FAULT_RIP, view.getBigUint64(layout.RIP, true), true);
      return;
    }
    const vector = Number(view.getBigUint64(layout.RIP, true)) - HANDLERS - 1;
    output.vector = vector;
    const frame = Number(view.getBigUint64(layout.RSP, true)) + (WITH_ERROR_CODE.has(vector) ? 8 : 0);
    const saved = new DataView(this.#memory.memory.buffer, this.#memory.ramBase + frame, 40);
    output.view.setBigUint64(FAULT_RIP, saved.getBigUint64(0, true), true);
    output.view.setBigUint64(FLAGS, saved.getBigUint64(16, true), true);
    output.setGpr(4, saved.getBigUint64(24, true));
  }

  #storeFloat(): void {
    const view = this.#view;
    const to = this.output.view;
    const fsw = view.getUint16(layout.FSW, true);
    to.setUint16(FX_FCW, view.getUint16(layout.FCW, true), true);
    to.setUint16(FX_FSW, fsw, true);
    to.setUint16(FX_FOP, view.getUint16(layout.FOP, true), true);
    to.setBigUint64(FX_FIP, view.getBigUint64(layout.FIP, true), true);
    to.setBigUint64(FX_FDP, view.getBigUint64(layout.FDP, true), true);
    to.setUint32(FX_MXCSR, view.getUint32(layout.MXCSR, true), true);
    const full = view.getUint16(layout.FTW, true);
    let tags = 0;
    for (let i = 0; i < 8; i++) if (((full >> (i * 2)) & 3) !== 3) tags |= 1 << i;
    to.setUint8(FX_TAGS, tags);
    for (let i = 0; i < 8; i++) {
      const from = layout.FPR + (((fsw >> 11) + i) & 7) * 16;
      this.output.bytes.set(this.#bytes.subarray(from, from + 10), FX_ST + i * 16);
    }
    this.output.bytes.set(this.#bytes.subarray(layout.XMM, layout.XMM + 256), FX_XMM);
  }
}
