// A vCPU over 4 MiB of RAM, with descriptor tables and handlers in place: what privileged tests run on. Every handler is a
// single HLT, so that the address at which a run halts names the vector, and its stack holds the frame as it was pushed.

import * as layout from '@vizor/asm/layout/cpu';
import { VCPU } from '@vizor/asm/layout/memory';
import type { VcpuExit } from '@vizor/core';
import { type GeneralRegister, type SegmentName, SoftwareVcpu } from '@vizor/cpu';
import { GuestMemory } from '@vizor/memory';
import { Assembler, type Bits } from './assemble.ts';
import { ACCESS, FLAG, flatDescriptor, type Gate, gateDescriptor, segmentDescriptor, TYPE } from './descriptors.ts';
import { PageTables, type PagingKind } from './paging.ts';

/** Where things are in guest physical memory. */
export const AT = Object.freeze({
  IVT: 0,
  GDT: 0x1000,
  IDT: 0x2000,
  TSS: 0x3000,
  HANDLERS: 0x4000,
  /** Tops of stacks: for kernel code, for code of privilege level 3, for what the TSS names, for IST1. */
  STACK: 0x8000,
  USER_STACK: 0xa000,
  INNER_STACK: 0xc000,
  IST_STACK: 0xe000,
  CODE: 0x10000,
  USER_CODE: 0x18000,
  DATA: 0x20000,
  TABLES: 0x100000,
  /** From here to 2 MiB nothing lies. */
  FREE: 0x180000,
});

/** Selectors in the GDT, in the order that SYSCALL and SYSRET want. */
export const SEL = Object.freeze({
  CODE64: 0x08,
  DATA: 0x10,
  USER_CODE32: 0x1b,
  USER_DATA: 0x23,
  USER_CODE64: 0x2b,
  CODE32: 0x30,
  CODE16: 0x38,
  DATA16: 0x40,
  TSS: 0x48,
  /** The first that tests may define. */
  FREE: 0x58,
});

const GDT_LIMIT = 0xfff;
const ERROR_CODE_VECTORS = new Set([8, 10, 11, 12, 13, 14, 17]);
const RAM = 4 * 2 ** 20;

export const CR0 = Object.freeze({
  PE: 1n,
  MP: 2n,
  EM: 4n,
  TS: 8n,
  ET: 0x10n,
  NE: 0x20n,
  WP: 0x10000n,
  PG: 0x80000000n,
});
export const CR4 = Object.freeze({ DE: 8n, PSE: 0x10n, PAE: 0x20n, PGE: 0x80n, SMEP: 0x100000n });
export const EFER = Object.freeze({ SCE: 1n, LME: 0x100n, LMA: 0x400n, NXE: 0x800n });
export const FLAGS = Object.freeze({
  TF: 0x100,
  IF: 0x200,
  DF: 0x400,
  IOPL3: 0x3000,
  NT: 0x4000,
  RF: 0x10000,
  VM: 0x20000,
});

export interface Frame {
  vector: number;
  /** Undefined where the vector pushes none. */
  error: number | undefined;
  rip: bigint;
  cs: number;
  flags: number;
  /** Stack pointer and segment in the frame: in 64-bit mode and after a change of privilege level. */
  rsp: bigint;
  ss: number;
}

export interface EnterOptions {
  user?: boolean;
  cr0?: bigint;
  cr4?: bigint;
  efer?: bigint;
  flags?: number;
  /** Page tables; in 32-bit mode paging is off without them. */
  tables?: PageTables;
  /** Compatibility mode rather than 64-bit mode. */
  compatibility?: boolean;
}

export class Bench {
  readonly memory = new GuestMemory(RAM);
  readonly vcpu: SoftwareVcpu;
  /** Port and MMIO accesses, as "out 80 1 = 5", "in 80 1", "write fed00000 4 = 1", "read fed00000 4". */
  readonly log: string[] = [];
  /** Guest time in nanoseconds. */
  time = 0;
  /** What the 8259 pair answers to an acknowledge. */
  picVector = 0x20;
  /** Called at every port write. */
  onOut: (port: number, value: number) => void = () => {};

  constructor() {
    this.vcpu = new SoftwareVcpu(this.memory, {
      pioRead: (port, size) => {
        this.log.push(`in ${port.toString(16)} ${size}`);
        return 0;
      },
      pioWrite: (port, size, value) => {
        this.log.push(`out ${port.toString(16)} ${size} = ${value.toString(16)}`);
        this.onOut(port, value);
      },
      mmioRead: (gpa, size) => {
        this.log.push(`read ${gpa.toString(16)} ${size}`);
        return 0xffffffff;
      },
      mmioWrite: (gpa, size, value) => {
        this.log.push(`write ${gpa.toString(16)} ${size} = ${value.toString(16)}`);
      },
      now: () => this.time,
      acknowledgeInterrupt: () => {
        this.log.push('acknowledge');
        this.vcpu.setIntr(false);
        return this.picVector;
      },
      endOfInterrupt: (vector) => this.log.push(`eoi ${vector.toString(16)}`),
    });
  }

  /** Everything as new: RAM empty but for the tables, the vCPU in real mode. */
  reset(): this {
    this.time = 0;
    this.memory.bytes.fill(0, this.memory.ramBase, this.memory.ramBase + RAM);
    this.vcpu.kernel.create(VCPU, this.memory.ramBase, this.memory.lowSize, this.memory.highSize);
    // The processor's signature.
    this.set('rdx', 0);
    this.log.length = 0;
    this.onOut = () => {};
    this.memory.write(AT.HANDLERS, new Uint8Array(0x1000).fill(0xf4));
    this.#fillGdt();
    return this;
  }

  #fillGdt(): void {
    this.descriptor(SEL.CODE64, flatDescriptor(ACCESS.CODE, FLAG.GRANULAR | FLAG.LONG));
    this.descriptor(SEL.DATA, flatDescriptor(ACCESS.DATA));
    this.descriptor(SEL.USER_CODE32, flatDescriptor(ACCESS.CODE | ACCESS.DPL3));
    this.descriptor(SEL.USER_DATA, flatDescriptor(ACCESS.DATA | ACCESS.DPL3));
    this.descriptor(SEL.USER_CODE64, flatDescriptor(ACCESS.CODE | ACCESS.DPL3, FLAG.GRANULAR | FLAG.LONG));
    this.descriptor(SEL.CODE32, flatDescriptor(ACCESS.CODE));
    this.descriptor(SEL.CODE16, segmentDescriptor(0, 0xffff, ACCESS.CODE, 0));
    this.descriptor(SEL.DATA16, segmentDescriptor(0, 0xffff, ACCESS.DATA, 0));
    this.descriptor(SEL.TSS, segmentDescriptor(AT.TSS, 0x67, ACCESS.PRESENT | TYPE.TSS32 | 2, 0));
  }

  // ---- Memory

  u8(gpa: number): number {
    return this.memory.read(gpa, 1)[0]!;
  }

  u16(gpa: number): number {
    return this.memory.readU16(gpa);
  }

  u32(gpa: number): number {
    return this.memory.readU32(gpa);
  }

  u64(gpa: number): bigint {
    return this.memory.readU64(gpa);
  }

  /** Write a value of `size` bytes, as a device would. */
  poke(gpa: number, value: number | bigint, size = 4): void {
    const bytes = new Uint8Array(8);
    new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, BigInt(value)), true);
    this.memory.write(gpa, bytes.subarray(0, size));
  }

  descriptor(selector: number, value: bigint): void {
    this.poke(AT.GDT + (selector & 0xfff8), value, 8);
  }

  /** An interrupt, trap or task gate of 8 bytes. */
  gate(vector: number, gate: Partial<Gate>): void {
    const whole = { selector: SEL.CODE32, offset: AT.HANDLERS + vector * 16, type: TYPE.INTERRUPT32, ...gate };
    this.poke(AT.IDT + vector * 8, gateDescriptor(whole), 8);
  }

  /** A gate of 16 bytes. */
  gate64(vector: number, gate: Partial<Gate>): void {
    const whole = { selector: SEL.CODE64, offset: AT.HANDLERS + vector * 16, type: TYPE.INTERRUPT32, ...gate };
    this.poke(AT.IDT + vector * 16, gateDescriptor(whole), 8);
    this.poke(AT.IDT + vector * 16 + 8, BigInt(whole.offset) >> 32n, 8);
  }

  /** Assemble code and put it at its address. */
  code(bits: Bits, build: (asm: Assembler) => unknown, origin: number = AT.CODE): Assembler {
    const asm = new Assembler(bits, origin);
    build(asm);
    this.memory.write(origin, asm.assemble());
    return asm;
  }

  tables(kind: PagingKind): PageTables {
    return new PageTables(this.memory, kind, AT.TABLES);
  }

  /** Page tables that map the first 2 MiB to themselves with all rights. */
  identity(kind: PagingKind): PageTables {
    const tables = this.tables(kind);
    tables.identity(0, 0x200000);
    return tables;
  }

  // ---- Registers

  get(name: GeneralRegister | 'rip' | 'cr0' | 'cr2' | 'cr3' | 'cr4' | 'efer'): bigint {
    return this.vcpu.registers.get(name);
  }

  set(name: GeneralRegister | 'rip' | 'cr0' | 'cr2' | 'cr3' | 'cr4' | 'efer', value: number | bigint): void {
    this.vcpu.registers.set(name, BigInt(value));
  }

  get flags(): number {
    return this.vcpu.kernel.getFlags(VCPU);
  }

  get cpl(): number {
    return this.vcpu.registers.word(layout.CPL);
  }

  selector(name: SegmentName): number {
    return this.vcpu.registers.segment(name).selector;
  }

  dr(n: number): bigint {
    return this.vcpu.registers.quad(layout.DR + n * 8);
  }

  setDr(n: number, value: number | bigint): void {
    this.vcpu.registers.setQuad(layout.DR + n * 8, BigInt(value));
    this.vcpu.sync();
  }

  // ---- Modes

  /** Real-address mode at 0:`ip`, interrupt vectors at the handlers. */
  real(ip: number = AT.CODE & 0xffff, cs = AT.CODE >> 4): this {
    for (let vector = 0; vector < 256; vector++) this.poke(AT.IVT + vector * 4, AT.HANDLERS + vector * 16, 4);
    const { registers } = this.vcpu;
    for (const name of ['ds', 'es', 'ss', 'fs', 'gs'] as const) {
      registers.setSegment(name, { selector: 0, base: 0n, limit: 0xffff, attributes: 0x93 });
    }
    registers.setSegment('cs', { selector: cs, base: BigInt(cs << 4), limit: 0xffff, attributes: 0x93 });
    registers.setTable('idt', 0n, 0x3ff);
    this.set('rip', cs === AT.CODE >> 4 ? 0 : ip);
    this.set('rsp', AT.STACK);
    this.vcpu.sync();
    return this;
  }

  /** 32-bit protected mode at CODE, or with `user` at USER_CODE in privilege level 3. */
  protected(options: EnterOptions = {}): this {
    for (let vector = 0; vector < 256; vector++) this.gate(vector, {});
    this.poke(AT.TSS + 4, AT.INNER_STACK);
    this.poke(AT.TSS + 8, SEL.DATA);
    this.poke(AT.TSS + 0x66, 0x68, 2);
    this.vcpu.registers.setTable('idt', BigInt(AT.IDT), 0x7ff);
    const paging = options.tables ? CR0.PG : 0n;
    const pae = options.tables?.kind === 'pae' ? CR4.PAE : 0n;
    this.#enter(options, options.user ? SEL.USER_CODE32 : SEL.CODE32, 0xc09b, { cr0: paging, cr4: pae, efer: 0n });
    return this;
  }

  /** 64-bit mode; the first 2 MiB are mapped unless tables are given. */
  long(options: EnterOptions = {}): this {
    this.memory.write(AT.IDT, new Uint8Array(0x1000));
    for (let vector = 0; vector < 256; vector++) this.gate64(vector, {});
    // 256 gates of 16 bytes end where the TSS begins.
    this.poke(AT.TSS + 4, AT.INNER_STACK, 8);
    this.poke(AT.TSS + 0x24, AT.IST_STACK, 8);
    this.poke(AT.TSS + 0x66, 0x68, 2);
    this.vcpu.registers.setTable('idt', BigInt(AT.IDT), 0xfff);
    const tables = options.tables ?? this.identity('long');
    const code64 = options.user ? SEL.USER_CODE64 : SEL.CODE64;
    const code32 = options.user ? SEL.USER_CODE32 : SEL.CODE32;
    const fixed = { cr0: CR0.PG, cr4: CR4.PAE, efer: EFER.LME | EFER.LMA };
    const [selector, attributes] = options.compatibility ? [code32, 0xc09b] : [code64, 0xa09b];
    this.#enter({ ...options, tables }, selector, attributes, fixed);
    return this;
  }

  #enter(options: EnterOptions, cs: number, codeAttributes: number, fixed: { cr0: bigint; cr4: bigint; efer: bigint }) {
    const { registers } = this.vcpu;
    const dpl = options.user ? 0x60 : 0;
    const data = options.user ? SEL.USER_DATA : SEL.DATA;
    for (const name of ['ds', 'es', 'ss', 'fs', 'gs'] as const) {
      registers.setSegment(name, { selector: data, base: 0n, limit: 0xffffffff, attributes: 0xc093 | dpl });
    }
    registers.setSegment('cs', { selector: cs, base: 0n, limit: 0xffffffff, attributes: codeAttributes | dpl });
    registers.setSegment('tr', { selector: SEL.TSS, base: BigInt(AT.TSS), limit: 0x67, attributes: 0x8b });
    registers.setSegment('ldtr', { selector: 0, base: 0n, limit: 0, attributes: 0x10000 });
    registers.setTable('gdt', BigInt(AT.GDT), GDT_LIMIT);
    this.set('cr0', (options.cr0 ?? 0n) | CR0.PE | CR0.ET | fixed.cr0);
    this.set('cr3', options.tables?.root ?? 0);
    this.set('cr4', (options.cr4 ?? 0n) | fixed.cr4);
    this.set('efer', (options.efer ?? 0n) | fixed.efer);
    this.set('rip', options.user ? AT.USER_CODE : AT.CODE);
    this.set('rsp', options.user ? AT.USER_STACK : AT.STACK);
    this.vcpu.kernel.setFlags(VCPU, (options.flags ?? 0) | 2);
    registers.setWord(layout.CPL, options.user ? 3 : 0);
    this.vcpu.sync();
  }

  // ---- Running

  run(budget = 10_000): VcpuExit {
    return this.vcpu.run(budget);
  }

  /** Execute exactly one instruction (one iteration, of a repeated one). */
  step(): VcpuExit {
    this.vcpu.registers.setWord(layout.STEP, 1);
    const exit = this.vcpu.run(1);
    this.vcpu.kernel.updateMode(VCPU);
    return exit;
  }

  /** Wake the vCPU from HLT and go on elsewhere. */
  resume(rip: number): void {
    this.vcpu.registers.setWord(layout.HALTED, 0);
    this.set('rip', rip);
  }

  /** Run to a HLT outside the handlers; answers its address. */
  halts(budget?: number): number {
    const exit = this.run(budget);
    const rip = Number(this.get('rip'));
    if (!exit.startsWith('halt')) throw new Error(`ended with ${exit} at 0x${rip.toString(16)}`);
    const vector = this.#vectorAt(rip);
    if (vector !== undefined) throw new Error(`exception ${vector}: ${this.#describe(vector)}`);
    return rip - 1;
  }

  /** Run to a handler's HLT; answers the frame that it finds. */
  faults(budget?: number): Frame {
    const exit = this.run(budget);
    const rip = Number(this.get('rip'));
    const vector = this.#vectorAt(rip);
    if (!exit.startsWith('halt') || vector === undefined)
      throw new Error(`ended with ${exit} at 0x${rip.toString(16)}`);
    return this.frame(vector);
  }

  /** The frame of `vector` on the current stack; in 64-bit, protected or real mode, as wide as the gate must have been. */
  frame(vector: number, slot = this.#slot): Frame {
    const ss = this.vcpu.registers.segment('ss');
    const long = slot === 8;
    let at = Number(this.get('rsp')) + (long ? 0 : Number(ss.base));
    const next = () => {
      const value = long ? this.u64(at) : BigInt(slot === 4 ? this.u32(at) : this.u16(at));
      at += slot;
      return value;
    };
    const error = ERROR_CODE_VECTORS.has(vector) && slot > 2 ? Number(next()) : undefined;
    const rip = next();
    const cs = Number(next()) & 0xffff;
    const flags = Number(next());
    return { vector, error, rip, cs, flags, rsp: next(), ss: Number(next()) & 0xffff };
  }

  get #slot(): number {
    if ((this.get('efer') & EFER.LMA) !== 0n) return 8;
    return (this.get('cr0') & CR0.PE) !== 0n ? 4 : 2;
  }

  #vectorAt(rip: number): number | undefined {
    const offset = rip - 1 - AT.HANDLERS;
    return offset >= 0 && offset < 0x1000 && offset % 16 === 0 ? offset / 16 : undefined;
  }

  #describe(vector: number): string {
    const { error, rip, cs } = this.frame(vector);
    return `error ${error?.toString(16)} at ${cs.toString(16)}:${rip.toString(16)}, CR2 ${this.get('cr2').toString(16)}`;
  }
}
