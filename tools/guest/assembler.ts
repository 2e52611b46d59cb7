// A small two-operand x86 assembler: as much of Intel's syntax as guest.ts uses, for 32- and 64-bit code.
//
//     label:                    ; a comment
//       mov   eax, [rbp+40]     ; registers (of the first eight), numbers, 'c', label+number, [register+number]
//       text  "hello\n"         ; data: text, byte, dword, qword, align, space
//
// Branches are always near and displacements always 32 bits wide, so one pass lays everything out, and labels are filled
// in at the end. Encodings: Intel SDM vol. 2, chapters 3 to 5.

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
  | { kind: 'label'; name: string; addend: number };

type Register = Extract<Operand, { kind: 'register' }>;
type Label = Extract<Operand, { kind: 'label' }>;
/** A byte, or four of them that wait for a label: its address, or its distance from behind them. */
type Piece = number | { readonly label: Label; readonly relative: boolean };

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
  const labels = new Map<string, number>();
  const waiting: { at: number; label: Label; relative: boolean }[] = [];
  const code: number[] = [];
  for (const line of source.split('\n')) {
    const { label, pieces } = parseLine(line, origin + code.length);
    if (label !== undefined) labels.set(label, origin + code.length);
    for (const piece of pieces) {
      if (typeof piece !== 'number') waiting.push({ at: code.length, ...piece });
      code.push(...(typeof piece === 'number' ? [piece] : [0, 0, 0, 0]));
    }
  }
  const bytes = Uint8Array.from(code);
  const view = new DataView(bytes.buffer);
  for (const { at, label, relative } of waiting) {
    const address = (labels.get(label.name) ?? fail(`no label ${label.name}`)) + label.addend;
    view.setInt32(at, relative ? address - (origin + at + 4) : address, true);
  }
  return { bytes, labels };
}

const LINE = /^\s*(?:(\w+):)?\s*(?:(\w+)(?:\s+((?:"(?:[^"\\]|\\.)*"|'.'|[^;])*))?)?\s*(?:;.*)?$/;

function parseLine(line: string, address: number): { label: string | undefined; pieces: Piece[] } {
  try {
    const [, label, mnemonic, rest = ''] = LINE.exec(line) ?? fail('syntax');
    return { label, pieces: mnemonic === undefined ? [] : statement(mnemonic, rest.trim(), address) };
  } catch (cause) {
    throw new Error(`cannot assemble "${line.trim()}": ${(cause as Error).message}`, { cause });
  }
}

function statement(mnemonic: string, rest: string, address: number): Piece[] {
  if (mnemonic === 'text') return text(rest);
  const operands = rest === '' ? [] : rest.split(/\s*,\s*/).map(parseOperand);
  if (mnemonic === 'space') return Array(numberOf(operands[0])).fill(0);
  if (mnemonic === 'align') return Array(-address & (numberOf(operands[0]) - 1)).fill(0);
  const width = { byte: 1, dword: 4, qword: 8 }[mnemonic];
  if (width !== undefined) return operands.flatMap((operand) => data(operand, width));
  const plain = PLAIN[mnemonic];
  if (plain !== undefined) return [...plain];
  const [to, from] = operands;
  if (to === undefined) return fail('operands');
  return from === undefined ? oneOperand(mnemonic, to) : twoOperands(mnemonic, to, from);
}

function oneOperand(mnemonic: string, operand: Operand): Piece[] {
  const condition = CONDITIONS[mnemonic];
  if (condition !== undefined) return branch([0x0f, 0x80 | condition], operand);
  if (mnemonic === 'jmp') return branch([0xe9], operand);
  if (mnemonic === 'call') return branch([0xe8], operand);
  if (mnemonic === 'lgdt') return modrm(32, [0x0f, 0x01], 2, operand);
  if (mnemonic === 'push') return [0x50 | registerOf(operand).number];
  if (mnemonic === 'pop') return [0x58 | registerOf(operand).number];
  const [opcode, digit] = UNARY[mnemonic] ?? fail('operands');
  return sized(registerOf(operand).size, opcode, digit, operand);
}

function twoOperands(mnemonic: string, to: Operand, from: Operand): Piece[] {
  if (mnemonic === 'mov') return move(to, from);
  if (mnemonic === 'test') return classic(to, from, 0x85, [0xf7, 0]);
  if (mnemonic === 'jmpf') return [0xea, ...data(to, 4), ...data(from, 2)];
  // Port numbers are in DX: `in al, dx`, `out dx, ax`.
  if (mnemonic === 'in') return sizedAlone(registerOf(to).size, 0xed);
  if (mnemonic === 'out') return sizedAlone(registerOf(from).size, 0xef);
  const shift = SHIFTS[mnemonic];
  if (shift !== undefined) return [...sized(registerOf(to).size, 0xc1, shift, to), numberOf(from)];
  const digit = ARITHMETIC.indexOf(mnemonic);
  return digit < 0 ? fail('no such instruction') : classic(to, from, digit * 8 + 1, [0x81, digit]);
}

function move(to: Operand, from: Operand): Piece[] {
  if (to.kind === 'control') return [0x0f, 0x22, 0xc0 | (to.number << 3) | registerOf(from).number];
  if (from.kind === 'control') return [0x0f, 0x20, 0xc0 | (from.number << 3) | registerOf(to).number];
  if (to.kind === 'register' && (from.kind === 'value' || from.kind === 'label')) {
    if (to.size === 64) fail('immediates are 32 bits wide: they zero-extend');
    return [...sizedAlone(to.size, to.size === 8 ? 0xb1 : 0xb8, to.number), ...data(from, to.size / 8)];
  }
  return classic(to, from, 0x89, [0xc7, 0]);
}

/** The shapes of the oldest instructions: r/m with register, register with r/m (opcode + 2), r/m with immediate. */
function classic(to: Operand, from: Operand, opcode: number, [immediate, digit]: readonly [number, number]): Piece[] {
  if (from.kind === 'register') return sized(from.size, opcode, from.number, to);
  const register = registerOf(to);
  if (from.kind === 'memory') return sized(register.size, opcode + 2, register.number, from);
  return [...sized(register.size, immediate, digit, to), ...data(from, Math.min(register.size / 8, 4))];
}

/** An opcode in its form for 16, 32 and 64 bits, with ModRM; the one for 8 bits is one less. */
function sized(size: number, opcode: number, reg: number, rm: Operand): Piece[] {
  return modrm(size, [size === 8 ? opcode - 1 : opcode], reg, rm);
}

/** … and without ModRM; `register` is in the opcode's low bits. */
function sizedAlone(size: number, opcode: number, register = 0): Piece[] {
  return [...(size === 16 ? [0x66] : []), (size === 8 ? opcode - 1 : opcode) | register];
}

function modrm(size: number, opcode: readonly number[], reg: number, rm: Operand): Piece[] {
  const start = [...(size === 16 ? [0x66] : []), ...(size === 64 ? [0x48] : []), ...opcode];
  if (rm.kind === 'register') return [...start, 0xc0 | (reg << 3) | rm.number];
  if (rm.kind !== 'memory') return fail('operands');
  return [...start, 0x80 | (reg << 3) | rm.base, ...little(rm.displacement, 4)];
}

function branch(opcode: readonly number[], target: Operand): Piece[] {
  if (target.kind !== 'label') return fail('branches take labels');
  return [...opcode, { label: target, relative: true }];
}

function data(operand: Operand, size: number): Piece[] {
  if (operand.kind !== 'label') return little(numberOf(operand), size);
  if (size < 4) return fail('addresses are 32 bits wide');
  return [{ label: operand, relative: false }, ...little(0, size - 4)];
}

function little(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, byte) => Number((BigInt(value) >> BigInt(byte * 8)) & 0xffn));
}

function text(quoted: string): number[] {
  const characters = quoted.slice(1, -1).replace(/\\(.)/g, (_, letter: string) => ESCAPES[letter] ?? fail('escape'));
  return [...new TextEncoder().encode(characters), 0];
}

function parseOperand(text: string): Operand {
  const register = REGISTERS.get(text);
  if (register !== undefined) return { kind: 'register', ...register };
  if (text !== '' && CONTROL.includes(text)) return { kind: 'control', number: CONTROL.indexOf(text) };
  if (/^'.'$/.test(text)) return { kind: 'value', value: text.charCodeAt(1) };
  if (/^-?(?:0x[\da-f]+|\d+)$/.test(text)) return { kind: 'value', value: Number(text) };
  const memory = /^\[(\w+)(?:\+(\w+))?\]$/.exec(text);
  if (memory === null) {
    const label = /^(\w+)(?:\+(\d+))?$/.exec(text) ?? fail(`operand ${text}`);
    return { kind: 'label', name: label[1]!, addend: Number(label[2] ?? 0) };
  }
  const base = REGISTERS.get(memory[1]!)?.number ?? fail('base register');
  if (base === 4) fail('memory by the stack pointer');
  return { kind: 'memory', base, displacement: Number(memory[2] ?? 0) };
}

function registerOf(operand: Operand): Register {
  return operand.kind === 'register' ? operand : fail('a register is wanted');
}

function numberOf(operand: Operand | undefined): number {
  return operand?.kind === 'value' ? operand.value : fail('a number is wanted');
}

function fail(problem: string): never {
  throw new Error(problem);
}
