// Guest loops, each of which does one costly thing over and over.

import { ALU, Assembler, CC, type Label, REG, SHIFT } from './assembler.ts';
import { emitRepeat } from './image.ts';
import { CODE, DATA, IDT, TABLES } from './layout.ts';
import { Random } from './random.ts';
import { emitMix, emitRandomSetUp } from './random-code.ts';

const { RAX, RBX, RDX, RDI, RSI, RCX } = REG;

/** A port that a benchmark's device answers; one that it takes as the loop's end; one that raises the interrupt line. */
export const PORTS = Object.freeze({ DEVICE: 0x80, END: 0x81, INTERRUPT: 0x82 });
/** Vector that the interrupt controller gives. */
export const VECTOR = 0x30;
const TRAP_VECTOR = 0x40;
const PAGE_FAULT = 14;

/** An address that is mapped, but beyond RAM. */
export const DEVICE_GPA = 0xd0000000;
const DEVICE_VA = 0x7000000;
const UNMAPPED_VA = 0x7800000;
/** Reads this far apart share an entry of the software TLB (asm/layout/cpu.ts, TLB_ENTRIES pages). */
const TLB_SPAN = 2048 * 4096;
const PAGE_FLAGS = 3;
/** Instructions of straight code that the decoder is timed with. */
export const DECODED = 2000;

/** A loop: how often a pass does its thing, and the loop's entry. */
export interface CostLoop {
  readonly name: string;
  readonly times: number;
  readonly entry: number;
}

/** All loops, and the bytes that they need in guest memory. */
export interface CostGuest {
  readonly loops: readonly CostLoop[];
  readonly segments: readonly { readonly gpa: number; readonly bytes: Uint8Array }[];
  /** Code that {@link DECODED} measures. */
  readonly decoded: { readonly entry: number; readonly gpa: number; readonly length: number };
}

const TIMES = 5000;

type Body = (code: Assembler) => void;

/** The name of the loop that does nothing, which is taken off the others. */
export const EMPTY = 'empty loop (sub, jnz)';

const LOOPS: readonly (readonly [name: string, body: Body, setUp?: Body])[] = [
  [EMPTY, () => {}],
  ['MOV register', (code) => code.mov(64, RAX, RBX)],
  ['ADD register', (code) => code.alu(ALU.ADD, 64, RAX, RBX)],
  ['CMP, JE not taken', (code) => code.aluImm(ALU.CMP, 64, RAX, 5).jcc(CC.E, code.here())],
  ['JMP', (code) => jump(code)],
  ['CALL, RET, JMP', (code) => code.call(subroutine(code))],
  ['PUSH, POP', (code) => code.push(RAX).pop(RBX)],
  ['load, TLB hit', (code) => code.load(64, RAX, { base: RSI }), (code) => code.movImm(RSI, DATA)],
  ['store, TLB hit', (code) => code.store(64, { base: RSI }, RAX), (code) => code.movImm(RSI, DATA)],
  [
    'load that crosses a page',
    (code) => code.load(64, RAX, { base: RSI, disp: 4092 }),
    (code) => code.movImm(RSI, DATA),
  ],
  [
    'load, TLB miss',
    (code) => code.aluImm(ALU.XOR, 32, RSI, TLB_SPAN).load(64, RAX, { base: RSI }),
    (code) => code.movImm(RSI, DATA),
  ],
  ['port write', (code) => code.raw(0xe6, PORTS.DEVICE)],
  ['port read', (code) => code.raw(0xe4, PORTS.DEVICE)],
  ['MMIO write, 32 bits', (code) => code.store(32, { base: RSI }, RAX), (code) => code.movImm(RSI, DEVICE_VA)],
  ['MMIO read, 32 bits', (code) => code.load(32, RAX, { base: RSI }), (code) => code.movImm(RSI, DEVICE_VA)],
  ['page fault and IRETQ', (code) => code.load(64, RAX, { base: RSI }), (code) => code.movImm(RSI, UNMAPPED_VA)],
  ['INT n and IRETQ', (code) => code.raw(0xcd, TRAP_VECTOR)],
  ['port write, interrupt, IRETQ', (code) => code.raw(0xe6, PORTS.INTERRUPT), (code) => code.raw(0xfb)],
  ['MOV CR3 (TLB flush)', (code) => code.raw(0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8)],
  ['CPUID', (code) => code.movImm(RAX, 0).raw(0x0f, 0xa2)],
  ['RDTSC', (code) => code.raw(0x0f, 0x31)],
  ['IMUL, 64 bits', (code) => code.imul(64, RAX, RBX)],
  ['SHL by 3, 64 bits', (code) => code.shift(SHIFT.SHL, 64, RAX, 3)],
  ['ROL by 7, 64 bits', (code) => code.shift(SHIFT.ROL, 64, RAX, 7)],
  ['DIV, 32 bits', (code) => code.movImm(RDX, 0).raw(0xf7, 0xf3), (code) => code.movImm(RBX, 7).movImm(RAX, 1000)],
  ['LOCK CMPXCHG', (code) => code.raw(0xf0, 0x48, 0x0f, 0xb1, 0x1e), (code) => code.movImm(RSI, DATA)],
  ['PUSHFQ, POPFQ', (code) => code.raw(0x9c, 0x9d)],
  [
    'REP MOVSB, 4 KiB',
    (code) =>
      code
        .movImm(RSI, DATA)
        .movImm(RDI, DATA + 0x10000)
        .movImm(RCX, 4096)
        .raw(0xf3, 0xa4),
  ],
  ['ADDSD xmm0, xmm1', (code) => code.raw(0xf2, 0x0f, 0x58, 0xc1)],
  ['PADDD xmm0, xmm1', (code) => code.raw(0x66, 0x0f, 0xfe, 0xc1)],
  ['FLD1, FADDP', (code) => code.raw(0xd9, 0xe8, 0xde, 0xc1), (code) => code.raw(0xdb, 0xe3, 0xd9, 0xe8)],
];

/** A jump to the next instruction. */
function jump(code: Assembler): void {
  const on = code.label();
  code.jmp(on).place(on);
}

/** A subroutine that only returns, put into the loop and jumped over. */
function subroutine(code: Assembler): Label {
  const after = code.label();
  code.jmp(after);
  const entry = code.here();
  code.ret().place(after);
  return entry;
}

/** Loops that take so long a turn that fewer turns do. */
const SLOW = new Set(['REP MOVSB, 4 KiB']);

export function buildCostGuest(systemTables: Uint8Array, tablesAt: number): CostGuest {
  const code = new Assembler();
  const handlers = emitHandlers(code);
  const loops = LOOPS.map(([name, body, setUp]) => {
    const times = SLOW.has(name) ? TIMES / 50 : TIMES;
    return {
      name,
      times,
      entry: emitLoop(
        code,
        times,
        () => setUp?.(code),
        () => body(code),
      ),
    };
  });
  code.align(4096);
  const at = CODE + code.length;
  emitRandomSetUp(code, DATA);
  emitMix(code, new Random(0xdec0de), DECODED);
  emitEnd(code);
  const decoded = { entry: at, gpa: at, length: CODE + code.length - at };
  const bytes = code.finish();
  const tables = Uint8Array.from(systemTables);
  mapPage(tables, tablesAt, DEVICE_VA, DEVICE_GPA | PAGE_FLAGS);
  mapPage(tables, tablesAt, UNMAPPED_VA, 0);
  for (const [vector, handler] of handlers) gate(tables, IDT - tablesAt + vector * 16, CODE + handler.at!);
  return {
    loops,
    segments: [
      { gpa: tablesAt, bytes: tables },
      { gpa: CODE, bytes },
    ],
    decoded,
  };
}

/** A loop from its entry to its end; answers the entry's address. */
function emitLoop(code: Assembler, times: number, setUp: () => void, body: () => void): number {
  const loop = emitRepeat(code.align(16), times, setUp, body);
  const entry = CODE + code.align(16).length;
  code.call(loop);
  emitEnd(code);
  return entry;
}

function emitEnd(code: Assembler): void {
  code.raw(0xe6, PORTS.END, 0xf4);
}

/** Handlers that do the least. That of page faults skips the load that faulted. */
function emitHandlers(code: Assembler): Map<number, Label> {
  const plain = code.here();
  code.raw(0x48, 0xcf); // iretq
  const fault = code.align(16).here();
  const load = new Assembler().load(64, RAX, { base: RSI }).length;
  code.aluImm(ALU.ADD, 64, REG.RSP, 8).raw(0x48, 0x83, 0x04, 0x24, load); // add qword [rsp], load
  code.raw(0x48, 0xcf);
  return new Map([
    [TRAP_VECTOR, plain],
    [VECTOR, plain],
    [PAGE_FAULT, fault],
  ]);
}

function mapPage(tables: Uint8Array<ArrayBuffer>, tablesAt: number, va: number, entry: number): void {
  new DataView(tables.buffer).setBigUint64(TABLES - tablesAt + (va / 4096) * 8, BigInt(entry >>> 0), true);
}

/** A 64-bit interrupt gate (Intel SDM vol. 3, 6.14.1). */
function gate(tables: Uint8Array<ArrayBuffer>, at: number, handler: number): void {
  const view = new DataView(tables.buffer);
  view.setUint16(at, handler & 0xffff, true);
  view.setUint16(at + 2, 0x08, true);
  view.setUint16(at + 4, 0x8e00, true);
  view.setUint16(at + 6, handler >>> 16, true);
}
