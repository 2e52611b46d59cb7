// A few instructions of 64-bit x86 code (Intel SDM vol. 2), enough for the benchmarks' own guests.

/** Numbers of the general registers as instructions encode them. */
export const REG = Object.freeze({
  RAX: 0,
  RCX: 1,
  RDX: 2,
  RBX: 3,
  RSP: 4,
  RBP: 5,
  RSI: 6,
  RDI: 7,
  R8: 8,
  R9: 9,
  R10: 10,
  R11: 11,
  R12: 12,
  R13: 13,
  R14: 14,
  R15: 15,
});

/** Two-operand arithmetic, by the number that its encodings share. */
export const ALU = Object.freeze({ ADD: 0, OR: 1, ADC: 2, SBB: 3, AND: 4, SUB: 5, XOR: 6, CMP: 7 });
export const SHIFT = Object.freeze({ ROL: 0, ROR: 1, SHL: 4, SHR: 5, SAR: 7 });
/** Condition codes. */
export const CC = Object.freeze({
  O: 0,
  NO: 1,
  B: 2,
  AE: 3,
  E: 4,
  NE: 5,
  BE: 6,
  A: 7,
  S: 8,
  NS: 9,
  L: 12,
  GE: 13,
  LE: 14,
  G: 15,
});

export type Width = 32 | 64;

/** A memory operand: base + index + displacement. The index is never RSP. */
export interface Memory {
  readonly base: number;
  readonly index?: number;
  readonly disp?: number;
}

/** A place in the code, to be branched to before or after it is known. */
export interface Label {
  at: number | undefined;
  /** Offsets of 32-bit displacements that want it. */
  readonly uses: number[];
}

/** Emits code; labels are filled in as they become known. */
export class Assembler {
  readonly #bytes: number[] = [];

  get length(): number {
    return this.#bytes.length;
  }

  /** The code so far. Every label must have been placed. */
  finish(): Uint8Array<ArrayBuffer> {
    return Uint8Array.from(this.#bytes);
  }

  raw(...bytes: number[]): this {
    for (const byte of bytes) this.#bytes.push(byte & 0xff);
    return this;
  }

  /** Little-endian 32 bits. */
  dword(value: number): this {
    return this.raw(value, value >> 8, value >> 16, value >> 24);
  }

  /** Fill with NOPs up to a multiple of `size` bytes. */
  align(size: number): this {
    while (this.length % size !== 0) this.raw(0x90);
    return this;
  }

  label(): Label {
    return { at: undefined, uses: [] };
  }

  /** A label at the next instruction. */
  here(): Label {
    const label = this.label();
    this.place(label);
    return label;
  }

  place(label: Label): this {
    label.at = this.length;
    for (const use of label.uses) this.#patch(use, label.at);
    return this;
  }

  // ---- Branches, all with 32-bit displacements

  jmp(target: Label): this {
    return this.raw(0xe9).#relative(target);
  }

  jcc(condition: number, target: Label): this {
    return this.raw(0x0f, 0x80 | condition).#relative(target);
  }

  call(target: Label): this {
    return this.raw(0xe8).#relative(target);
  }

  ret(): this {
    return this.raw(0xc3);
  }

  // ---- Registers and immediates

  alu(op: number, width: Width, to: number, from: number): this {
    return this.#rex(width, from, 0, to)
      .raw((op << 3) | 1)
      .#direct(from, to);
  }

  aluImm(op: number, width: Width, to: number, value: number): this {
    const short = value >= -128 && value < 128;
    this.#rex(width, 0, 0, to)
      .raw(short ? 0x83 : 0x81)
      .#direct(op, to);
    return short ? this.raw(value) : this.dword(value);
  }

  test(width: Width, a: number, b: number): this {
    return this.#rex(width, b, 0, a).raw(0x85).#direct(b, a);
  }

  testImm(register: number, mask: number): this {
    return this.#rex(32, 0, 0, register).raw(0xf7).#direct(0, register).dword(mask);
  }

  mov(width: Width, to: number, from: number): this {
    return this.#rex(width, from, 0, to).raw(0x89).#direct(from, to);
  }

  /** 32 bits, zero-extended. */
  movImm(to: number, value: number): this {
    return this.#rex(32, 0, 0, to)
      .raw(0xb8 | (to & 7))
      .dword(value);
  }

  shift(op: number, width: Width, register: number, count: number): this {
    return this.#rex(width, 0, 0, register).raw(0xc1).#direct(op, register).raw(count);
  }

  imul(width: Width, to: number, from: number): this {
    return this.#rex(width, to, 0, from).raw(0x0f, 0xaf).#direct(to, from);
  }

  movzx8(to: number, from: number): this {
    return this.raw(0x40 | ((to >> 3) << 2) | (from >> 3), 0x0f, 0xb6).#direct(to, from);
  }

  push(register: number): this {
    return this.#rex(32, 0, 0, register).raw(0x50 | (register & 7));
  }

  pop(register: number): this {
    return this.#rex(32, 0, 0, register).raw(0x58 | (register & 7));
  }

  // ---- Memory

  load(width: Width, to: number, from: Memory): this {
    return this.#memory(width, [0x8b], to, from);
  }

  store(width: Width, to: Memory, from: number): this {
    return this.#memory(width, [0x89], from, to);
  }

  aluLoad(op: number, width: Width, to: number, from: Memory): this {
    return this.#memory(width, [(op << 3) | 3], to, from);
  }

  aluStore(op: number, width: Width, to: Memory, from: number): this {
    return this.#memory(width, [(op << 3) | 1], from, to);
  }

  loadByte(to: number, from: Memory): this {
    return this.#memory(32, [0x0f, 0xb6], to, from);
  }

  lea(to: number, from: Memory): this {
    return this.#memory(64, [0x8d], to, from);
  }

  // ---- Encoding

  /** A REX prefix where one is needed: W, and the high bits of ModRM.reg, SIB.index and ModRM.rm or SIB.base. */
  #rex(width: Width, reg: number, index: number, base: number): this {
    const bits = (width === 64 ? 8 : 0) | ((reg >> 3) << 2) | ((index >> 3) << 1) | (base >> 3);
    return bits === 0 ? this : this.raw(0x40 | bits);
  }

  #direct(reg: number, rm: number): this {
    return this.raw(0xc0 | ((reg & 7) << 3) | (rm & 7));
  }

  /** Always with SIB and a 32-bit displacement. */
  #memory(width: Width, opcode: number[], reg: number, { base, index = REG.RSP, disp = 0 }: Memory): this {
    return this.#rex(width, reg, index, base)
      .raw(...opcode, 0x84 | ((reg & 7) << 3), ((index & 7) << 3) | (base & 7))
      .dword(disp);
  }

  #relative(target: Label): this {
    target.uses.push(this.length);
    this.dword(0);
    if (target.at !== undefined) this.#patch(this.length - 4, target.at);
    return this;
  }

  #patch(use: number, at: number): void {
    const distance = at - (use + 4);
    for (let i = 0; i < 4; i++) this.#bytes[use + i] = (distance >> (8 * i)) & 0xff;
  }
}
