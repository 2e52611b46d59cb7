// The system half of the CPU kernel (system instructions, MSRs, CPUID, local APIC, debug registers) compiled by itself,
// with a clock that the test owns.

import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as ops from '@vizor/asm/generated/ops.ts';
import * as layout from '@vizor/asm/layout/cpu';
import { RAM_BASE_MIN, STATICS, VCPU, WASM_PAGE, WASM_PAGES_MAX } from '@vizor/asm/layout/memory';
import * as record from '@vizor/asm/layout/op';
import asc from 'assemblyscript/asc';

const ROOT = dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url)))));
const ENTRY = 'system-bench.ts';
const SOURCE = `
export { execSystem } from "./asm/cpu/system";
export { reset, updateMode } from "./asm/cpu/mode";
export { readMsr, writeMsr } from "./asm/cpu/msr";
export * from "./asm/cpu/lapic";
export * from "./asm/cpu/debug";
`;
/** Operation numbers by name. */
const NUMBERS: Readonly<Record<keyof typeof ops, number>> = ops;
const RAM_BYTES = 0x100000;
/** Where the operation record of `execute` lies: nothing else is in the guard above the statics here. */
const RECORD = VCPU - 0x1000;

interface Exports {
  execSystem(cpu: number, pc: number, op: number): number;
  reset(cpu: number): void;
  updateMode(cpu: number): void;
  readMsr(cpu: number, index: number): number;
  writeMsr(cpu: number, index: number, value: bigint): number;
  resetApic(cpu: number): void;
  lapicBase(cpu: number): bigint;
  lapicRead(cpu: number, offset: number, size: number): number;
  lapicWrite(cpu: number, offset: number, size: number, value: number): void;
  lapicPending(cpu: number): number;
  lapicAccept(cpu: number, vector: number): void;
  lapicDeliver(cpu: number, mode: number, vector: number, level: number): number;
  lapicMatches(cpu: number, destination: number, logical: number): number;
  lapicTimer(cpu: number): void;
  lapicNextTimer(cpu: number): number;
  extIntAccepted(cpu: number): number;
  lapicWakes(cpu: number): number;
  executionBreakpoint(cpu: number, linear: bigint): number;
  watchesPage(cpu: number, va: bigint): number;
  noteAccess(cpu: number, va: bigint, size: number, write: number): void;
  notePort(cpu: number, port: number, size: number): void;
  debugTrap(cpu: number, stepped: number): number;
}

async function compile(): Promise<WebAssembly.Module> {
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main(
    [
      ...[ENTRY, '--outFile', 'bench.wasm', '-O1', '--noAssert', '--runtime', 'stub'],
      ...['--importMemory', '--noExportMemory', '--sharedMemory', '--memoryBase', String(STATICS)],
      ...['--initialMemory', String(RAM_BASE_MIN / WASM_PAGE), '--maximumMemory', String(WASM_PAGES_MAX)],
      ...['--enable', 'simd,threads'],
    ],
    {
      readFile: (name) => {
        if (name === ENTRY) return SOURCE;
        try {
          return readFileSync(join(ROOT, name), 'utf8');
        } catch {
          return null;
        }
      },
      writeFile: (_name, contents) => {
        if (typeof contents !== 'string') binary = new Uint8Array(contents);
      },
    },
  );
  if (error !== null || binary === undefined) throw new Error(stderr.toString(), { cause: error });
  return new WebAssembly.Module(binary);
}

let compiled: Promise<WebAssembly.Module> | undefined;

/** Operands of an operation for `SystemBench.execute`: registers as offsets into the vCPU block or numbers, a linear address. */
export interface Operands {
  readonly dst?: number;
  readonly src?: number;
  readonly memory?: number;
  /** Operand size in bits, where the operation's name does not say it. */
  readonly size?: 16 | 32 | 64;
}

/** A vCPU after RESET with 1 MiB of RAM. */
export class SystemBench {
  readonly kernel: Exports;
  readonly cpu = VCPU;
  /** Guest time in nanoseconds. */
  time = 0;
  /** Vectors whose EOI the I/O APICs heard of. */
  readonly ended: number[] = [];
  readonly bytes: Uint8Array;
  readonly view: DataView;

  private constructor(module: WebAssembly.Module) {
    const memory = new WebAssembly.Memory({
      initial: (RAM_BASE_MIN + RAM_BYTES) / WASM_PAGE + 1,
      maximum: WASM_PAGES_MAX,
      shared: true,
    });
    this.bytes = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    const host = {
      pioRead: () => 0,
      pioWrite: () => {},
      mmioRead: () => 0xffffffff,
      mmioWrite: () => {},
      now: () => this.time,
      acknowledge: () => 0,
      endOfInterrupt: (vector: number) => this.ended.push(vector),
    };
    const abort = () => {
      throw new Error('aborted');
    };
    const instance = new WebAssembly.Instance(module, { env: { memory, abort }, host });
    this.kernel = instance.exports as unknown as Exports;
    this.setWord(layout.RAM_BASE, RAM_BASE_MIN);
    this.setWord(layout.RAM_LOW, RAM_BYTES);
    this.setWord(layout.A20_MASK, 0xffffffff);
    this.kernel.reset(this.cpu);
  }

  static async create(): Promise<SystemBench> {
    compiled ??= compile();
    return new SystemBench(await compiled);
  }

  word(offset: number): number {
    return this.view.getUint32(this.cpu + offset, true);
  }
  setWord(offset: number, value: number): void {
    this.view.setUint32(this.cpu + offset, value, true);
  }
  quad(offset: number): bigint {
    return this.view.getBigUint64(this.cpu + offset, true);
  }
  setQuad(offset: number, value: bigint): void {
    this.view.setBigUint64(this.cpu + offset, BigInt.asUintN(64, value), true);
  }
  /** Guest RAM from physical address `gpa` on. */
  ram(gpa = 0): DataView {
    return new DataView(this.view.buffer, RAM_BASE_MIN + gpa, RAM_BYTES - gpa);
  }

  /** Read an MSR; undefined when that faults. */
  readMsr(index: number): bigint | undefined {
    return this.kernel.readMsr(this.cpu, index) ? this.quad(layout.SYSTEM_SCRATCH) : undefined;
  }
  /** Write an MSR; false when that faults. */
  writeMsr(index: number, value: bigint): boolean {
    return this.kernel.writeMsr(this.cpu, index, BigInt.asIntN(64, value)) !== 0;
  }

  cpuid(leaf: number, index = 0): { eax: number; ebx: number; ecx: number; edx: number } {
    this.setQuad(layout.RAX, BigInt(leaf >>> 0));
    this.setQuad(layout.RCX, BigInt(index));
    this.execute('CPUID');
    const [eax, ebx, ecx, edx] = [layout.RAX, layout.RBX, layout.RCX, layout.RDX].map((register) => {
      const value = this.quad(register);
      if (value >> 32n !== 0n) throw new Error('CPUID left the upper half of a register');
      return Number(value);
    }) as [number, number, number, number];
    return { eax, ebx, ecx, edx };
  }

  /** Execute one operation of three bytes; answers its status. */
  execute(name: keyof typeof ops, operands: Operands = {}): number {
    const pc = RECORD;
    this.bytes.fill(0, pc, pc + record.OP_SIZE);
    const number = NUMBERS[name];
    this.view.setUint16(pc + record.OP, number, true);
    this.bytes[pc + record.OP_LEN] = 3;
    this.bytes[pc + record.OP_EA] = record.EA_GENERAL;
    this.bytes[pc + record.OP_SEG] = layout.DS;
    this.view.setUint16(pc + record.OP_DST, operands.dst ?? 0, true);
    this.view.setUint16(pc + record.OP_SRC, operands.src ?? 0, true);
    this.view.setUint16(pc + record.OP_BASE, layout.ZERO, true);
    this.view.setUint16(pc + record.OP_INDEX, layout.ZERO, true);
    this.view.setInt32(pc + record.OP_DISP, operands.memory ?? 0, true);
    const size = { 16: 0, 32: 1, 64: 2 }[operands.size ?? 32];
    const prefix = (1 << record.PFX_ADDRESS_SHIFT) | (size << record.PFX_OPERAND_SHIFT);
    this.view.setUint16(pc + record.OP_PREFIX, prefix, true);
    return this.kernel.execSystem(this.cpu, pc, number);
  }

  /** The exception that the last FAULT recorded. */
  get exception(): { vector: number; error: number | undefined } {
    const coded = (this.word(layout.EXC_FLAGS) & layout.EXC_HAS_ERROR) !== 0;
    return { vector: this.word(layout.EXC_VECTOR), error: coded ? this.word(layout.EXC_ERROR) : undefined };
  }

  /** Fill a segment register. */
  setSegment(index: number, base: number, limit: number, attributes: number, selector = 0): void {
    const at = layout.SEG + index * layout.SEG_SIZE;
    this.setQuad(at + layout.SEG_BASE, BigInt(base));
    this.setWord(at + layout.SEG_LIMIT, limit);
    this.setWord(at + layout.SEG_ATTR, attributes);
    this.setWord(at + layout.SEG_SELECTOR, selector);
  }

  /** 32-bit protected mode with flat segments, at privilege level `level`. */
  enterProtected(level = 0): void {
    const dpl = level << 5;
    this.setQuad(layout.CR0, this.quad(layout.CR0) | 1n);
    this.setSegment(layout.CS, 0, 0xffffffff, 0xc09b | dpl, 8 | level);
    for (const index of [layout.DS, layout.ES, layout.SS, layout.FS, layout.GS])
      this.setSegment(index, 0, 0xffffffff, 0xc093 | dpl, 16 | level);
    this.setWord(layout.CPL, level);
    this.kernel.updateMode(this.cpu);
  }

  /** 64-bit mode as far as registers go; no page tables are made, so memory operands must not be used. */
  enterLong(level = 0): void {
    this.enterProtected(level);
    this.setQuad(layout.EFER, 0x501n);
    this.setQuad(layout.CR4, 0x20n);
    this.setQuad(layout.CR0, this.quad(layout.CR0) | 0x80000000n);
    this.setSegment(layout.CS, 0, 0xffffffff, 0xa09b | (level << 5), 8 | level);
    this.kernel.updateMode(this.cpu);
  }
}
