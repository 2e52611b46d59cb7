// One instruction as both decoders see it, in terms that belong to neither.

/** Where bytes stand: decoder bitness and the instruction pointer (which also says the offset in the page). */
export interface Site {
  readonly bits: 16 | 32 | 64;
  readonly ip: number;
}

export type RegisterFile = 'gpr' | 'gpr8' | 'mmx' | 'xmm' | 'segment' | 'cr' | 'dr' | 'st';

export interface RegisterOperand {
  readonly kind: 'R';
  readonly file: RegisterFile;
  /** Encoding; AH CH DH BH are 20–23. */
  readonly number: number;
  /** Bits, of a general register whose width the operand gives. */
  readonly size: number | undefined;
}

export interface MemoryOperand {
  readonly kind: 'M';
  /** Encodings of general registers, or none. */
  readonly base: number | 'ip' | undefined;
  readonly index: number | undefined;
  readonly scale: number;
  /** Unsigned, cut to the address size; the target itself when the base is `ip`. */
  readonly displacement: bigint;
  /** Bits of the access, where the operand gives them. */
  readonly size: number | undefined;
}

/** Immediate or far pointer (selector in the bits above the offset's 32); relative branches hold their target. */
export interface ValueOperand {
  readonly kind: 'I' | 'J' | 'A';
  readonly value: bigint;
}

export type Operand = RegisterOperand | MemoryOperand | ValueOperand;

export interface Instruction {
  readonly length: number;
  /** Intel's mnemonic in lower case, or `illegal`. */
  readonly mnemonic: string;
  readonly operands: readonly Operand[];
  /** Bits of what the stack pointer moves by, for pushes, pops, calls and returns. */
  readonly stack: number | undefined;
  /** Bits of addresses, where the instruction has any. */
  readonly addressSize: number | undefined;
  /** Segment of the memory operand, explicit or not: ES 0 … GS 5. */
  readonly segment: number | undefined;
  readonly lock: boolean;
  /** F3 or F2 on string instructions. */
  readonly repeat: 'rep' | 'repne' | undefined;
}

/** Equal where equal, and readable where not. */
export function render(instruction: Instruction): string {
  const { length, mnemonic, operands, stack, addressSize, segment, lock, repeat } = instruction;
  const words = [`${length}:`, mnemonic, operands.map(renderOperand).join(', ')];
  if (stack !== undefined) words.push(`stack${stack}`);
  if (addressSize !== undefined) words.push(`a${addressSize}`);
  if (segment !== undefined) words.push(`seg${segment}`);
  if (lock) words.push('lock');
  if (repeat !== undefined) words.push(repeat);
  return words.join(' ');
}

function renderOperand(operand: Operand): string {
  if (operand.kind === 'R') return `${operand.file}${operand.number}${operand.size ? `/${operand.size}` : ''}`;
  if (operand.kind !== 'M') return `${operand.kind}=${operand.value.toString(16)}`;
  const { base, index, scale, displacement, size } = operand;
  return `[${base ?? '-'} + ${index === undefined ? '-' : `${index}<<${scale}`} + ${displacement.toString(16)}]${size ? `/${size}` : ''}`;
}
