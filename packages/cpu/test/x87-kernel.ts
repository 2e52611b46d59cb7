// The x87 of the CPU kernel, compiled by itself and run one instruction at a time, without decoding or page tables.

import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as cpu from '@vizor/asm/layout/cpu';
import * as memory from '@vizor/asm/layout/memory';
import * as operation from '@vizor/asm/layout/op';
import asc from 'assemblyscript/asc';
import { numberOperations } from '../../../tools/opcodes/numbering.ts';
import { FORMS, type Form } from '../src/opcodes/index.ts';
import { operationsOf } from '../src/opcodes/operation.ts';
import { x87 } from '../src/opcodes/x87.ts';
import { OPERAND_BYTES, type X87State } from './x87-values.ts';

/** One encoding of an x87 instruction. */
export interface Instruction {
  readonly text: string;
  readonly group: string;
  readonly number: number;
  /** Opcode and ModRM; a memory operand is [rdi]. */
  readonly bytes: readonly number[];
  readonly sti: number;
}

/** What an instruction leaves behind, in a form that compares; `status` is what the executor returned. */
export interface X87Outcome {
  readonly fcw: number;
  readonly fsw: number;
  readonly tags: number;
  /** Sign and exponent, dot, significand. */
  readonly st: readonly string[];
  readonly memory: string;
  readonly flags: number;
  readonly ax: number;
}

type Executor = (cpu: number, pc: number, operation: number) => number;

const root = fileURLToPath(new URL('../../../', import.meta.url));
const { numbers } = numberOperations(FORMS);

const ROOT = `
export { execX87 } from "./cpu/x87/registers";
export { execX87Memory } from "./cpu/x87/memory";
export { execX87Control } from "./cpu/x87/control";
export { execX87Transcendental } from "./cpu/x87/transcendental";
export { getFlags, setFlags } from "./cpu/flags";
`;

/** Sources the compiler sees beside the files: the root above, and operation numbers made on the spot. */
function sourceOf(name: string): string | null {
  if (name === 'asm/x87-test.ts') return ROOT;
  if (name === 'asm/generated/ops.ts') {
    return [...numbers].map(([operationName, number]) => `export const ${operationName}: u32 = ${number};`).join('\n');
  }
  return existsSync(root + name) ? readFileSync(root + name, 'utf8') : null;
}

async function compile(): Promise<Uint8Array<ArrayBuffer>> {
  let binary: Uint8Array<ArrayBuffer> | undefined;
  const pages = memory.RAM_BASE_MIN / memory.WASM_PAGE;
  const { error, stderr } = await asc.main(
    [
      ...['asm/x87-test.ts', '--outFile', 'x87.wasm', '-O2', '--noAssert', '--runtime', 'stub', '--importMemory'],
      ...['--noExportMemory', '--sharedMemory', '--initialMemory', String(pages), '--maximumMemory', '65536'],
      ...['--memoryBase', String(memory.STATICS), '--enable', 'simd,threads'],
    ],
    {
      readFile: sourceOf,
      writeFile: (_name, contents) => {
        if (typeof contents !== 'string') binary = new Uint8Array(contents);
      },
    },
  );
  if (error || binary === undefined)
    throw new Error(`the x87 does not compile\n${stderr.toString()}`, { cause: error });
  return binary;
}

/** Every encoding in the x87's table; of ST(i) some. */
export function instructions(): Instruction[] {
  return x87.flatMap((form) => {
    const register = form.operands.includes('STi');
    return (register ? [0, 1, 3, 7] : [0]).map((sti) => ({
      text: register ? `${form.mnemonic} st${sti}` : `${form.mnemonic} ${form.operands.join()}`.trim(),
      group: form.group,
      number: numbers.get(operationsOf(form)[0]!.name)!,
      bytes: encode(form, sti),
      sti,
    }));
  });
}

function encode(form: Form, sti: number): number[] {
  const opcode = form.map === 1 ? [0x0f, form.opcode] : [form.opcode];
  if (!form.modrm) return opcode;
  const digit = form.digit! << 3;
  return [...opcode, form.operands.includes('M') ? digit | 7 : 0xc0 | digit | (form.fixedRm ?? sti)];
}

/** Guest memory starts here; the operand is its first bytes. */
const OPERAND = memory.RAM_BASE_MIN;
const VCPU = memory.VCPU;
const RECORD = memory.CODE_ARENA;
const ENTRY = cpu.TLB + ((OPERAND >>> 7) & ((cpu.TLB_ENTRIES - 1) << 5));

const hex = (value: number | bigint, digits: number) => value.toString(16).padStart(digits, '0');

/** The compiled x87 over a memory of its own, in 64-bit mode. */
export class X87Kernel {
  readonly view: DataView;
  readonly #memory: WebAssembly.Memory;
  readonly #exports: Record<string, Executor> & {
    getFlags(cpu: number): number;
    setFlags(cpu: number, flags: number): void;
  };

  private constructor(binary: Uint8Array<ArrayBuffer>) {
    const pages = memory.RAM_BASE_MIN / memory.WASM_PAGE;
    this.#memory = new WebAssembly.Memory({ initial: pages + 1, maximum: 65536, shared: true });
    const module = new WebAssembly.Module(binary);
    const refuse = () => {
      throw new Error('the x87 called the host');
    };
    const host = Object.fromEntries(WebAssembly.Module.imports(module).map(({ name }) => [name, refuse]));
    const instance = new WebAssembly.Instance(module, { env: { ...host, memory: this.#memory }, host });
    this.#exports = instance.exports as never;
    this.view = new DataView(this.#memory.buffer);
    this.#mapOperand();
  }

  static async create(): Promise<X87Kernel> {
    return new X87Kernel(await compile());
  }

  /** 64-bit mode, and a TLB entry that maps the operand's page to itself. */
  #mapOperand(): void {
    const { view } = this;
    view.setUint32(VCPU + cpu.MODE, cpu.MODE_LONG64, true);
    view.setUint32(VCPU + cpu.TLB_NOW, VCPU + cpu.TLB, true);
    view.setBigUint64(VCPU + ENTRY + cpu.TLB_READ, BigInt(OPERAND), true);
    view.setBigUint64(VCPU + ENTRY + cpu.TLB_WRITE, BigInt(OPERAND), true);
    this.cr0 = 0x33;
    view.setUint32(VCPU + cpu.CR4, 0x200, true);
  }

  set cr0(value: number) {
    this.view.setUint32(VCPU + cpu.CR0, value, true);
  }

  get operand(): Uint8Array {
    return new Uint8Array(this.#memory.buffer, OPERAND, 4096);
  }

  /** Vector of the exception that the last instruction raised. */
  get vector(): number {
    return this.view.getUint32(VCPU + cpu.EXC_VECTOR, true);
  }

  load(state: X87State): void {
    const { view } = this;
    const pending = state.fsw & ~state.fcw & 0x3f ? 0x8080 : 0;
    view.setUint16(VCPU + cpu.FCW, state.fcw, true);
    view.setUint16(VCPU + cpu.FSW, (state.fsw & 0x7f7f) | pending, true);
    let tags = 0;
    for (let n = 0; n < 8; n++) if (!((state.tags >> n) & 1)) tags |= 3 << (2 * n);
    view.setUint16(VCPU + cpu.FTW, tags, true);
    for (const [n, { se, sig }] of state.st.entries()) {
      view.setBigUint64(this.#st(n), sig, true);
      view.setUint16(this.#st(n) + 8, se, true);
    }
    this.operand.set(state.memory);
    this.#exports.setFlags(VCPU, state.flags);
    view.setUint16(VCPU + cpu.RAX, 0, true);
  }

  #st(n: number): number {
    return VCPU + cpu.FPR + (((this.view.getUint16(VCPU + cpu.FSW, true) >> 11) + n) & 7) * 16;
  }

  /** Run one instruction on what is loaded. Returns the executor's status. */
  step(
    instruction: Instruction,
    prefixes: { operand16?: boolean; rexW?: boolean; displacement?: number } = {},
  ): number {
    const { view } = this;
    view.setUint16(RECORD + operation.OP_DST, instruction.sti, true);
    view.setUint16(RECORD + operation.OP_SRC, ((instruction.bytes[0]! & 7) << 8) | (instruction.bytes[1] ?? 0), true);
    view.setUint16(RECORD + operation.OP_BASE, cpu.ZERO, true);
    view.setUint16(RECORD + operation.OP_INDEX, cpu.ZERO, true);
    view.setUint8(RECORD + operation.OP_SEG, cpu.DS);
    view.setInt32(RECORD + operation.OP_DISP, OPERAND + (prefixes.displacement ?? 0), true);
    const size = prefixes.operand16 ? 0 : prefixes.rexW ? 2 : 1;
    const rex = prefixes.rexW ? operation.PFX_REX_W : 0;
    const prefix = (2 << operation.PFX_ADDRESS_SHIFT) | (size << operation.PFX_OPERAND_SHIFT) | rex;
    view.setUint16(RECORD + operation.OP_PREFIX, prefix, true);
    const executor = instruction.group.replace(/^x87\.?/, '');
    const name = `execX87${executor.slice(0, 1).toUpperCase()}${executor.slice(1)}`;
    return this.#exports[name]!(VCPU, RECORD, instruction.number);
  }

  outcome(): X87Outcome {
    const { view } = this;
    const full = view.getUint16(VCPU + cpu.FTW, true);
    let tags = 0;
    for (let n = 0; n < 8; n++) if (((full >> (2 * n)) & 3) !== 3) tags |= 1 << n;
    return {
      fcw: view.getUint16(VCPU + cpu.FCW, true),
      fsw: view.getUint16(VCPU + cpu.FSW, true),
      tags,
      st: Array.from({ length: 8 }, (_, n) => {
        const at = this.#st(n);
        return `${hex(view.getUint16(at + 8, true), 4)}.${hex(view.getBigUint64(at, true), 16)}`;
      }),
      memory: Buffer.from(this.operand.subarray(0, OPERAND_BYTES)).toString('hex'),
      flags: this.#exports.getFlags(VCPU) & 0x8d5,
      ax: view.getUint16(VCPU + cpu.RAX, true),
    };
  }
}
