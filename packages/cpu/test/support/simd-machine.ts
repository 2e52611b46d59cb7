import * as C from '../../../../asm/layout/cpu.ts';
import { RAM_BASE_MIN, VCPU } from '../../../../asm/layout/memory.ts';
import * as O from '../../../../asm/layout/op.ts';
import { mmx } from '../../src/opcodes/mmx.ts';
import { operationsOf } from '../../src/opcodes/operation.ts';
import { sseCompare } from '../../src/opcodes/sse-compare.ts';
import { sseConvert } from '../../src/opcodes/sse-convert.ts';
import { sseFloat } from '../../src/opcodes/sse-float.ts';
import { sseInteger } from '../../src/opcodes/sse-integer.ts';
import { sseMove } from '../../src/opcodes/sse-move.ts';
import { ssePlain } from '../../src/opcodes/sse-plain.ts';
import { sseShuffle } from '../../src/opcodes/sse-shuffle.ts';
import { sseString } from '../../src/opcodes/sse-string.ts';
import { compilePart, PART_OPERATION, PART_RAM, type Part, partOperations } from './part.ts';

const FORMS = [mmx, sseCompare, sseConvert, sseFloat, sseInteger, sseMove, ssePlain, sseShuffle, sseString].flat();
const SOURCE = `
export { execMmx } from "./cpu/mmx";
export { execSseCompare } from "./cpu/sse/compare";
export { execSseConvert } from "./cpu/sse/convert";
export { execSseFloat } from "./cpu/sse/float";
export { execSseInteger } from "./cpu/sse/integer";
export { execSseMove } from "./cpu/sse/move";
export { execSsePlain } from "./cpu/sse/plain";
export { execSseShuffle } from "./cpu/sse/shuffle";
export { execSseString } from "./cpu/sse/string";
export { getFlags, setFlags } from "./cpu/flags";
export { resetTlb } from "./cpu/tlb";
`;

/** Operands of an instruction: names of registers ('xmm1', 'mm2', 'rax'), or an address in guest RAM for the memory operand. */
export interface Operands {
  readonly dst?: string;
  readonly src?: string;
  readonly memory?: number;
  readonly imm?: number;
  readonly rexW?: boolean;
}

const GENERAL = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi'];

/** A vCPU that executes single SIMD operations, in 64-bit mode without paging. */
export class SimdMachine {
  readonly #part: Part;
  readonly #numbers: ReadonlyMap<string, number>;
  readonly #executors: ReadonlyMap<string, string>;
  readonly #view: DataView;

  private constructor(part: Part, numbers: ReadonlyMap<string, number>, executors: ReadonlyMap<string, string>) {
    this.#part = part;
    this.#numbers = numbers;
    this.#executors = executors;
    this.#view = part.view;
  }

  static async create(): Promise<SimdMachine> {
    const numbers = partOperations(FORMS);
    const executors = new Map<string, string>();
    for (const form of FORMS) {
      const parts = form.group.split('.').map((word) => word[0]!.toUpperCase() + word.slice(1));
      for (const { name } of operationsOf(form)) executors.set(name, `exec${parts.join('')}`);
    }
    return new SimdMachine(await compilePart(SOURCE, numbers), numbers, executors);
  }

  /** As after an operating system has set things up: SSE on, exceptions to #XM, everything masked, registers zero. */
  reset(): void {
    this.#part.bytes.fill(0, VCPU, VCPU + C.SCRATCH);
    this.#part.bytes.fill(0, RAM_BASE_MIN, RAM_BASE_MIN + PART_RAM);
    this.set32(C.RAM_BASE, RAM_BASE_MIN);
    this.set32(C.RAM_LOW, PART_RAM);
    this.set32(C.A20_MASK, 0xffffffff);
    this.set32(C.TLB_NOW, VCPU + C.TLB);
    this.set32(C.MODE, C.MODE_LONG64);
    this.set32(C.CR4, 0x600);
    this.set32(C.MXCSR, 0x1f80);
    this.#view.setUint16(VCPU + C.FTW, 0xffff, true);
    this.#part.exports.resetTlb!(VCPU);
  }

  /** Execute an operation: undefined, or the vector of the exception it raised. */
  execute(name: string, { dst, src, memory, imm = 0, rexW = false }: Operands): number | undefined {
    const number = this.#numbers.get(name);
    if (number === undefined) throw new Error(`no operation ${name}`);
    const view = this.#view;
    view.setUint16(PART_OPERATION + O.OP_DST, dst === undefined ? 0 : this.offset(dst), true);
    view.setUint16(PART_OPERATION + O.OP_SRC, src === undefined ? 0 : this.offset(src), true);
    view.setUint8(PART_OPERATION + O.OP_EA, O.EA_FAST);
    view.setUint8(PART_OPERATION + O.OP_SEG, C.DS);
    view.setUint16(PART_OPERATION + O.OP_BASE, C.ZERO, true);
    view.setUint16(PART_OPERATION + O.OP_INDEX, C.ZERO, true);
    view.setUint8(PART_OPERATION + O.OP_SCALE, 0);
    view.setInt32(PART_OPERATION + O.OP_DISP, memory ?? 0, true);
    view.setUint16(PART_OPERATION + O.OP_PREFIX, (2 << O.PFX_ADDRESS_SHIFT) | (rexW ? O.PFX_REX_W : 0), true);
    view.setBigInt64(PART_OPERATION + O.OP_IMM, BigInt(imm), true);
    const status = this.#part.exports[this.#executors.get(name)!]!(VCPU, PART_OPERATION, number);
    return status === C.FAULT ? this.get32(C.EXC_VECTOR) : undefined;
  }

  /** Offset of a register in the vCPU block. */
  offset(register: string): number {
    const index = Number(/\d+$/.exec(register)?.[0] ?? -1);
    if (register.startsWith('xmm')) return C.XMM + 16 * index;
    if (register.startsWith('mm')) return C.FPR + 16 * index;
    return C.GPR + 8 * GENERAL.indexOf(register);
  }

  get flags(): number {
    return this.#part.exports.getFlags!(VCPU) & 0x8d5;
  }
  set flags(value: number) {
    this.#part.exports.setFlags!(VCPU, value);
  }

  get32(offset: number): number {
    return this.#view.getUint32(VCPU + offset, true);
  }
  set32(offset: number, value: number): void {
    this.#view.setUint32(VCPU + offset, value, true);
  }
  get16(offset: number): number {
    return this.#view.getUint16(VCPU + offset, true);
  }
  set16(offset: number, value: number): void {
    this.#view.setUint16(VCPU + offset, value, true);
  }

  /** Bytes of a register: 16 of an XMM, 8 of another. */
  register(name: string): Uint8Array {
    const at = VCPU + this.offset(name);
    return this.#part.bytes.subarray(at, at + (name.startsWith('xmm') ? 16 : 8));
  }

  /** Guest RAM. */
  get ram(): Uint8Array {
    return this.#part.bytes.subarray(RAM_BASE_MIN, RAM_BASE_MIN + PART_RAM);
  }

  singles(name: string, values?: number[]): number[] {
    const at = VCPU + this.offset(name);
    values?.forEach((value, lane) => {
      this.#view.setFloat32(at + lane * 4, value, true);
    });
    return [0, 1, 2, 3].map((lane) => this.#view.getFloat32(at + lane * 4, true));
  }

  doubles(name: string, values?: number[]): number[] {
    const at = VCPU + this.offset(name);
    values?.forEach((value, lane) => {
      this.#view.setFloat64(at + lane * 8, value, true);
    });
    return [0, 1].map((lane) => this.#view.getFloat64(at + lane * 8, true));
  }

  words(name: string, values?: number[]): number[] {
    const at = VCPU + this.offset(name);
    values?.forEach((value, lane) => {
      this.#view.setUint32(at + lane * 4, value, true);
    });
    return [0, 1, 2, 3].map((lane) => this.#view.getUint32(at + lane * 4, true));
  }

  quad(name: string, value?: bigint): bigint {
    const at = VCPU + this.offset(name);
    if (value !== undefined) this.#view.setBigUint64(at, BigInt.asUintN(64, value), true);
    return this.#view.getBigUint64(at, true);
  }
}
