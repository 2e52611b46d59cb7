// What the benchmarks' own guests run. Everything is drawn from fixed seeds: every build gives the same bytes.

import { ALU, type Assembler, type Label, REG, SHIFT } from './assembler.ts';
import { emitRepeat, type Workload } from './image.ts';
import { DATA } from './layout.ts';
import { Random } from './random.ts';
import { emitBlocks, emitMix, emitRandomSetUp } from './random-code.ts';

const { RAX, RCX, RDX, RBX, RSI, RDI, R8, R9, R12 } = REG;

/** k1: one loop of register arithmetic. */
function tight(iterations: number): Workload {
  return {
    name: 'k1',
    emit: (code) =>
      emitRepeat(
        code,
        iterations,
        () => setUp(code),
        () => {
          code.alu(ALU.ADD, 64, RAX, RBX).alu(ALU.XOR, 64, RDX, RAX).shift(SHIFT.SHR, 64, RDX, 3);
          code.lea(RSI, { base: RAX, index: RDX, disp: 5 }).alu(ALU.SUB, 32, RDI, RSI);
          code.aluImm(ALU.AND, 64, RDI, 0x7f).alu(ALU.ADD, 64, RBX, RDI).mov(64, RCX, RBX);
        },
      ),
  };
}

/** k2: the same with subroutines, one of which saves registers and calls another. */
function calls(iterations: number): Workload {
  return {
    name: 'k2',
    emit(code) {
      const inner = code.here();
      code.alu(ALU.ADD, 64, RAX, RSI).shift(SHIFT.ROL, 64, RAX, 7).ret();
      const outer = code.align(16).here();
      code.push(RBX).mov(64, RBX, RAX).call(inner).alu(ALU.XOR, 64, RAX, RBX).pop(RBX).ret();
      code.align(16);
      return emitRepeat(
        code,
        iterations,
        () => setUp(code),
        () => {
          code.call(inner).alu(ALU.ADD, 64, RBX, RAX).call(outer).aluImm(ALU.ADD, 64, RSI, 3);
        },
      );
    },
  };
}

function setUp(code: Assembler): void {
  for (const [i, register] of [RAX, RCX, RDX, RBX, RSI, RDI].entries()) code.movImm(register, 0x1357 * (i + 3));
}

const BLOCKS = 1500;
const LEAVES = 60;

/** k3: about 1,500 random basic blocks, 40 KB of code, as real programs have them. */
function realistic(iterations: number): Workload {
  return {
    name: 'k3',
    emit(code) {
      const random = new Random(0x5eed);
      const leaves = Array.from({ length: LEAVES }, () => emitBlocks(code.align(16), random, 2, []));
      const body = emitBlocks(code.align(16), random, BLOCKS - 2 * LEAVES, leaves);
      return emitRepeat(
        code.align(16),
        iterations,
        () => emitRandomSetUp(code, DATA),
        () => code.call(body),
      );
    },
  };
}

/** The three that figures are usually given for. */
export const KERNELS: readonly Workload[] = [tight(12_000_000), calls(8_000_000), realistic(12_000)];

/** Pages of code that the code sweep walks. */
export const CODE_PAGES: readonly number[] = [1, 3, 10, 30, 100, 300, 1000];
const CODE_SWEEP_PAGES = 30_000;
const PAGE = 4096;
/** Instructions between two branches in the code sweep. */
const STRETCH = 12;
/** Bytes that a stretch and its branch take at most. */
const STRETCH_BYTES = STRETCH * 12 + 5;

/** Walks `pages` pages full of code, in an order of its own, again and again. */
export function codeSweep(pages: number): Workload {
  return {
    name: `${pages}`,
    emit(code) {
      const random = new Random(0xc0de + pages);
      const labels = Array.from({ length: pages }, () => code.label());
      const end = code.label();
      const order = shuffled(random, pages);
      code.align(PAGE);
      for (let i = 0; i < pages; i++) {
        code.place(labels[order[i]!]!);
        emitPage(code, random, labels[order[i]! + 1] ?? end);
      }
      code.place(end).ret();
      const [first] = labels;
      const times = CODE_SWEEP_PAGES / pages;
      return emitRepeat(
        code,
        times,
        () => emitRandomSetUp(code, DATA),
        () => code.call(first!),
      );
    },
  };
}

/** A page of stretches of code, each jumping to the next, the last to `next`. */
function emitPage(code: Assembler, random: Random, next: Label): void {
  const end = code.length + PAGE;
  while (end - code.length > 2 * STRETCH_BYTES) {
    emitMix(code, random, STRETCH);
    const on = code.label();
    code.jmp(on).place(on);
  }
  code.jmp(next).align(PAGE);
}

function shuffled(random: Random, length: number): number[] {
  const order = Array.from({ length }, (_, i) => i);
  for (let i = length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** Pages of data that the data sweep reads. */
export const DATA_PAGES: readonly number[] = [1, 4, 16, 64, 256, 1024, 2048, 4096, 8192];
export const DATA_SWEEP_READS = 4_000_000;

/** Reads 8 bytes from each of `pages` pages in turn (a power of two), from another cache line each time. */
export function dataSweep(pages: number): Workload {
  return {
    name: `${pages}`,
    emit: (code) => {
      const begin = () => code.movImm(R12, DATA).movImm(R8, 0).movImm(R9, 0);
      return emitRepeat(code, DATA_SWEEP_READS, begin, () => {
        code.aluLoad(ALU.ADD, 64, R9, { base: R12, index: R8 });
        code.aluImm(ALU.ADD, 64, R8, PAGE + 64).aluImm(ALU.AND, 32, R8, pages * PAGE - 1);
      });
    },
  };
}
