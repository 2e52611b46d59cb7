// A small two-operand x86 assembler: as much of Intel's syntax as guest.ts uses, for 32- and 64-bit code.
//
//     label:                    ; a comment
//       mov   eax, [rbp+40]     ; registers (of the first eight), numbers, 'c', labels, [register+number]
//       text  "hello\n"         ; data: text, byte, dword, qword, align, space
//
// Branches are always near and displacements always 32 bits wide, so one pass lays everything out, and labels are
// patched in at the end. Encodings: Intel SDM vol. 2, chapters 3 to 5.

const REGISTERS = new Map<string, { number: number; size: 8 | 16 | 32 | 64 }>();
for (const [size, names] of [
  [8, 'al cl dl bl ah ch dh bh'],
  [16, 'ax cx dx bx sp bp si di'],
  [32, 'eax ecx edx ebx esp ebp esi edi'],
  [64, 'rax rcx rdx rbx rsp rbp rsi rdi'],
] as const) {
  for (const [number, name] of names.split(' ').entries()) REGISTERS.set(name, { number, size });
}
const CONTROL = ['cr0', '', '', 'cr3', 'cr4'];

/** Instructions that are their bytes. */
const PLAIN: Record<string, readonly number[]> = {
  cld: [0xfc],
  cli: [0xfa],
  cpuid: [0x0f, 0xa2],
  hlt: [0xf4],
  lodsb: [0xac],
  rdmsr: [0x0f, 0x32],
  rdtsc: [0x0f, 0x31],
  ret: [0xc3],
  wrmsr: [0x0f, 0x30],
  xlatb: [0xd7],
};
/** Two operands, by their digit: the opcode is digit × 8 for registers and the digit of 81 for immediates. */
const ARITHMETIC = ['add', 'or', 'adc', 'sbb', 'and', 'sub', 'xor', 'cmp'];
/** One operand: opcode and digit. */
const UNARY: Record<string, readonly [opcode: number, digit: number]> = {
  inc: [0xff, 0],
  dec: [0xff, 1],
  not: [0xf7, 2],
  div: [0xf7, 6],
};
/** By an immediate: digit of C1. */
const SHIFTS: Record<string, number> = { rol: 0, shl: 4, shr: 5 };
const CONDITIONS: Record<string, number> = { jc: 2, jnc: 3, jz: 4, jnz: 5, jbe: 6, ja: 7 };
const ESCAPES: Record<string, string> = { n: '\r\n', '"': '"', '\\': '\\' };

type Operand =
  | { kind: 'register'; number: number; size: 8 | 16 | 32 | 64 }
  | { kind: 'memory'; base: number; displacement: number }
  | { kind: 'control'; number: number }
  | { kind: 'value'; value: number }
  | { kind: 'label'; name: string };

/** Machine code of a program and where its labels are. */
export interface Assembled {
  readonly bytes: Uint8Array;
  readonly labels: ReadonlyMap<string, number>;
}

/**
 * Assemble a program to be loaded at `origin`.
 *
 * @throws Error naming the line that it does not understand, or a label that is not there
 */
export function assemble(source: string, origin: number): Assembled {
  const assembler = new Assembler(origin);
  for (const line of source.split('\n')) {
    try {
      assembler.line(line);
    } catch (cause) {
      throw new Error(`cannot assemble "${line.trim()}": ${(cause as Error).message}`, { cause });
    }
  }
  return assembler.finish();
}

class Assembler {
  readonly #origin: number;
  readonly #bytes: number[] = [];
  readonly #labels = new Map<string, number>();
  /** Four bytes each to be filled in: the label's address, or its distance from behind them. */
  readonly #patches: { at: number; label: string; relative: boolean }[] = [];

  constructor(origin: number) {
    this.#origin = origin;
  }

  line(line: string): void {
    const [, label, mnemonic, rest = ''] =
      /^\s*(?:(\w+):)?\s*(?:(\w+)(?:\s+((?:"(?:[^"\\]|\\.)*"|'.'|[^;])*))?)?\s*(?:;.*)?$/.exec(line) ?? fail('syntax');
    if (label !== undefined) this.#labels.set(label, this.#origin + this.#bytes.length);
    if (mnemonic !== undefined) this.#statement(mnemonic, rest.trim());
  }

  finish(): Assembled {
    const bytes = Uint8Array.from(this.#bytes);
    const view = new DataView(bytes.buffer);
    for (const { at, label, relative } of this.#patches) {
      const address = this.#labels.get(label) ?? fail(`no label ${label}`);
      view.setInt32(at, relative ? address - (this.#origin + at + 4) : address, true);
    }
    return { bytes, labels: this.#labels };
  }

  #statement(mnemonic: string, rest: string): void {
    if (mnemonic === 'text') return this.#text(rest);
    const operands = rest === '' ? [] : rest.split(/\s*,\s*/).map(parseOperand);
    const plain = PLAIN[mnemonic];
    if (plain !== undefined) return this.#emit(...plain);
    if (mnemonic === 'align' || mnemonic === 'space') return this.#reserve(mnemonic, valueOf(operands[0]));
    if (mnemonic === 'byte' || mnemonic === 'dword' || mnemonic === 'qword') {
      for (const operand of operands) this.#data(operand, { byte: 1, dword: 4, qword: 8 }[mnemonic]);
      return;
    }
    this.#instruction(mnemonic, operands[0] ?? fail('operands'), operands[1]);
  }

  #instruction(mnemonic: string, to: Operand, from: Operand | undefined): void {
    const condition = CONDITIONS[mnemonic];
    if (condition !== undefined) return this.#branch([0x0f, 0x80 | condition], to);
    if (mnemonic === 'jmp') return this.#branch([0xe9], to);
    if (mnemonic === 'call') return this.#branch([0xe8], to);
    if (mnemonic === 'jmpf') return this.#farJump(to, valueOf(from));
    if (mnemonic === 'lgdt') return this.#modrm(32, [0x0f, 0x01], 2, to);
    if (mnemonic === 'push' || mnemonic === 'pop') {
      return this.#emit((mnemonic === 'push' ? 0x50 : 0x58) | registerOf(to).number);
    }
    const unary = UNARY[mnemonic];
    if (unary !== undefined) return this.#sized(registerOf(to).size, unary[0], unary[1], to);
    if (from === undefined) fail('operands');
    if (mnemonic in SHIFTS) {
      this.#sized(registerOf(to).size, 0xc1, SHIFTS[mnemonic]!, to);
      return this.#emit(valueOf(from));
    }
    // Port numbers are in DX: `in al, dx`, `out dx, ax`.
    if (mnemonic === 'in') return this.#sizedPlain(registerOf(to).size, 0xed);
    if (mnemonic === 'out') return this.#sizedPlain(registerOf(from).size, 0xef);
    if (mnemonic === 'mov') return this.#move(to, from);
    if (mnemonic === 'test') return this.#arithmetic(to, from, 0x85, [0xf7, 0]);
    const digit = ARITHMETIC.indexOf(mnemonic);
    if (digit < 0) fail('no such instruction');
    this.#arithmetic(to, from, digit * 8 + 1, [0x81, digit]);
  }

  #move(to: Operand, from: Operand): void {
    if (to.kind === 'control') return this.#emit(0x0f, 0x22, 0xc0 | (to.number << 3) | registerOf(from).number);
    if (from.kind === 'control') return this.#emit(0x0f, 0x20, 0xc0 | (from.number << 3) | registerOf(to).number);
    if (to.kind === 'register' && (from.kind === 'value' || from.kind === 'label')) {
      if (to.size === 64) fail('immediates are 32 bits wide: they zero-extend');
      this.#sizedPlain(to.size, (to.size === 8 ? 0xb1 : 0xb8) | to.number);
      return this.#data(from, to.size / 8);
    }
    this.#arithmetic(to, from, 0x89, [0xc7, 0]);
  }

  /** The shapes of the oldest instructions: r/m with register, register with r/m (opcode + 2), r/m with immediate. */
  #arithmetic(to: Operand, from: Operand, opcode: number, [immediate, digit]: readonly [number, number]): void {
    if (from.kind === 'register') return this.#sized(from.size, opcode, from.number, to);
    const register = registerOf(to);
    if (from.kind === 'memory') return this.#sized(register.size, opcode + 2, register.number, from);
    this.#sized(register.size, immediate, digit, to);
    this.#data(from, Math.min(register.size / 8, 4));
  }

  /** An opcode in its form for 16, 32 and 64 bits; the one for 8 bits is one less. */
  #sized(size: number, opcode: number, reg: number, rm: Operand): void {
    this.#modrm(size, [size === 8 ? opcode - 1 : opcode], reg, rm);
  }

  #sizedPlain(size: number, opcode: number): void {
    if (size === 16) this.#emit(0x66);
    this.#emit(size === 8 ? opcode - 1 : opcode);
  }

  #modrm(size: number, opcode: readonly number[], reg: number, rm: Operand): void {
    if (size === 16) this.#emit(0x66);
    if (size === 64) this.#emit(0x48);
    if (rm.kind === 'register') return this.#emit(...opcode, 0xc0 | (reg << 3) | rm.number);
    if (rm.kind !== 'memory') fail('operands');
    this.#emit(...opcode, 0x80 | (reg << 3) | rm.base);
    this.#data({ kind: 'value', value: rm.displacement }, 4);
  }

  #branch(opcode: readonly number[], target: Operand): void {
    if (target.kind !== 'label') fail('branches take labels');
    this.#emit(...opcode);
    this.#patch(target.name, true);
  }

  #farJump(target: Operand, selector: number): void {
    this.#emit(0xea);
    this.#data(target, 4);
    this.#emit(selector & 0xff, selector >> 8);
  }

  #data(operand: Operand, size: number): void {
    if (operand.kind === 'label') {
      if (size < 4) fail('addresses are 32 bits wide');
      this.#patch(operand.name, false);
      return this.#emit(...Array<number>(size - 4).fill(0));
    }
    const value = BigInt(valueOf(operand));
    for (let byte = 0; byte < size; byte++) this.#emit(Number((value >> BigInt(byte * 8)) & 0xffn));
  }

  #text(quoted: string): void {
    const text = quoted.slice(1, -1).replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? fail('escape'));
    this.#emit(...new TextEncoder().encode(text), 0);
  }

  #reserve(how: 'align' | 'space', count: number): void {
    const bytes = how === 'space' ? count : -(this.#origin + this.#bytes.length) & (count - 1);
    for (let left = bytes; left > 0; left--) this.#emit(0);
  }

  #patch(label: string, relative: boolean): void {
    this.#patches.push({ at: this.#bytes.length, label, relative });
    this.#emit(0, 0, 0, 0);
  }

  #emit(...bytes: number[]): void {
    this.#bytes.push(...bytes);
  }
}

function parseOperand(text: string): Operand {
  const register = REGISTERS.get(text);
  if (register !== undefined) return { kind: 'register', ...register };
  if (text !== '' && CONTROL.includes(text)) return { kind: 'control', number: CONTROL.indexOf(text) };
  if (/^'.'$/.test(text)) return { kind: 'value', value: text.charCodeAt(1) };
  if (/^-?(?:0x[\da-f]+|\d+)$/.test(text)) return { kind: 'value', value: Number(text) };
  const memory = /^\[(\w+)(?:\+(\w+))?\]$/.exec(text);
  if (memory === null) return { kind: 'label', name: text };
  const base = REGISTERS.get(memory[1]!)?.number ?? fail('base register');
  if (base === 4) fail('memory by the stack pointer');
  return { kind: 'memory', base, displacement: Number(memory[2] ?? 0) };
}

function registerOf(operand: Operand): { number: number; size: 8 | 16 | 32 | 64 } {
  return operand.kind === 'register' ? operand : fail('a register is wanted');
}

function valueOf(operand: Operand | undefined): number {
  return operand?.kind === 'value' ? operand.value : fail('a number is wanted');
}

function fail(problem: string): never {
  throw new Error(problem);
}
