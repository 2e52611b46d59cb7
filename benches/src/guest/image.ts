// A guest of the benchmarks' own: an ELF image that boots through PVH, runs workloads one after the other and marks the
// time between them on the serial port. The same image runs in every VMM.

import { ALU, Assembler, CC, type Label, REG, SHIFT } from './assembler.ts';
import { CODE, CODE64, CR0, CR4, DATA64, EFER_LME, GDT, PML4, STACK_TOP, systemTables } from './layout.ts';

/** Something to be timed. */
export interface Workload {
  readonly name: string;
  /** Emit a subroutine; answer its entry. It may use every register but RSP. */
  emit(code: Assembler): Label;
}

/**
 * How the line begins that the guest writes before the first run of a workload and after every run. The rest of the line
 * is drawn from the registers: where two VMMs write the same, both have executed the same.
 */
export const MARK = '.';

/** Registers that a mark checks. */
const CHECKED = [REG.RAX, REG.RBX, REG.RCX, REG.RDX, REG.RDI, REG.R8, REG.R9, REG.R10, REG.R11];

const COM1 = 0x3f8;
const LSR_THRE = 0x20;
const EFER = 0xc0000080;

export interface Image {
  /** The ELF file. */
  readonly elf: Uint8Array;
  /** What lies in guest memory, for who loads it without a boot protocol. */
  readonly segments: readonly { readonly gpa: number; readonly bytes: Uint8Array }[];
  /** Where 64-bit code begins that needs nothing but long mode. */
  readonly entry64: number;
  /** How many marks it makes. */
  readonly marks: number;
}

/**
 * The guest spins when it is through, so that its VMM's costs can be looked at before that is ended.
 *
 * @param runs how often each workload runs
 */
export function buildImage(workloads: readonly Workload[], runs: number): Image {
  const code = new Assembler();
  const start64 = code.label();
  emitEntry32(code, start64);
  const mark = emitMark(code);
  const entries = workloads.map((workload) => workload.emit(code.align(16)));
  const entry64 = CODE + code.length;
  code.place(start64);
  code.raw(0x48, 0xbc).dword(STACK_TOP).dword(0); // mov rsp, STACK_TOP
  for (const register of [...CHECKED, REG.RSI]) code.movImm(register, 0);
  code.call(mark);
  for (const entry of entries) for (let run = 0; run < runs; run++) code.call(entry).call(mark);
  const end = code.here();
  code.jmp(end);
  const segments = [
    { gpa: GDT, bytes: systemTables() },
    { gpa: CODE, bytes: code.finish() },
  ];
  return { elf: elfFile(segments, CODE), segments, entry64, marks: 1 + workloads.length * runs };
}

/** From 32-bit protected mode without paging, where PVH enters, to long mode. */
function emitEntry32(code: Assembler, start64: Label): void {
  const start = code.label();
  code.jmp(start); // over the pseudo-descriptor
  const pseudo = CODE + code.length;
  code.raw(0x17, 0x00).dword(GDT);
  code.place(start);
  code.raw(0x0f, 0x01, 0x15).dword(pseudo); // lgdt [pseudo]
  code.raw(0xb8).dword(PML4).raw(0x0f, 0x22, 0xd8); // mov cr3, PML4
  code.raw(0xb8).dword(CR4).raw(0x0f, 0x22, 0xe0); // mov cr4, CR4
  code.raw(0xb9).dword(EFER).raw(0xb8).dword(EFER_LME).raw(0x31, 0xd2, 0x0f, 0x30); // wrmsr EFER
  code.raw(0xb8).dword(CR0).raw(0x0f, 0x22, 0xc0); // mov cr0, CR0
  code
    .raw(0xea)
    .dword(CODE + code.length + 6)
    .raw(CODE64, 0); // jmp CODE64:next
  code.raw(0x66, 0xb8, DATA64, 0); // mov ax, DATA64
  for (const segment of [0, 2, 3, 4, 5]) code.raw(0x8e, 0xc0 | (segment << 3));
  code.jmp(start64);
}

/** Write a mark to the serial port: {@link MARK}, eight letters of {@link CHECKED}'s registers, a newline. */
function emitMark(code: Assembler): Label {
  const { RAX, RBX, RCX, RSI } = REG;
  const put = emitPut(code);
  const entry = code.here();
  for (const register of CHECKED) code.shift(SHIFT.ROL, 64, RSI, 7).alu(ALU.XOR, 64, RSI, register);
  code.mov(64, RBX, RSI).shift(SHIFT.SHR, 64, RBX, 32).alu(ALU.XOR, 32, RBX, RSI);
  for (const character of MARK) code.movImm(RCX, character.charCodeAt(0)).call(put);
  code.movImm(RSI, 8);
  const digit = code.here();
  code.shift(SHIFT.ROL, 32, RBX, 4).mov(32, RCX, RBX).aluImm(ALU.AND, 32, RCX, 15);
  code.aluImm(ALU.ADD, 32, RCX, 'a'.charCodeAt(0)).call(put).aluImm(ALU.SUB, 32, RSI, 1).jcc(CC.NE, digit);
  code.movImm(RCX, '\n'.charCodeAt(0)).call(put);
  for (const register of [RAX, RBX, RCX, REG.RDX, RSI]) code.movImm(register, 0);
  code.ret();
  return entry;
}

/** Write the character in CL to the serial port when there is room. */
function emitPut(code: Assembler): Label {
  const entry = code.here();
  code.raw(0x66, 0xba, (COM1 + 5) & 0xff, (COM1 + 5) >> 8); // mov dx, LSR
  const wait = code.here();
  code.raw(0xec, 0xa8, LSR_THRE).jcc(CC.E, wait); // in al, dx; test al, THRE; jz wait
  code.raw(0x88, 0xc8, 0x66, 0xba, COM1 & 0xff, COM1 >> 8, 0xee); // mov al, cl; mov dx, COM1; out dx, al
  code.ret();
  return entry;
}

/** A subroutine that calls `body` `times` times, with {@link COUNTER} as its counter. */
export function emitRepeat(code: Assembler, times: number, setUp: () => void, body: () => void): Label {
  const entry = code.here();
  setUp();
  code.movImm(COUNTER, times);
  const loop = code.here();
  body();
  code.aluImm(ALU.SUB, 64, COUNTER, 1).jcc(CC.NE, loop).ret();
  return entry;
}

/** The register that {@link emitRepeat} counts in. */
export const COUNTER = REG.R15;

const XEN_ELFNOTE_PHYS32_ENTRY = 18;
const ELF_HEADER = 64;
const PROGRAM_HEADER = 56;
const PT = Object.freeze({ LOAD: 1, NOTE: 4 });

/** An ELF executable with one segment each, and the note that makes it bootable through PVH. */
function elfFile(segments: Image['segments'], entry: number): Uint8Array {
  const note = new Uint8Array(24);
  const noteView = new DataView(note.buffer);
  for (const [i, value] of [4, 8, XEN_ELFNOTE_PHYS32_ENTRY].entries()) noteView.setUint32(i * 4, value, true);
  note.set(new TextEncoder().encode('Xen'), 12);
  noteView.setUint32(16, entry, true);

  const parts = [...segments.map((segment) => ({ type: PT.LOAD, ...segment })), { type: PT.NOTE, gpa: 0, bytes: note }];
  const headers = ELF_HEADER + parts.length * PROGRAM_HEADER;
  const file = new Uint8Array(headers + parts.reduce((sum, part) => sum + part.bytes.length, 0));
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true); // executable
  view.setUint16(18, 62, true); // x86-64
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(entry), true);
  view.setBigUint64(32, BigInt(ELF_HEADER), true);
  view.setUint16(52, ELF_HEADER, true);
  view.setUint16(54, PROGRAM_HEADER, true);
  view.setUint16(56, parts.length, true);
  let offset = headers;
  for (const [i, { type, gpa, bytes }] of parts.entries()) {
    const at = ELF_HEADER + i * PROGRAM_HEADER;
    view.setUint32(at, type, true);
    view.setUint32(at + 4, 7, true);
    for (const [field, value] of [offset, gpa, gpa, bytes.length, bytes.length, 4].entries()) {
      view.setBigUint64(at + 8 + field * 8, BigInt(value), true);
    }
    file.set(bytes, offset);
    offset += bytes.length;
  }
  return file;
}
