// What iced-x86 says about bytes, with operands left out that the opcode table leaves implied.
import * as iced from 'iced-x86';
import type { Instruction, MemoryOperand, Operand, RegisterFile, Site } from './instruction.ts';

const { Code, CpuidFeature, Mnemonic, OpKind, Register } = iced;

/** AMD's reading of prefixes on branches; TZCNT, LZCNT and WBNOINVD are BSF, BSR and WBINVD without their CPUID bits. */
const OPTIONS =
  iced.DecoderOptions.AMD |
  iced.DecoderOptions.NoMPFX_0FBC |
  iced.DecoderOptions.NoMPFX_0FBD |
  iced.DecoderOptions.NoWbnoinvd;

export interface Verdict {
  readonly instruction: Instruction;
  /** iced's name of the encoding, `INVALID` where there is none. */
  readonly code: string;
  /** CPUID features that the instruction needs, by iced's names. */
  readonly features: readonly string[];
}

const GPR8 = 'AL CL DL BL SPL BPL SIL DIL R8L R9L R10L R11L R12L R13L R14L R15L AH CH DH BH';
const GPR64 = 'RAX RCX RDX RBX RSP RBP RSI RDI R8 R9 R10 R11 R12 R13 R14 R15';
const GPR32 = 'EAX ECX EDX EBX ESP EBP ESI EDI R8D R9D R10D R11D R12D R13D R14D R15D';
const GPR16 = 'AX CX DX BX SP BP SI DI R8W R9W R10W R11W R12W R13W R14W R15W';
const numbered = (prefix: string, count: number): string =>
  Array.from({ length: count }, (_, n) => `${prefix}${n}`).join(' ');

const REGISTERS = new Map<number, { file: RegisterFile; number: number; size: number | undefined }>();
function define(names: string, file: RegisterFile, size?: number): void {
  for (const [number, name] of names.split(' ').entries()) {
    REGISTERS.set(Register[name as keyof typeof Register], { file, number, size });
  }
}
define(GPR8, 'gpr8', 8);
define(GPR16, 'gpr', 16);
define(GPR32, 'gpr', 32);
define(GPR64, 'gpr', 64);
define(numbered('MM', 8), 'mmx');
define(numbered('XMM', 16), 'xmm');
define('ES CS SS DS FS GS', 'segment');
define(numbered('CR', 16), 'cr');
define(numbered('DR', 16), 'dr');
define(numbered('ST', 8), 'st');

/** Operands that iced names and the opcode table implies, as words of iced's encoding name: `Rol_rm32_CL`. */
const IMPLIED = new Set(['CL', 'DX', '1', 'st0', 'ES', 'CS', 'SS', 'DS', 'FS', 'GS', 'EAX', 'RAX', 'AX']);
/** … but these are spelled out. */
const SPELLED = /^(?:In|Out|Mov|Test|Add|Or|Adc|Sbb|And|Sub|Xor|Cmp|Fnstsw)_/;
/** Encodings that name the size of their stack slots. */
const SLOT_NAMED = /^(?:Retn|Retf|Enter|Leave)([wdq])/;
const SLOT_MOVED = /^(?:Push|Pop|Call)(?!a|cnt)/;

const IMMEDIATE_BITS = new Map<number, number>([
  [OpKind.Immediate8to16, 16],
  [OpKind.Immediate8to32, 32],
]);
const IMPLIED_ADDRESS = new Map<number, number>([
  ...[OpKind.MemorySegSI, OpKind.MemorySegDI, OpKind.MemoryESDI].map((kind) => [kind, 16] as const),
  ...[OpKind.MemorySegESI, OpKind.MemorySegEDI, OpKind.MemoryESEDI].map((kind) => [kind, 32] as const),
  ...[OpKind.MemorySegRSI, OpKind.MemorySegRDI, OpKind.MemoryESRDI].map((kind) => [kind, 64] as const),
]);
/** Implied operands that a segment prefix moves. */
const SEGMENT_TAKEN = new Set<number>([
  ...[OpKind.MemorySegSI, OpKind.MemorySegESI, OpKind.MemorySegRSI],
  ...[OpKind.MemorySegDI, OpKind.MemorySegEDI, OpKind.MemorySegRDI],
]);

/** Decode with iced, reusing its objects: many times faster than one of each a case. */
export class Oracle {
  readonly #window = new Uint8Array(16);
  readonly #instruction = new iced.Instruction();
  readonly #words = new Map<number, string[]>();

  decode(bytes: Uint8Array, site: Site): Verdict {
    this.#window.set(bytes.subarray(0, 16));
    const decoder = new iced.Decoder(site.bits, this.#window, OPTIONS);
    decoder.ip = BigInt(site.ip);
    decoder.decodeOut(this.#instruction);
    decoder.free();
    return this.#read();
  }

  #read(): Verdict {
    const it = this.#instruction;
    const code = Code[it.code]!;
    const features = [...it.cpuidFeatures()].map((feature) => CpuidFeature[feature]!);
    const operands = this.#operands();
    const mnemonic = mnemonicOf(code, Mnemonic[it.mnemonic]!);
    const address = this.#address();
    const string = it.isStringInstruction;
    const instruction: Instruction = {
      length: it.length,
      mnemonic,
      operands,
      stack: this.#slot(code),
      addressSize: address?.size ?? this.#counterSize(code),
      segment: address?.segment === undefined ? undefined : REGISTERS.get(address.segment)!.number,
      lock: it.hasLockPrefix,
      repeat: !string ? undefined : it.hasRepPrefix ? 'rep' : it.hasRepnePrefix ? 'repne' : undefined,
    };
    return { instruction, code, features };
  }

  #operands(): Operand[] {
    const it = this.#instruction;
    if (it.isStringInstruction) return [];
    const words = this.#wordsOf(it.code);
    const spelled = SPELLED.test(Code[it.code]!);
    const operands: Operand[] = [];
    // Reserved NOPs have a register operand that nothing reads.
    const count = it.mnemonic === Mnemonic.Reservednop ? 1 : it.opCount;
    for (let index = 0; index < count; index++) {
      const word = words[index] ?? '';
      if (word === 'CL' || word === '1' || (IMPLIED.has(word) && !spelled)) continue;
      if (word === 'DX' && !words.includes('r16')) continue;
      const operand = this.#operand(index);
      if (operand !== undefined) operands.push(operand);
    }
    return operands;
  }

  #wordsOf(code: number): string[] {
    let words = this.#words.get(code);
    if (words === undefined) {
      words = Code[code]!.split('_').slice(1);
      this.#words.set(code, words);
    }
    return words;
  }

  #operand(index: number): Operand | undefined {
    const it = this.#instruction;
    switch (it.opKind(index)) {
      case OpKind.Register: {
        const register = it.opRegister(index);
        const known = REGISTERS.get(register);
        return { kind: 'R', ...(known ?? { file: 'gpr', number: -register, size: undefined }) };
      }
      case OpKind.NearBranch16:
      case OpKind.NearBranch32:
      case OpKind.NearBranch64:
        return { kind: 'J', value: it.nearBranchTarget };
      case OpKind.FarBranch16:
        return { kind: 'A', value: BigInt(it.farBranch16) | (BigInt(it.farBranchSelector) << 32n) };
      case OpKind.FarBranch32:
        return { kind: 'A', value: BigInt(it.farBranch32) | (BigInt(it.farBranchSelector) << 32n) };
      case OpKind.Memory:
        return it.mnemonic === Mnemonic.Xlatb ? undefined : this.#memory();
      case OpKind.MemorySegDI:
      case OpKind.MemorySegEDI:
      case OpKind.MemorySegRDI:
        return undefined;
      default:
        return { kind: 'I', value: BigInt.asUintN(IMMEDIATE_BITS.get(it.opKind(index)) ?? 64, it.immediate(index)) };
    }
  }

  #memory(): MemoryOperand {
    const it = this.#instruction;
    const number = (register: number): number | undefined => REGISTERS.get(register)?.number;
    const ip = it.isIpRelMemoryOperand;
    return {
      kind: 'M',
      base: ip ? 'ip' : number(it.memoryBase),
      index: number(it.memoryIndex),
      scale: Math.log2(it.memoryIndexScale),
      displacement: BigInt.asUintN(this.#address()!.size, it.memoryDisplacement),
      size: iced.MemorySizeExt.size(it.memorySize) * 8,
    };
  }

  /** Address size and segment (that of ES:rDI is fixed) of explicit and implied memory operands. */
  #address(): { size: number; segment: number | undefined } | undefined {
    const it = this.#instruction;
    const kinds = Array.from({ length: it.opCount }, (_, index) => it.opKind(index));
    if (kinds.includes(OpKind.Memory)) return { size: this.#memoryAddressSize(), segment: it.memorySegment };
    const found = kinds.map((kind) => IMPLIED_ADDRESS.get(kind)).filter((size) => size !== undefined);
    if (found.length === 0) return undefined;
    const fixed = kinds.every((kind) => !SEGMENT_TAKEN.has(kind));
    return { size: found[0]!, segment: fixed ? undefined : it.memorySegment };
  }

  #memoryAddressSize(): number {
    const it = this.#instruction;
    if (it.isIpRelMemoryOperand) return it.memoryBase === Register.EIP ? 32 : 64;
    return REGISTERS.get(it.memoryBase)?.size ?? REGISTERS.get(it.memoryIndex)?.size ?? it.memoryDisplSize * 8;
  }

  /** Bits of a stack slot of pushes, pops, calls and returns. */
  #slot(code: string): number | undefined {
    const named = SLOT_NAMED.exec(code);
    if (named !== null) return { w: 16, d: 32, q: 64 }[named[1]!];
    if (!SLOT_MOVED.test(code)) return undefined;
    const far = /^Call_(?:m16|ptr16)/.test(code) ? 2 : 1;
    return (Math.abs(this.#instruction.stackPointerIncrement) * 8) / far;
  }

  /** LOOP and JCXZ count in a register of the address size. */
  #counterSize(code: string): number | undefined {
    const counter = /^(?:Loop.*_(R|E)?CX|J(r|e)?cxz_.*)$/.exec(code);
    if (counter === null) return undefined;
    const letter = (counter[1] ?? counter[2] ?? '').toLowerCase();
    return letter === 'r' ? 64 : letter === 'e' ? 32 : 16;
  }
}

/** In the space of NOPs with a ModRM byte, 0F 18 … 0F 1F: they do nothing to registers or memory without their CPUID bits. */
const HINTS = /^(?:Prefetch(?:nta|t0|t1|t2|it0|it1)|Cldemote|Endbr32|Endbr64|Rdsspd|Rdsspq)$/;

/** Mnemonics that say the same in other words become one. */
function mnemonicOf(code: string, mnemonic: string): string {
  if (code === 'INVALID' || code.startsWith('Ud')) return 'illegal';
  if (mnemonic === 'Sal') return 'shl';
  if (mnemonic === 'Reservednop' || HINTS.test(mnemonic)) return 'nop';
  if (/^Prefetch(?:w|wt1)?$/.test(mnemonic)) return 'prefetchw';
  return mnemonic.toLowerCase();
}
