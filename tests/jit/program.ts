// Random guest programs: blocks of instructions on registers and memory, with branches among them, calls, and a loop
// counter in memory that ends them all.

/** Where programs are put and what they use. */
export const CODE = 0x10_0000;
export const CODE_SIZE = 0x4000;
export const DATA = 0x18_0000;
export const DATA_SIZE = 0x4000;
export const STACK = 0x19_0000;
const FUEL = 0x3f00;

/** xorshift32. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 2654435761 + 0x9e3779b9) >>> 0 || 1;
    for (let i = 0; i < 8; i++) this.next();
  }

  next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x >>> 0;
    return this.#state;
  }

  /** An integer from 0 to n − 1. */
  below(n: number): number {
    return this.next() % n;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }
}

const RSP = 4;
/** r15 points to the data; the stack pointer is the stack's. */
const DATA_BASE = 15;
const INTERESTING = [0, 1, -1, 2, 0x7f, -0x80, 0x7fff, -0x8000, 0x7fffffff, -0x80000000, 0x55555555];

export class Program {
  readonly bytes: number[] = [];
  readonly #random: Random;
  readonly #fixups: { at: number; size: 1 | 4; block: number }[] = [];
  readonly #starts: number[] = [];

  constructor(seed: number, blocks = 3 + (seed % 14)) {
    this.#random = new Random(seed);
    const random = this.#random;
    for (let block = 0; block < blocks; block++) {
      this.#starts.push(this.bytes.length);
      // Every backward edge passes a counter.
      if (block < blocks - 1) this.#fuel(blocks);
      for (let n = random.below(9); n > 0; n--) this.#instruction();
      this.#end(block, blocks);
    }
    this.#starts.push(this.bytes.length);
    this.#emit(0xf4);
    // A subroutine for the calls.
    this.#starts.push(this.bytes.length);
    for (let n = random.below(4); n > 0; n--) this.#instruction();
    this.#emit(0xc3);
    for (const { at, size, block } of this.#fixups) {
      const distance = this.#starts[block]! - (at + size);
      for (let i = 0; i < size; i++) this.bytes[at + i] = (distance >> (8 * i)) & 0xff;
    }
    if (this.bytes.length > CODE_SIZE) throw new Error('the program is too long');
  }

  #emit(...bytes: number[]): void {
    this.bytes.push(...bytes.map((byte) => byte & 0xff));
  }

  #branch(opcode: readonly number[], block: number): void {
    this.#emit(...opcode, 0, 0, 0, 0);
    this.#fixups.push({ at: this.bytes.length - 4, size: 4, block });
  }

  /** sub dword [r15 + FUEL], 1; js end. */
  #fuel(blocks: number): void {
    this.#emit(0x41, 0x83, 0xaf, FUEL, FUEL >> 8, 0, 0, 1);
    this.#branch([0x0f, 0x88], blocks);
  }

  #end(block: number, blocks: number): void {
    const random = this.#random;
    const target = random.below(blocks + 1);
    if (target <= block && block === blocks - 1) return;
    switch (random.below(8)) {
      case 0:
        this.#branch([0xe9], target);
        break;
      case 1:
        this.#branch([0xe8], blocks + 1);
        break;
      case 2:
        break;
      default:
        if (random.oneIn(3)) this.#compare();
        this.#branch([0x0f, 0x80 | random.below(16)], target);
        break;
    }
  }

  /** A register that may be changed. */
  #register(): number {
    const register = this.#random.below(15);
    return register === RSP ? 0 : register;
  }

  /** Opcode with a ModRM operand: `reg` and a register or, where `memory`, somewhere in the data. */
  #modrm(
    opcode: readonly number[],
    reg: number,
    bits: number,
    memory: boolean,
    prefix?: number,
    forceRex = false,
  ): void {
    const random = this.#random;
    if (bits === 16) this.#emit(0x66);
    if (prefix !== undefined) this.#emit(prefix);
    const wide = bits === 64 ? 8 : 0;
    if (!memory) {
      const rm = this.#register();
      const rex = wide | (reg >> 3 ? 4 : 0) | (rm >> 3);
      if (rex || forceRex || random.oneIn(4)) this.#emit(0x40 | rex);
      this.#emit(...opcode, 0xc0 | ((reg & 7) << 3) | (rm & 7));
      return;
    }
    // Unaligned, and now and then over the end of a page.
    const displacement = random.oneIn(6) ? 0xff8 + random.below(16) : random.below(0x3000);
    const rex = wide | (reg >> 3 ? 4 : 0) | 1;
    this.#emit(0x40 | rex, ...opcode, 0x80 | ((reg & 7) << 3) | (DATA_BASE & 7));
    this.#emit(displacement, displacement >> 8, 0, 0);
  }

  #immediate(bytes: number): void {
    const value = this.#random.oneIn(2) ? this.#random.pick(INTERESTING) : this.#random.next() | 0;
    for (let i = 0; i < bytes; i++) this.#emit(value >> (8 * i));
  }

  #bits(): number {
    return this.#random.pick([8, 16, 32, 32, 64, 64]);
  }

  #compare(): void {
    const bits = this.#bits();
    this.#modrm(
      [this.#random.pick([0x38, 0x3a, 0x84, 0x28, 0x00]) | (bits === 8 ? 0 : 1)],
      this.#register(),
      bits,
      this.#random.oneIn(4),
    );
  }

  #instruction(): void {
    const random = this.#random;
    const memory = random.oneIn(3);
    const bits = this.#bits();
    const wide = bits === 8 ? 0 : 1;
    const atLeast16 = bits === 8 ? 32 : bits;
    switch (random.below(24)) {
      case 0:
      case 1:
      case 2: // ADD … CMP, both directions
        this.#modrm([(random.below(8) << 3) | (random.below(2) << 1) | wide], this.#register(), bits, memory);
        break;
      case 3: // with an immediate
        this.#modrm([0x80 | wide], random.below(8), bits, memory);
        this.#immediate(bits === 8 ? 1 : bits === 16 ? 2 : 4);
        break;
      case 4: // ADC and SBB chains
        this.#modrm([0x10 | (random.below(2) << 3) | (random.below(2) << 1) | wide], this.#register(), bits, memory);
        break;
      case 5: // INC DEC
        this.#modrm([0xfe | wide], random.below(2), bits, memory);
        break;
      case 6: // NOT NEG TEST
        this.#modrm([0xf6 | wide], random.pick([2, 3]), bits, memory);
        break;
      case 7:
      case 8: // shifts and rotates
        this.#modrm(
          [random.pick([0xd0, 0xd2]) | wide],
          random.pick([0, 1, 4, 5, 7, 4, 5, 7, 2, 3]),
          bits,
          random.oneIn(6),
        );
        break;
      case 9:
        this.#modrm([0xc0 | wide], random.pick([0, 1, 4, 5, 7]), bits, random.oneIn(6));
        this.#emit(random.below(random.oneIn(3) ? 256 : 32));
        break;
      case 10: // MOV
      case 11:
        this.#modrm([0x88 | (random.below(2) << 1) | wide], this.#register(), bits, memory);
        break;
      case 12: // MOVZX MOVSX
        this.#modrm([0x0f, random.pick([0xb6, 0xb7, 0xbe, 0xbf])], this.#register(), atLeast16, memory);
        break;
      case 13: // MOVSXD, LEA
        if (random.oneIn(2)) this.#modrm([0x63], this.#register(), atLeast16, memory);
        else this.#modrm([0x8d], this.#register(), atLeast16, true);
        break;
      case 14: {
        // LEA with base, index and scale
        const [reg, base, index] = [this.#register(), this.#register(), this.#register()];
        this.#emit(0x48 | (reg >> 3 ? 4 : 0) | (index >> 3 ? 2 : 0) | (base >> 3), 0x8d, 0x44 | ((reg & 7) << 3));
        this.#emit((random.below(4) << 6) | ((index & 7) << 3) | (base & 7), random.below(256));
        break;
      }
      case 15: // IMUL, MUL
        if (random.oneIn(3)) this.#modrm([0xf6 | wide], random.pick([4, 5]), bits, random.oneIn(3));
        else this.#modrm([0x0f, 0xaf], this.#register(), atLeast16, memory);
        break;
      case 16:
        this.#modrm([0x69], this.#register(), atLeast16, memory);
        this.#immediate(atLeast16 === 16 ? 2 : 4);
        break;
      case 17: {
        // PUSH and POP
        const [from, to] = [this.#register(), this.#register()];
        if (from >> 3) this.#emit(0x41);
        this.#emit(0x50 | (from & 7));
        if (random.oneIn(2)) this.#instruction();
        if (to >> 3) this.#emit(0x41);
        this.#emit(0x58 | (to & 7));
        break;
      }
      case 18: // SETcc
        this.#modrm([0x0f, 0x90 | random.below(16)], 0, 8, memory);
        break;
      case 19: // CMOVcc
        this.#modrm([0x0f, 0x40 | random.below(16)], this.#register(), atLeast16, memory);
        break;
      case 20: // PUSHF, POP: all flags at once
        this.#emit(0x9c, 0x58 | random.pick([0, 1, 2, 3, 6, 7]));
        break;
      case 21: // left to executors: BT…, XCHG, XADD, BSWAP, CDQ
        switch (random.below(6)) {
          case 0:
            this.#modrm([0x0f, random.pick([0xa3, 0xab, 0xb3, 0xbb])], this.#register(), atLeast16, false);
            break;
          case 1:
            this.#modrm([0x86 | wide], this.#register(), bits, memory);
            break;
          case 2:
            this.#modrm([0x0f, 0xc0 | wide], this.#register(), bits, memory);
            break;
          case 3:
            this.#emit(0x48, 0x0f, 0xc8 | random.pick([0, 1, 2, 3, 6, 7]));
            break;
          case 4:
            this.#emit(0x48, random.pick([0x98, 0x99]));
            break;
          default:
            this.#modrm([0x0f, 0xba], 4 + random.below(4), atLeast16, memory);
            this.#emit(random.below(64));
            break;
        }
        break;
      case 22: // SSE2
        switch (random.below(5)) {
          case 0:
            this.#modrm([0x0f, random.pick([0x6e, 0x7e])], random.below(8), random.pick([32, 64]), memory, 0x66);
            break;
          case 1:
            this.#modrm(
              [0x0f, random.pick([0xfe, 0xfa, 0xef, 0xeb, 0xdb, 0x62, 0x6c, 0xd4, 0x6f, 0x14, 0x58])],
              random.below(8),
              32,
              false,
              0x66,
            );
            break;
          case 2:
            this.#modrm([0x0f, random.pick([0x6f, 0x7f])], random.below(8), 32, memory, 0xf3);
            break;
          case 3:
            this.#modrm([0x0f, 0x2e], random.below(8), 32, false, random.pick([undefined, 0x66]));
            break;
          default:
            this.#modrm([0x0f, 0xd7], this.#register(), 32, false, 0x66);
            break;
        }
        break;
      default: // MOV immediate
        this.#modrm([0xc6 | wide], 0, bits, memory);
        this.#immediate(bits === 8 ? 1 : bits === 16 ? 2 : 4);
        break;
    }
  }
}
