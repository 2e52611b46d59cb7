// What our decoder says about bytes.
import { FPR, MODE_D32, MODE_LONG64, RIP_BASE, XMM, ZERO } from '@vizor/asm/layout/cpu';
import { CODE_ARENA, RAM_BASE_MIN, WASM_PAGE, WASM_PAGES_MAX } from '@vizor/asm/layout/memory';
import * as layout from '@vizor/asm/layout/op';
import { type CpuKernel, type CpuKernelHost, instantiateCpuKernel } from '@vizor/kernels';
import { FORMS, type Form, OPERANDS, type OperandCode } from '../../packages/cpu/src/opcodes/index.ts';
import { operationsOf } from '../../packages/cpu/src/opcodes/operation.ts';
import { numberOperations } from '../../tools/opcodes/numbering.ts';
import type { Instruction, MemoryOperand, Operand, RegisterFile, RegisterOperand, Site } from './instruction.ts';
import { intelMnemonic } from './mnemonics.ts';

export const PAGE_SIZE = 0x1000;
/** Most bytes that `decode` may look at (DECODE_READS in asm/cpu/decode.ts). */
const DECODE_READS = 32;
/** What `decode` adds to the length of an operation that ends its run. */
const LENGTH_MASK = 0xff;

const MODES = { 16: 0, 32: MODE_D32, 64: MODE_LONG64 | MODE_D32 };
const FILES: Record<string, RegisterFile> = { gpr: 'gpr', gpr8: 'gpr8', mmx: 'mmx', xmm: 'xmm', segment: 'segment' };
/** Plain numbers, by operand code. */
const NUMBERED: Record<string, RegisterFile> = { Cn: 'cr', Dn: 'dr', STi: 'st' };
/** Operands whose width the operation's size gives. */
const SIZED = new Set(['Eb', 'Ed', 'Ev', 'Ey', 'Gb', 'Gv', 'Gy', 'Zb', 'Zv', 'AL', 'AX', 'rAX', 'Ob', 'Ov']);
/** … and these are 16 bits wide in memory all the same. */
const WORD_IN_MEMORY = new Set(['sldt', 'str', 'smsw', 'mov.from.sreg']);
/** Immediates that are sign-extended to the operation's size and beyond. */
const SIGNED = new Set(['Ibs', 'Iz', 'Iv']);
const STACK = /^(?:push|pop|call|callf|ret|retf|enter|leave)(?:f|\..*)?$/;
/** One operation for both of REX.W's values. */
const WITH_REX_W = /^(?:movd|movd\.out|fxsave|fxrstor|pcmpestri|pcmpestrm)$/;
const STRING = /^(?:movs|cmps|stos|lods|scas|ins|outs)$/;
/** Memory that no operand names: by DS:rSI, DS:rBX or DS:rDI, and by ES:rDI alone. */
const IMPLIED_MEMORY = /^(?:movs|cmps|lods|outs|xlat|maskmovq|maskmovdqu)$/;
const IMPLIED_ES = /^(?:stos|scas|ins)$/;
const COUNTED = /^(?:loop|loope|loopne|jcxz)$/;

interface Meaning {
  readonly form: Form;
  readonly size: number | undefined;
  readonly memory: boolean;
}

const NAMES = new Map<number, string>();
const MEANINGS = new Map<string, Meaning>();
for (const [name, number] of numberOperations(FORMS).numbers) NAMES.set(number, name);
for (const form of FORMS) {
  for (const { name, size, memory } of operationsOf(form)) {
    if (!MEANINGS.has(name)) MEANINGS.set(name, { form, size, memory });
  }
  // Wide branches have a twin for targets in the page.
  if (form.attributes.has('wide'))
    MEANINGS.set(`${form.mnemonic.toUpperCase()}_LOCAL`, { form, size: undefined, memory: false });
}

/** Every operation that bytes can decode to. */
export const OPERATIONS: readonly string[] = [...MEANINGS.keys()];

const nothing = (): number => 0;
const NO_HOST: CpuKernelHost = {
  pioRead: nothing,
  pioWrite: nothing,
  mmioRead: nothing,
  mmioWrite: nothing,
  now: nothing,
  acknowledge: nothing,
  endOfInterrupt: nothing,
};

/** Our decoder with memory of its own. */
export class Subject {
  readonly #kernel: CpuKernel;
  readonly #bytes: Uint8Array;
  readonly #record: DataView;
  /** At the very end of memory: looking at a byte more would trap. */
  readonly #code = RAM_BASE_MIN - DECODE_READS;
  readonly #op = CODE_ARENA;

  constructor() {
    const memory = new WebAssembly.Memory({
      initial: RAM_BASE_MIN / WASM_PAGE,
      maximum: WASM_PAGES_MAX,
      shared: true,
    });
    this.#kernel = instantiateCpuKernel(memory, NO_HOST);
    this.#bytes = new Uint8Array(memory.buffer, this.#code, DECODE_READS);
    this.#record = new DataView(memory.buffer, this.#op, layout.OP_SIZE);
  }

  /** The record of an instruction as it is, for tests that want more than its meaning. `length` is what `decode` answered. */
  decodeRaw(bytes: Uint8Array, site: Site): { length: number; name: string; record: Uint8Array } {
    this.#bytes.set(bytes.subarray(0, this.#bytes.length));
    const answer = this.#kernel.decode(this.#code, MODES[site.bits], site.ip % PAGE_SIZE, this.#op);
    const name = NAMES.get(this.#u16(layout.OP)) ?? `operation ${this.#u16(layout.OP)}`;
    const record = new Uint8Array(this.#record.buffer.slice(this.#op, this.#op + layout.OP_SIZE));
    return { length: answer & LENGTH_MASK, name, record };
  }

  /** `name` is the operation's, `ILLEGAL` and `TOO_LONG` included. */
  decode(bytes: Uint8Array, site: Site): { name: string; instruction: Instruction } {
    const { length, name } = this.decodeRaw(bytes, site);
    return { name, instruction: this.#describe(name, length, site) };
  }

  #u16(at: number): number {
    return this.#record.getUint16(at, true);
  }

  #describe(name: string, length: number, site: Site): Instruction {
    const meaning = MEANINGS.get(name);
    const mnemonic = meaning?.form.mnemonic ?? { NOP: 'nop', ILLEGAL: 'illegal', TOO_LONG: 'illegal' }[name] ?? name;
    const prefix = this.#u16(layout.OP_PREFIX);
    const address = 16 << ((prefix >> layout.PFX_ADDRESS_SHIFT) & 3);
    const size = meaning && this.#size(meaning);
    const operands = meaning === undefined ? [] : this.#operands({ ...meaning, size }, site, length, address);
    const inMemory = operands.some((operand) => operand.kind === 'M') || IMPLIED_MEMORY.test(mnemonic);
    const repeats = STRING.test(mnemonic) ? prefix & (layout.PFX_REP | layout.PFX_REPNE) : 0;
    return {
      length,
      mnemonic: intelMnemonic(mnemonic, size, address),
      operands,
      stack: STACK.test(mnemonic) ? size : undefined,
      addressSize: inMemory || IMPLIED_ES.test(mnemonic) || COUNTED.test(mnemonic) ? address : undefined,
      segment: inMemory ? this.#record.getUint8(layout.OP_SEG) : undefined,
      lock: (prefix & layout.PFX_LOCK) !== 0,
      repeat: repeats === 0 ? undefined : repeats === layout.PFX_REP ? 'rep' : 'repne',
    };
  }

  /** Operand size: the operation's own, or what the record says where one operation serves several. */
  #size({ form, size }: Meaning): number | undefined {
    const recorded = 16 << ((this.#u16(layout.OP_PREFIX) >> layout.PFX_OPERAND_SHIFT) & 3);
    if (WITH_REX_W.test(form.mnemonic)) return Math.max(32, recorded);
    return form.attributes.has('wide') ? recorded : size;
  }

  #operands({ form, size, memory }: Meaning, site: Site, length: number, address: number): Operand[] {
    const operands: Operand[] = [];
    let registers = 0;
    for (const [index, code] of (form.operands as OperandCode[]).entries()) {
      const { kind } = OPERANDS[code];
      if (kind === 'implied' || code === 'One') continue;
      if (kind === 'imm') operands.push(...this.#immediates(code, size));
      else if (kind === 'far') operands.push({ kind: 'A', value: this.#immediate() });
      else if (kind === 'branch') operands.push({ kind: 'J', value: this.#target(form, site) });
      else if (kind === 'absolute' || (kind === 'rm' && memory)) {
        operands.push(this.#memory(code, form, size, site, length, address));
        if (index === 0) registers = 1;
      } else operands.push(this.#register(code, size, registers++));
    }
    return operands;
  }

  #register(code: OperandCode, size: number | undefined, position: number): RegisterOperand {
    const value = this.#u16(position === 0 ? layout.OP_DST : layout.OP_SRC);
    const file = NUMBERED[code] ?? FILES[(OPERANDS[code] as { file: string }).file]!;
    const width = SIZED.has(code) ? size : undefined;
    switch (file) {
      case 'gpr':
        return { kind: 'R', file, number: value / 8, size: width };
      case 'gpr8':
        return { kind: 'R', file, number: value % 8 === 1 ? 20 + (value >> 3) - 4 : value / 8, size: 8 };
      case 'mmx':
        return { kind: 'R', file, number: (value - FPR) / 16, size: undefined };
      case 'xmm':
        return { kind: 'R', file, number: (value - XMM) / 16, size: undefined };
      default:
        return { kind: 'R', file, number: value, size: undefined };
    }
  }

  #memory(
    code: OperandCode,
    form: Form,
    size: number | undefined,
    site: Site,
    length: number,
    address: number,
  ): MemoryOperand {
    const offset = site.ip % PAGE_SIZE;
    const kind = this.#record.getUint8(layout.OP_EA);
    const width = WORD_IN_MEMORY.has(form.mnemonic) ? 16 : SIZED.has(code) ? size : undefined;
    const cut = (value: bigint): bigint => BigInt.asUintN(address, value);
    if (kind === layout.EA_ABSOLUTE) {
      const displacement = cut(this.#immediate());
      return { kind: 'M', base: undefined, index: undefined, scale: 0, displacement, size: width };
    }
    const register = (at: number): number | undefined => (this.#u16(at) === ZERO ? undefined : this.#u16(at) / 8);
    const index = register(layout.OP_INDEX);
    const scale = this.#record.getUint8(layout.OP_SCALE);
    const displacement = BigInt(this.#record.getInt32(layout.OP_DISP, true));
    if (this.#u16(layout.OP_BASE) === RIP_BASE) {
      // See op.ts: EA_FAST counts from the page, EA_GENERAL from the instruction's end.
      const from = kind === layout.EA_FAST ? site.ip - offset : site.ip + length;
      return { kind: 'M', base: 'ip', index, scale, displacement: cut(displacement + BigInt(from)), size: width };
    }
    return { kind: 'M', base: register(layout.OP_BASE), index, scale, displacement: cut(displacement), size: width };
  }

  #immediate(): bigint {
    return this.#record.getBigInt64(layout.OP_IMM, true);
  }

  /** Cut to the operation's size; one that is not extended as it should be is given whole, and so differs. */
  #immediates(code: OperandCode, size: number | undefined): Operand[] {
    const value = this.#immediate();
    if (code === 'Iwb') {
      return [
        { kind: 'I', value: value & 0xffffn },
        { kind: 'I', value: value >> 16n },
      ];
    }
    const signed = SIGNED.has(code) && size !== undefined && BigInt.asIntN(size, value) === value;
    return [{ kind: 'I', value: signed ? BigInt.asUintN(size, value) : value }];
  }

  /** Branch targets count from the page and are cut to the instruction pointer's size. */
  #target(form: Form, site: Site): bigint {
    const target = BigInt(site.ip - (site.ip % PAGE_SIZE) + this.#record.getInt32(layout.OP_DISP, true));
    const operand = 16 << ((this.#u16(layout.OP_PREFIX) >> layout.PFX_OPERAND_SHIFT) & 3);
    return BigInt.asUintN(operand, form.operands.length > 0 ? target : 0n);
  }
}
