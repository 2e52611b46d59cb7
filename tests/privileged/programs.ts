// Whole programs that start in real mode at 0:7C00, with nothing prepared, and halt: for directed tests here, and to be run
// side by side with another emulator (tests/lockstep).

import { Assembler } from './assemble.ts';
import { ACCESS, FLAG, flatDescriptor, gateDescriptor, segmentDescriptor, TYPE } from './descriptors.ts';

export const ORIGIN = 0x7c00;

/** Selectors of the programs' GDT. */
const CODE32 = 0x08;
const DATA = 0x10;
const CODE64 = 0x18;
const CODE16 = 0x20;
const DATA16 = 0x28;
const USER_CODE32 = 0x33;
const USER_DATA = 0x3b;
const TSS = 0x48;
const GATE = 0x58;
const OTHER_TSS = 0x68;
const TASK_GATE = 0x70;

const STACK = 0x7000;
const USER_STACK = 0x6000;
const INNER_STACK = 0x5000;
/** Page tables, a page each: PML4, PDPT, PD; the PD maps 2 MiB to themselves. PAE uses the last two. */
const PML4 = 0x10000;
const PDPT = 0x11000;
const PD = 0x12000;
/** Tables that programs fill themselves. */
const IDT = 0x3000;
const TSS_AT = 0x4000;
const OTHER_TSS_AT = 0x4100;

const EFER = 0xc0000080;

/** GDT, its pointer, the real-mode IDT's pointer and a word for marks, behind the code. */
function data(asm: Assembler): Assembler {
  while (asm.here % 8 !== 0) asm.bytes(0);
  const descriptors = [
    0n,
    flatDescriptor(ACCESS.CODE),
    flatDescriptor(ACCESS.DATA),
    flatDescriptor(ACCESS.CODE, FLAG.GRANULAR | FLAG.LONG),
    segmentDescriptor(0, 0xffff, ACCESS.CODE, 0),
    segmentDescriptor(0, 0xffff, ACCESS.DATA, 0),
    flatDescriptor(ACCESS.CODE | ACCESS.DPL3),
    flatDescriptor(ACCESS.DATA | ACCESS.DPL3),
    flatDescriptor(ACCESS.CODE | ACCESS.DPL3, FLAG.GRANULAR | FLAG.LONG),
    segmentDescriptor(TSS_AT, 0x67, ACCESS.PRESENT | TYPE.TSS32, 0),
    0n,
    gateDescriptor({ selector: CODE32, offset: 0x8800, type: TYPE.CALL32, dpl: 3, low: 2 }),
    0n,
    segmentDescriptor(OTHER_TSS_AT, 0x67, ACCESS.PRESENT | TYPE.TSS32, 0),
    gateDescriptor({ selector: OTHER_TSS, offset: 0, type: TYPE.TASK_GATE }),
  ];
  asm.label('gdt');
  for (const descriptor of descriptors) asm.imm(descriptor, 8);
  asm
    .label('gdtr')
    .imm(descriptors.length * 8 - 1, 2)
    .word('gdt', 4);
  asm.label('idtr').imm(0x7ff, 2).imm(IDT, 4);
  asm.label('idtr64').imm(0xfff, 2).imm(IDT, 8);
  asm.label('marks').imm(0, 4);
  return asm;
}

const DATA_AT = 0x8400;

/** The addresses of the data must be known before the code that names them is assembled: they follow from one layout. */
const LAYOUT = (() => {
  const asm = data(new Assembler(32, DATA_AT));
  return Object.freeze({
    gdtr: asm.address('gdtr'),
    idtr: asm.address('idtr'),
    idtr64: asm.address('idtr64'),
    marks: asm.address('marks'),
  });
})();

function finish(asm: Assembler): Assembler {
  return data(asm.padTo(DATA_AT));
}

/** or dword [marks], bit: in code of any size. */
function mark(asm: Assembler, bit: number, bits: 16 | 32 | 64): void {
  if (bits === 16) asm.bytes(0x66, 0x83, 0x0e).imm(LAYOUT.marks, 2);
  else if (bits === 32) asm.bytes(0x83, 0x0d).imm(LAYOUT.marks, 4);
  else asm.bytes(0x83, 0x0c, 0x25).imm(LAYOUT.marks, 4);
  asm.bytes(bit);
}

/** From real mode to 32-bit protected mode with flat segments. */
function toProtected(asm: Assembler): void {
  asm.bits(16).cli().bytes(0x31, 0xc0).movToSeg('ds', 'a').movToSeg('es', 'a').movToSeg('ss', 'a').movi('sp', STACK);
  asm.lgdt(LAYOUT.gdtr).movFromCr('a', 0).bytes(0x0c, 0x01).movToCr(0, 'a').jmpFar(CODE32, 'protected', true);
  asm.bits(32).label('protected').movi('a', DATA);
  for (const name of ['ds', 'es', 'ss', 'fs', 'gs'] as const) asm.movToSeg(name, 'a');
  asm.movi('sp', STACK);
}

/** mov dword [address], value in 32-bit code. */
function put(asm: Assembler, address: number, value: number): void {
  asm.bytes(0xc7, 0x05).imm(address, 4).imm(value, 4);
}

/** Tables that map the first 2 MiB, for PAE and 4-level paging. `rights` is 7 for all. */
function buildTables(asm: Assembler): void {
  put(asm, PML4, PDPT | 7);
  put(asm, PDPT, PD | 1);
  put(asm, PD, 0x87);
}

/** mov to CR4 of PAE, mov to CR3, EFER.LME, CR0.PG, far jump: from 32-bit protected mode to 64-bit mode. */
function toLong(asm: Assembler, label = 'long'): void {
  buildTables(asm);
  put(asm, PDPT, PD | 7);
  asm.movi('a', 0x20).movToCr(4, 'a').movi('a', PML4).movToCr(3, 'a').setMsr(EFER, 0x901n);
  asm
    .movFromCr('a', 0)
    .alui('or', 'a', 0x80010000 | 0)
    .movToCr(0, 'a')
    .jmpFar(CODE64, label);
  asm.bits(64).label(label);
}

/** Through every mode and back: each leg sets a bit of the word at `marks`. */
export function modeTour(): Assembler {
  const asm = new Assembler(16, ORIGIN);
  toProtected(asm);
  mark(asm, 1, 32);
  // 32-bit PAE paging. PAE's pointers have no rights: only P may be set.
  buildTables(asm);
  asm.movi('a', 0x20).movToCr(4, 'a').movi('a', PDPT).movToCr(3, 'a');
  asm
    .movFromCr('a', 0)
    .alui('or', 'a', 0x80000000 | 0)
    .movToCr(0, 'a')
    .jmp('paged')
    .label('paged');
  mark(asm, 2, 32);
  asm.alui('and', 'a', 0x7fffffff).movToCr(0, 'a');
  toLong(asm);
  mark(asm, 4, 64);
  // Compatibility mode and back, by far returns.
  asm.pushi(CODE32).movLabel('a', 'compatible').push('a').bytes(0x48, 0xcb);
  asm.bits(32).label('compatible');
  mark(asm, 8, 32);
  asm.movi('a', 0x12345678).bytes(0x40).jmpFar(CODE64, 'again');
  asm.bits(64).label('again');
  mark(asm, 0x10, 64);
  // Out of long mode: compatibility mode first.
  asm.pushi(CODE32).movLabel('a', 'leave').push('a').bytes(0x48, 0xcb);
  asm.bits(32).label('leave').movFromCr('a', 0).alui('and', 'a', 0x7fffffff).movToCr(0, 'a');
  asm.setMsr(EFER, 0n).bytes(0x31, 0xc0).movToCr(4, 'a');
  mark(asm, 0x20, 32);
  // And to real mode, by a 16-bit segment.
  asm.jmpFar(CODE16, 'narrow').bits(16).label('narrow').movi('a', DATA16);
  for (const name of ['ds', 'es', 'ss'] as const) asm.movToSeg(name, 'a');
  asm
    .movFromCr('a', 0)
    .bytes(0x24, 0xfe)
    .movToCr(0, 'a')
    .jmpFar(0, 'real')
    .label('real')
    .bytes(0x31, 0xc0)
    .movToSeg('ds', 'a')
    .movToSeg('ss', 'a');
  mark(asm, 0x40, 16);
  asm.label('end').hlt();
  return finish(asm);
}

/** Write a 32-bit gate in the IDT from 32-bit code. */
function putGate(asm: Assembler, vector: number, offset: number, access: number): void {
  put(asm, IDT + vector * 8, (CODE32 << 16) | (offset & 0xffff));
  put(asm, IDT + vector * 8 + 4, (offset & 0xffff0000) | (access << 8));
}

/** Handlers at a fixed place: each counts in ESI, drops an error code if there is one, steps over the faulting instruction if asked to, returns. */
const HANDLER = 0x8700;
const HANDLER_SKIP2 = 0x8720;
const HANDLER_ERROR_SKIP2 = 0x8740;
const OTHER_TASK = 0x8900;

function handlers32(asm: Assembler): void {
  asm.padTo(HANDLER).bits(32).inc('si').iret();
  asm.padTo(HANDLER_SKIP2).inc('si').bytes(0x83, 0x04, 0x24, 0x02).iret();
  asm.padTo(HANDLER_ERROR_SKIP2).inc('si').pop('di').bytes(0x83, 0x04, 0x24, 0x02).iret();
  // What the call gate leads to: RETF 8.
  asm.padTo(0x8800).inc('si').retfi(8);
}

/** Exceptions and interrupts in 32-bit protected mode, at level 0 and, by way of IRET and a TSS, at level 3. */
export function protectedInterrupts(): Assembler {
  const asm = new Assembler(16, ORIGIN);
  toProtected(asm);
  putGate(asm, 0, HANDLER_SKIP2, 0x8e);
  putGate(asm, 3, HANDLER, 0xef);
  putGate(asm, 6, HANDLER_SKIP2, 0x8f);
  putGate(asm, 13, HANDLER_ERROR_SKIP2, 0x8e);
  putGate(asm, 0x30, HANDLER, 0xee);
  asm.lidt(LAYOUT.idtr);
  put(asm, TSS_AT + 4, INNER_STACK);
  put(asm, TSS_AT + 8, DATA);
  put(asm, TSS_AT + 0x64, 0x680000);
  asm.movi('a', TSS).ltr('a').bytes(0x31, 0xf6);
  const events = () => {
    asm.int(0x30).bytes(0xcc).ud2();
    // DIV by zero, MOV to DS of a selector beyond the GDT.
    asm.bytes(0x31, 0xc9, 0xf7, 0xf1).movi('a', 0x1234).bytes(0x8e, 0xd8);
  };
  events();
  asm.pushi(USER_DATA).pushi(USER_STACK).pushi(0x3002).pushi(USER_CODE32).movLabel('a', 'user').push('a').iret();
  asm.label('user');
  events();
  // MOV from CR0 is 3 bytes: two skipped, the third a ModRM byte that becomes part of a harmless instruction.
  asm.bytes(0xfa, 0xfb, 0x0f, 0x06);
  asm
    .pushi(0x11)
    .pushi(0x22)
    .callFar(GATE | 3)
    .pushf()
    .popf();
  asm.bytes(0xeb, 0x00).label('end').int(0x30).bytes(0x0f, 0x0b);
  // Level 3 cannot halt: the program ends in a loop.
  asm.label('loop').jmp('loop');
  finish(asm);
  handlers32(asm);
  return asm;
}

/** Task switches by CALL, by a task gate and by an exception, and virtual-8086 mode with interrupts out of it. */
export function tasksAndVirtual86(): Assembler {
  const asm = new Assembler(16, ORIGIN);
  toProtected(asm);
  putGate(asm, 0x30, HANDLER, 0xee);
  putGate(asm, 6, HANDLER_SKIP2, 0x8f);
  put(asm, IDT + 0x31 * 8, OTHER_TSS << 16);
  put(asm, IDT + 0x31 * 8 + 4, 0xe500);
  asm.lidt(LAYOUT.idtr);
  put(asm, TSS_AT + 4, INNER_STACK);
  put(asm, TSS_AT + 8, DATA);
  put(asm, TSS_AT + 0x64, 0x680000);
  const other = { 32: OTHER_TASK, 36: 2, 56: 0x4f00, 72: DATA, 76: CODE32, 80: DATA, 84: DATA, 92: DATA };
  for (const [at, value] of Object.entries(other)) put(asm, OTHER_TSS_AT + Number(at), value);
  asm.movi('a', TSS).ltr('a').bytes(0x31, 0xf6);
  asm.callFar(OTHER_TSS).callFar(TASK_GATE).int(0x31).int(0x30);
  for (const selector of [0x4000, 0x3000, 0x0200, 0x0100, 0x0500]) asm.pushi(selector);
  asm.pushi(0xf00).pushi(0x23002).pushi(0x900).pushi(4).iret();
  finish(asm);
  handlers32(asm);
  asm.padTo(OTHER_TASK).bits(32);
  // Each IRET leaves the task; it goes on behind it when it is called again.
  for (let i = 0; i < 4; i++) asm.inc('di').movFromSeg('a', 'ss').iret();
  asm.padTo(0x9004).bits(16).movi('a', 0x1234).push('a').int(0x30).pop('b').pushf().popf();
  asm
    .bytes(0x06, 0x1f)
    .cli()
    .sti()
    .ud2()
    .movi('a', 0x700)
    .movToSeg('ds', 'a')
    .load('c', 0x10)
    .call('inner')
    .jmp('loop');
  asm.label('inner').bytes(0x0e).push('b').pop('b').pop('d').pushi(0x77).bytes(0x83, 0xc4, 0x02).ret();
  asm.label('loop').jmp('loop');
  return asm;
}

/** String instructions with repeats, flags through every register width, stack instructions, in 32-bit flat mode. */
export function protectedStrings(): Assembler {
  const asm = new Assembler(16, ORIGIN);
  toProtected(asm);
  asm.movi('di', 0x20000).movi('c', 9).movi('a', 0x41424344).bytes(0xfc, 0xf3, 0xab);
  asm.movi('si', 0x20000).movi('di', 0x20002).movi('c', 13).bytes(0xf3, 0xa4);
  asm.movi('si', 0x20010).movi('di', 0x20020).movi('c', 5).bytes(0xfd, 0xf3, 0xa5, 0xfc);
  asm.movi('si', 0x20000).movi('di', 0x20002).movi('c', 20).bytes(0xf3, 0xa6);
  asm.movi('di', 0x20000).movi('c', 30).bytes(0xb0, 0x43, 0xf2, 0xae);
  asm.bytes(0xc8, 0x20, 0x00, 0x02, 0x60, 0x61, 0xc9);
  asm
    .pushf()
    .popf()
    .movi('a', 0x8000)
    .bytes(0x66, 0x05, 0x00, 0x80, 0x0f, 0x92, 0xc3, 0x27, 0x2f, 0x37, 0x3f, 0xd4, 0x0a, 0xd5, 0x0a);
  asm.bytes(0x9f, 0x9e, 0xf5, 0xf9, 0xf8).label('end').hlt();
  return finish(asm);
}

/** 64-bit mode: a page fault that its handler repairs, SYSCALL and SYSRET, SWAPGS, INVLPG, interrupts through IST. */
export function longMode(): Assembler {
  const asm = new Assembler(16, ORIGIN);
  toProtected(asm);
  toLong(asm);
  asm.movi('sp', STACK).movi('di', IDT);
  const gate = (vector: number, offset: number, access: number, ist = 0) => {
    asm
      .movi('a', (BigInt(CODE64) << 16n) | BigInt(offset) | (BigInt(ist) << 32n) | (BigInt(access) << 40n))
      .store(IDT + vector * 16, 'a');
    asm.movi('a', 0).store(IDT + vector * 16 + 8, 'a');
  };
  // By IST only from level 3: at the same level QEMU loads a null SS, which the manuals want with a change of level alone.
  gate(6, 0x8700, 0x8e);
  gate(0x31, 0x8720, 0xee, 1);
  gate(14, 0x8740, 0x8e);
  gate(0x30, 0x8720, 0xee);
  asm.lidt(LAYOUT.idtr64);
  asm
    .movi('a', INNER_STACK)
    .store(TSS_AT + 4, 'a')
    .movi('a', INNER_STACK - 0x400)
    .store(TSS_AT + 0x24, 'a');
  // A null GS keeps its base on the way to level 3; of any other QEMU keeps it, too, where AMD's processors drop it.
  asm.movi('a', 0).movToSeg('gs', 'a').movToSeg('fs', 'a').movi('a', TSS).ltr('a').bytes(0x48, 0x31, 0xf6);
  asm.int(0x30).ud2();
  // A page beyond the 2 MiB: the handler maps it.
  asm.movi('b', 0x200000).loadAt('c', 'b').storeAt('b', 'c').bytes(0x0f, 0x01, 0x3b);
  asm.setMsr(0xc0000081, (BigInt(USER_CODE32) << 48n) | (BigInt(CODE32) << 32n));
  asm.setMsr(0xc0000082, 0x8780n).setMsr(0xc0000084, 0x700n).setMsr(0xc0000102, 0x12345000n).bytes(0x0f, 0x01, 0xf8);
  asm.movLabel('c', 'user').movi('r11', 0x202).movi('a', 5).sysret64();
  asm.label('user').movFromSeg('d', 'cs').syscall().movFromSeg('d', 'ss').int(0x30).int(0x31).ud2();
  asm.label('loop').jmp('loop');
  finish(asm);
  asm.padTo(0x8700).bits(64).inc('si').bytes(0x48, 0x83, 0x04, 0x24, 0x02).iret();
  asm.padTo(0x8720).inc('si').iret();
  asm.padTo(0x8740).inc('si').pop('di').movFromCr('r8', 2);
  return tail(asm);
}

/** The rest of longMode: the page-fault handler maps 2 MiB to themselves, the system call looks around and returns. */
function tail(asm: Assembler): Assembler {
  asm
    .movi('a', 0x200087)
    .store(PD + 8, 'a')
    .iret();
  asm
    .padTo(0x8780)
    .bytes(0x0f, 0x01, 0xf8)
    .inc('si')
    .pushf()
    .pop('d')
    .mov('r9', 'c')
    .bytes(0x0f, 0x01, 0xf8)
    .sysret64();
  return asm;
}
