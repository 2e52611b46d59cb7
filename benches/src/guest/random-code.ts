// Random code in the mix that compilers make: about a quarter of it touches memory, every sixth instruction branches.

import { ALU, type Assembler, CC, type Label, type Memory, REG, SHIFT, type Width } from './assembler.ts';
import type { Random } from './random.ts';

/** Registers that random code computes in. */
const POOL = [REG.RAX, REG.RCX, REG.RDX, REG.RBX, REG.RSI, REG.RDI, REG.R8, REG.R9, REG.R10, REG.R11];
/** Points to the data. */
export const DATA_REGISTER = REG.R12;
/** A stream of noise that keeps branches from settling: a linear congruential generator's state and its factor. */
const NOISE = REG.R13;
const NOISE_FACTOR = REG.R14;
const SCRATCH = REG.RBP;

/** Bytes of data that random code touches: as much as a small program's hot data. */
const DATA_BYTES = 0x10000;
const ARITHMETIC = [ALU.ADD, ALU.SUB, ALU.XOR, ALU.OR, ALU.AND, ALU.ADD];
const CONDITIONS = [CC.E, CC.NE, CC.NE, CC.B, CC.AE, CC.S, CC.L, CC.G];

/** How often each kind of instruction comes, in percent. */
const MIX: readonly (readonly [number, (code: Assembler, random: Random) => void])[] = [
  [14, (code, random) => code.mov(width(random), register(random), register(random))],
  [17, (code, random) => code.alu(random.pick(ARITHMETIC), width(random), register(random), register(random))],
  [
    14,
    (code, random) => code.aluImm(random.pick(ARITHMETIC), width(random), register(random), random.below(200) - 100),
  ],
  [15, (code, random) => code.load(width(random), register(random), operand(random))],
  [9, (code, random) => code.store(width(random), operand(random), register(random))],
  [5, (code, random) => code.aluLoad(random.pick(ARITHMETIC), width(random), register(random), operand(random))],
  [2, (code, random) => code.aluStore(ALU.ADD, 64, operand(random), register(random))],
  [3, (code, random) => code.loadByte(register(random), operand(random))],
  [
    8,
    (code, random) =>
      code.lea(register(random), { base: register(random), index: register(random), disp: random.below(64) }),
  ],
  [
    6,
    (code, random) =>
      code.shift(random.pick([SHIFT.SHL, SHIFT.SHR, SHIFT.SAR]), width(random), register(random), 1 + random.below(31)),
  ],
  [4, (code, random) => code.movzx8(register(random), register(random))],
  [3, (code, random) => code.imul(width(random), register(random), register(random))],
];

function width(random: Random): Width {
  return random.below(5) < 2 ? 32 : 64;
}

function register(random: Random): number {
  return random.pick(POOL);
}

/** An 8-byte aligned place in the data; every third is indexed by SCRATCH, which holds an offset into the first half. */
function operand(random: Random): Memory {
  const disp = random.below(DATA_BYTES / 16) * 8;
  return random.below(3) === 0 ? { base: DATA_REGISTER, index: SCRATCH, disp } : { base: DATA_REGISTER, disp };
}

/** Put into the registers what random code expects there. */
export function emitRandomSetUp(code: Assembler, data: number): void {
  for (const [i, each] of POOL.entries()) code.movImm(each, 0x12345 * (i + 1));
  code.movImm(DATA_REGISTER, data).movImm(NOISE, 0x2545f491).movImm(NOISE_FACTOR, 0x5851f42d).movImm(SCRATCH, 0);
}

/** `count` instructions of the mix without branches. */
export function emitMix(code: Assembler, random: Random, count: number): void {
  for (let i = 0; i < count; i++) {
    let dice = random.below(100);
    const [, emit] = MIX.find(([share]) => {
      dice -= share;
      return dice < 0;
    })!;
    emit(code, random);
  }
}

/** Fresh noise in a register, and a fresh offset for indexed operands. */
function emitNoise(code: Assembler, random: Random): void {
  code.imul(64, NOISE, NOISE_FACTOR).aluImm(ALU.ADD, 64, NOISE, 0x3039);
  code.mov(64, register(random), NOISE).mov(32, SCRATCH, NOISE);
  code.shift(SHIFT.SHR, 32, SCRATCH, 17).aluImm(ALU.AND, 32, SCRATCH, DATA_BYTES / 2 - 8);
}

/** A compare or test, and a conditional branch. */
function emitBranch(code: Assembler, random: Random, target: Label): void {
  const kind = random.below(3);
  if (kind === 0) code.testImm(register(random), 1 << random.below(8)).jcc(random.pick([CC.E, CC.NE]), target);
  else if (kind === 1)
    code.alu(ALU.CMP, width(random), register(random), register(random)).jcc(random.pick(CONDITIONS), target);
  else code.test(64, ...pair(random)).jcc(random.pick([CC.E, CC.NE, CC.S, CC.NS]), target);
}

function pair(random: Random): [number, number] {
  const each = register(random);
  return [each, each];
}

/**
 * A subroutine of `count` basic blocks of 3 to 8 instructions. Most end in a conditional branch over some of the blocks
 * behind them; some call one of `leaves`.
 */
export function emitBlocks(code: Assembler, random: Random, count: number, leaves: readonly Label[]): Label {
  const labels = Array.from({ length: count + 1 }, () => code.label());
  const entry = code.here();
  for (let i = 0; i < count; i++) {
    code.place(labels[i]!);
    if (random.below(12) === 0) emitNoise(code, random);
    emitMix(code, random, 2 + random.below(5));
    const target = labels[Math.min(count, i + 2 + random.below(3))]!;
    const dice = random.below(100);
    if (dice < 70) emitBranch(code, random, target);
    else if (dice < 85 && leaves.length > 0) code.call(random.pick(leaves));
    else if (dice < 90) code.jmp(target);
  }
  code.place(labels[count]!).ret();
  return entry;
}
