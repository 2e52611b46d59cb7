// A small assembler for guest code in tests: the instructions that privileged tests need, in the encoding of the current
// code size. It knows labels and nothing of expressions; what it does not know is written as bytes.

export type Bits = 16 | 32 | 64;

/** General registers by their number in encodings; their size is that of the instruction. */
export const REG = Object.freeze({
  a: 0,
  c: 1,
  d: 2,
  b: 3,
  sp: 4,
  bp: 5,
  si: 6,
  di: 7,
  r8: 8,
  r9: 9,
  r10: 10,
  r11: 11,
  r12: 12,
});
export type Reg = keyof typeof REG;

const SREG = Object.freeze({ es: 0, cs: 1, ss: 2, ds: 3, fs: 4, gs: 5 });
export type Sreg = keyof typeof SREG;

const ALU = Object.freeze({ add: 0, or: 1, adc: 2, sbb: 3, and: 4, sub: 5, xor: 6, cmp: 7 });
export type AluName = keyof typeof ALU;

const CONDITION = Object.freeze({ o: 0, no: 1, b: 2, ae: 3, e: 4, ne: 5, be: 6, a: 7, s: 8, ns: 9 });

interface Fixup {
  at: number;
  label: string;
  /** Bytes of the field, and whether it counts from its own end. */
  size: 1 | 2 | 4 | 8;
  relative: boolean;
}

export class Assembler {
  readonly origin: number;
  #bits: Bits;
  readonly #bytes: number[] = [];
  readonly #labels = new Map<string, number>();
  readonly #fixups: Fixup[] = [];

  constructor(bits: Bits, origin: number) {
    this.#bits = bits;
    this.origin = origin;
  }

  /** Address of the next byte. */
  get here(): number {
    return this.origin + this.#bytes.length;
  }

  /** What follows runs in code of another size. */
  bits(bits: Bits): this {
    this.#bits = bits;
    return this;
  }

  label(name: string): this {
    this.#labels.set(name, this.here);
    return this;
  }

  address(label: string): number {
    const at = this.#labels.get(label);
    if (at === undefined) throw new Error(`no label ${label}`);
    return at;
  }

  bytes(...bytes: number[]): this {
    this.#bytes.push(...bytes);
    return this;
  }

  /** Fill with NOPs up to an address. */
  padTo(address: number): this {
    if (address < this.here) throw new Error(`already at 0x${this.here.toString(16)}`);
    while (this.here < address) this.bytes(0x90);
    return this;
  }

  assemble(): Uint8Array {
    const out = Uint8Array.from(this.#bytes);
    const view = new DataView(out.buffer);
    for (const { at, label, size, relative } of this.#fixups) {
      const value = this.address(label) - (relative ? this.origin + at + size : 0);
      if (size === 8) view.setBigUint64(at, BigInt(value), true);
      else if (size === 4) view.setInt32(at, value | 0, true);
      else if (size === 2) view.setInt16(at, value, true);
      else view.setInt8(at, value);
    }
    return out;
  }

  // ---- Moves

  /** mov reg, imm: as wide as the code. */
  movi(reg: Reg, value: number | bigint): this {
    this.#rex(0, REG[reg], this.#bits === 64);
    return this.bytes(0xb8 + (REG[reg] & 7)).imm(value, this.#bits === 64 ? 8 : this.#word);
  }

  /** mov reg, label. */
  movLabel(reg: Reg, label: string): this {
    const size = this.#bits === 64 ? 8 : this.#word;
    this.#rex(0, REG[reg], this.#bits === 64);
    return this.bytes(0xb8 + (REG[reg] & 7)).#refer(label, size, false);
  }

  /** mov to, from. */
  mov(to: Reg, from: Reg): this {
    return this.#registers(0x89, REG[from], REG[to]);
  }

  /** mov reg, [address], as wide as the code. */
  load(reg: Reg, address: number): this {
    return this.#absolute([0x8b], REG[reg], address);
  }

  /** mov [address], reg. */
  store(address: number, reg: Reg): this {
    return this.#absolute([0x89], REG[reg], address);
  }

  /** mov byte [address], imm. */
  storeByte(address: number, value: number): this {
    return this.#absolute([0xc6], 0, address).bytes(value & 0xff);
  }

  /** mov reg, [base]: 32- and 64-bit code. */
  loadAt(reg: Reg, base: Reg): this {
    return this.#indirect(0x8b, reg, base);
  }

  /** mov [base], reg. */
  storeAt(base: Reg, reg: Reg): this {
    return this.#indirect(0x89, reg, base);
  }

  /** Arithmetic: op to, from. */
  alu(op: AluName, to: Reg, from: Reg): this {
    return this.#registers(ALU[op] * 8 + 1, REG[from], REG[to]);
  }

  /** Arithmetic with an immediate of at most 32 bits. */
  alui(op: AluName, reg: Reg, value: number): this {
    this.#rex(0, REG[reg], this.#bits === 64);
    return this.bytes(0x81, 0xc0 | (ALU[op] << 3) | (REG[reg] & 7)).imm(value, this.#word);
  }

  /** add [address], reg and the like: read-modify-write. */
  aluStore(op: AluName, address: number, reg: Reg): this {
    return this.#absolute([ALU[op] * 8 + 1], REG[reg], address);
  }

  inc(reg: Reg): this {
    this.#rex(0, REG[reg], this.#bits === 64);
    return this.bytes(0xff, 0xc0 | (REG[reg] & 7));
  }

  // ---- Stack and flags

  push(reg: Reg): this {
    this.#rex(0, REG[reg], false);
    return this.bytes(0x50 + (REG[reg] & 7));
  }

  pop(reg: Reg): this {
    this.#rex(0, REG[reg], false);
    return this.bytes(0x58 + (REG[reg] & 7));
  }

  /** push imm32 (imm16 in 16-bit code). */
  pushi(value: number): this {
    return this.bytes(0x68).imm(value, this.#word);
  }

  pushf(): this {
    return this.bytes(0x9c);
  }

  popf(): this {
    return this.bytes(0x9d);
  }

  cli(): this {
    return this.bytes(0xfa);
  }

  sti(): this {
    return this.bytes(0xfb);
  }

  nop(count = 1): this {
    for (let i = 0; i < count; i++) this.bytes(0x90);
    return this;
  }

  // ---- Control

  jmp(label: string): this {
    return this.bytes(0xe9).#refer(label, this.#word, true);
  }

  jcc(condition: keyof typeof CONDITION, label: string): this {
    return this.bytes(0x70 + CONDITION[condition]).#refer(label, 1, true);
  }

  loop(label: string): this {
    return this.bytes(0xe2).#refer(label, 1, true);
  }

  call(label: string): this {
    return this.bytes(0xe8).#refer(label, this.#word, true);
  }

  ret(): this {
    return this.bytes(0xc3);
  }

  /** jmp far selector:label, for 16- and 32-bit code. `wide`: a 32-bit offset from 16-bit code. */
  jmpFar(selector: number, label: string, wide = false): this {
    if (wide) this.bytes(0x66);
    return this.bytes(0xea)
      .#refer(label, wide ? 4 : this.#word, false)
      .imm(selector, 2);
  }

  /** call far selector:offset, for 16- and 32-bit code. */
  callFar(selector: number, offset = 0): this {
    return this.bytes(0x9a).imm(offset, this.#word).imm(selector, 2);
  }

  jmpFarTo(selector: number, offset = 0): this {
    return this.bytes(0xea).imm(offset, this.#word).imm(selector, 2);
  }

  /** call far [address]. */
  callFarAt(address: number): this {
    return this.#absolute([0xff], 3, address, false);
  }

  /** jmp far [address]. */
  jmpFarAt(address: number): this {
    return this.#absolute([0xff], 5, address, false);
  }

  retf(): this {
    return this.bytes(0xcb);
  }

  retfi(release: number): this {
    return this.bytes(0xca).imm(release, 2);
  }

  /** iret as wide as the code. */
  iret(): this {
    return this.#bits === 64 ? this.bytes(0x48, 0xcf) : this.bytes(0xcf);
  }

  int(vector: number): this {
    return this.bytes(0xcd, vector);
  }

  hlt(): this {
    return this.bytes(0xf4);
  }

  ud2(): this {
    return this.bytes(0x0f, 0x0b);
  }

  // ---- Privileged registers

  movToCr(cr: number, reg: Reg): this {
    if (cr >= 8) this.bytes(0x44);
    return this.bytes(0x0f, 0x22, 0xc0 | ((cr & 7) << 3) | REG[reg]);
  }

  movFromCr(reg: Reg, cr: number): this {
    if (cr >= 8) this.bytes(0x44);
    return this.bytes(0x0f, 0x20, 0xc0 | ((cr & 7) << 3) | REG[reg]);
  }

  movToDr(dr: number, reg: Reg): this {
    return this.bytes(0x0f, 0x23, 0xc0 | (dr << 3) | REG[reg]);
  }

  movFromDr(reg: Reg, dr: number): this {
    return this.bytes(0x0f, 0x21, 0xc0 | (dr << 3) | REG[reg]);
  }

  movToSeg(sreg: Sreg, reg: Reg): this {
    return this.bytes(0x8e, 0xc0 | (SREG[sreg] << 3) | REG[reg]);
  }

  movFromSeg(reg: Reg, sreg: Sreg): this {
    return this.bytes(0x8c, 0xc0 | (SREG[sreg] << 3) | REG[reg]);
  }

  /** lgdt [address]; in 16-bit code with a 32-bit base. */
  lgdt(address: number): this {
    if (this.#bits === 16) this.bytes(0x66);
    return this.#absolute([0x0f, 0x01], 2, address, false);
  }

  lidt(address: number): this {
    if (this.#bits === 16) this.bytes(0x66);
    return this.#absolute([0x0f, 0x01], 3, address, false);
  }

  /** lldt reg. */
  lldt(reg: Reg): this {
    return this.bytes(0x0f, 0x00, 0xd0 | REG[reg]);
  }

  ltr(reg: Reg): this {
    return this.bytes(0x0f, 0x00, 0xd8 | REG[reg]);
  }

  invlpg(address: number): this {
    return this.#absolute([0x0f, 0x01], 7, address, false);
  }

  wrmsr(): this {
    return this.bytes(0x0f, 0x30);
  }

  rdmsr(): this {
    return this.bytes(0x0f, 0x32);
  }

  /** Write an MSR with the given constants; uses rax, rcx, rdx. */
  setMsr(index: number, value: bigint): this {
    return this.movi32('c', index)
      .movi32('a', Number(value & 0xffffffffn))
      .movi32('d', Number(value >> 32n))
      .wrmsr();
  }

  /** mov r32, imm32 in code of any size. */
  movi32(reg: Reg, value: number): this {
    if (this.#bits === 16) this.bytes(0x66);
    this.#rex(0, REG[reg], false);
    return this.bytes(0xb8 + (REG[reg] & 7)).imm(value, 4);
  }

  out8(port: number): this {
    return this.bytes(0xe6, port);
  }

  in8(port: number): this {
    return this.bytes(0xe4, port);
  }

  syscall(): this {
    return this.bytes(0x0f, 0x05);
  }

  /** sysret to 64-bit code from 64-bit code. */
  sysret64(): this {
    return this.bytes(0x48, 0x0f, 0x07);
  }

  sysenter(): this {
    return this.bytes(0x0f, 0x34);
  }

  sysexit(): this {
    return this.bytes(0x0f, 0x35);
  }

  // ---- Encoding

  imm(value: number | bigint, size: 1 | 2 | 4 | 8): this {
    let rest = BigInt(value);
    for (let i = 0; i < size; i++) {
      this.bytes(Number(rest & 0xffn));
      rest >>= 8n;
    }
    return this;
  }

  /** A label's address as data. */
  word(label: string, size: 2 | 4 | 8): this {
    return this.#refer(label, size, false);
  }

  get #word(): 2 | 4 {
    return this.#bits === 16 ? 2 : 4;
  }

  #rex(reg: number, base: number, wide: boolean): void {
    const rex = (wide ? 8 : 0) | (reg >= 8 ? 4 : 0) | (base >= 8 ? 1 : 0);
    if (rex !== 0) this.bytes(0x40 | rex);
  }

  #registers(opcode: number, reg: number, rm: number): this {
    this.#rex(reg, rm, this.#bits === 64);
    return this.bytes(opcode, 0xc0 | ((reg & 7) << 3) | (rm & 7));
  }

  /** An absolute address: disp16 in 16-bit code, disp32 elsewhere (by SIB in 64-bit code, which takes mod 0 rm 5 as relative). */
  #absolute(opcode: number[], reg: number, address: number, wide = true): this {
    this.#rex(reg, 0, wide && this.#bits === 64);
    const field = (reg & 7) << 3;
    this.bytes(...opcode);
    if (this.#bits === 16) return this.bytes(0x06 | field).imm(address, 2);
    if (this.#bits === 32) return this.bytes(0x05 | field).imm(address, 4);
    return this.bytes(0x04 | field, 0x25).imm(address, 4);
  }

  #indirect(opcode: number, reg: Reg, base: Reg): this {
    if (this.#bits === 16 || base === 'sp' || base === 'bp' || base === 'r12') throw new Error('no such form here');
    this.#rex(REG[reg], REG[base], this.#bits === 64);
    return this.bytes(opcode, ((REG[reg] & 7) << 3) | (REG[base] & 7));
  }

  #refer(label: string, size: 1 | 2 | 4 | 8, relative: boolean): this {
    this.#fixups.push({ at: this.#bytes.length, label, size, relative });
    return this.imm(0, size);
  }
}
