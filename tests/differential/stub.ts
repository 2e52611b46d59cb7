import { STATE_IN, STATE_OUT, STUB, VARIABLES } from './region.ts';
import { FAULT_RIP, FLAGS, FX, GPRS, VECTOR } from './state.ts';

/** The stub's own variables, as offsets from the region's base. */
export const SAVED_RSP = VARIABLES;
/** u32: the instruction under test is running, so a signal is its exception. */
export const ACTIVE = VARIABLES + 0x08;
export const SAVED_MXCSR = VARIABLES + 0x10;
export const SAVED_FCW = VARIABLES + 0x14;
export const SAVED_DS = VARIABLES + 0x18;
export const SAVED_ES = VARIABLES + 0x1a;
/** u64 address of the instruction; for the far jump to 32-bit code u32 address and u16 selector. */
export const ENTRY = VARIABLES + 0x20;
/** u64 for each signal number: the handler that was there before. */
export const CHAIN = VARIABLES + 0x100;

/** Linux's user code and data segments (arch/x86/include/asm/segment.h), the same in every process. */
export const USER_CS32 = 0x23;
export const USER_DS = 0x2b;
export const USER_CS64 = 0x33;

/** Offsets in the ucontext of a signal (arch/x86/include/uapi/asm/sigcontext.h). */
const UC_RIP = 168;
const UC_CS = 184;
const UC_TRAPNO = 200;

/** Hand-assembled machine code: each call appends the bytes of one instruction. */
class Code {
  readonly bytes: number[] = [];
  readonly base: number;

  constructor(base: number) {
    this.base = base;
  }

  raw(...bytes: number[]): void {
    this.bytes.push(...bytes);
  }

  word(value: number): void {
    this.raw(value & 0xff, (value >> 8) & 0xff, (value >> 16) & 0xff, (value >>> 24) & 0xff);
  }

  /** An instruction with ModRM.reg = `reg` and the operand [disp32]: ModRM.rm 100, SIB without base and index. */
  absolute(prefixAndOpcode: number[], reg: number, offset: number): void {
    this.raw(...prefixAndOpcode, ((reg & 7) << 3) | 4, 0x25);
    this.word(this.base + offset);
  }

  /** mov r64, [offset] or mov [offset], r64. */
  move(opcode: 0x8b | 0x89, register: number, offset: number): void {
    this.absolute([register < 8 ? 0x48 : 0x4c, opcode], register, offset);
  }

  /** mov rsp, imm32: neither flags nor any other register change. */
  stackAt(offset: number): void {
    this.raw(0x48, 0xc7, 0xc4);
    this.word(this.base + offset);
  }
}

const RSP = 4;
const LOAD = 0x8b;
const STORE = 0x89;
const CALLEE_SAVED = {
  push: [0x53, 0x55, 0x41, 0x54, 0x41, 0x55, 0x41, 0x56, 0x41, 0x57],
  pop: [0x41, 0x5f, 0x41, 0x5e, 0x41, 0x5d, 0x41, 0x5c, 0x5d, 0x5b],
};

/** Where the stub's three entry points are, from the region's base. */
export interface Stub {
  readonly bytes: Uint8Array;
  /** Functions `void f(void)`: run the instruction in 64-bit mode, or in 32-bit compatibility mode. */
  readonly enter64: number;
  readonly enter32: number;
  /** Where code under test jumps when it is done. */
  readonly exit: number;
}

/** The stub for a region at `base`: loads STATE_IN, runs what ENTRY points to, stores STATE_OUT. */
export function assembleStub(base: number): Stub {
  const code = new Code(base);
  const enter64 = STUB;
  enter(code, false);
  const enter32 = STUB + code.bytes.length;
  enter(code, true);
  const exit = STUB + code.bytes.length;
  leave(code);
  return { bytes: Uint8Array.from(code.bytes), enter64, enter32, exit };
}

function enter(code: Code, compatible: boolean): void {
  code.raw(...CALLEE_SAVED.push); // push rbx, rbp, r12 … r15
  code.move(STORE, RSP, SAVED_RSP); // mov [SAVED_RSP], rsp
  code.absolute([0x0f, 0xae], 3, SAVED_MXCSR); // stmxcsr [SAVED_MXCSR]
  code.absolute([0xd9], 7, SAVED_FCW); // fnstcw [SAVED_FCW]
  code.absolute([0x8c], 3, SAVED_DS); // mov [SAVED_DS], ds
  code.absolute([0x8c], 0, SAVED_ES); // mov [SAVED_ES], es
  if (compatible) {
    code.raw(0xb8, USER_DS, 0, 0, 0); // mov eax, USER_DS
    code.raw(0x8e, 0xd8, 0x8e, 0xc0); // mov ds, eax; mov es, eax
  }
  code.absolute([0x48, 0x0f, 0xae], 1, STATE_IN + FX); // fxrstor64 [STATE_IN]
  code.stackAt(STATE_IN + FLAGS); // mov rsp, STATE_IN.flags
  code.raw(0x9d); // popfq
  code.absolute([0xc7], 0, ACTIVE); // mov dword [ACTIVE], 1
  code.word(1);
  for (let i = 0; i < 16; i++) code.move(LOAD, i, STATE_IN + GPRS + i * 8); // mov r, [STATE_IN.gpr[r]]
  code.absolute([0xff], compatible ? 5 : 4, ENTRY); // jmp far [ENTRY] or jmp [ENTRY]
}

function leave(code: Code): void {
  for (let i = 0; i < 16; i++) code.move(STORE, i, STATE_OUT + GPRS + i * 8); // mov [STATE_OUT.gpr[r]], r
  code.stackAt(STATE_OUT + FLAGS + 8); // mov rsp, the end of STATE_OUT.flags
  code.raw(0x9c); // pushfq
  code.move(LOAD, RSP, SAVED_RSP); // mov rsp, [SAVED_RSP]
  code.raw(0x6a, 0x02, 0x9d); // push 2; popfq: DF and AC clear, as C wants them
  code.absolute([0xc7], 0, ACTIVE); // mov dword [ACTIVE], 0
  code.word(0);
  code.absolute([0x48, 0x0f, 0xae], 0, STATE_OUT + FX); // fxsave64 [STATE_OUT]
  code.absolute([0x8e], 3, SAVED_DS); // mov ds, [SAVED_DS]
  code.absolute([0x8e], 0, SAVED_ES); // mov es, [SAVED_ES]
  code.raw(0xdb, 0xe3); // fninit
  code.absolute([0xd9], 5, SAVED_FCW); // fldcw [SAVED_FCW]
  code.absolute([0x0f, 0xae], 2, SAVED_MXCSR); // ldmxcsr [SAVED_MXCSR]
  code.raw(...CALLEE_SAVED.pop, 0xc3); // pop r15 … r12, rbp, rbx; ret
}

/**
 * The signal handler `void f(int signal, siginfo_t *, ucontext_t *)`: an exception of the instruction under test is
 * noted, and execution goes on at the stub's exit with all registers as the instruction left them; any other signal goes
 * to the handler that was there before (none: HLT, which ends the process).
 */
export function assembleHandler(base: number, exit: number): Uint8Array {
  const code = new Code(base);
  code.absolute([0x83], 7, ACTIVE); // cmp dword [ACTIVE], 0
  code.raw(0x00);
  const noted = new Code(base);
  const fromContext = (offset: number) => [offset & 0xff, offset >> 8, 0, 0];
  noted.raw(0x48, 0x8b, 0x82, ...fromContext(UC_TRAPNO)); // mov rax, [rdx + UC_TRAPNO]
  noted.move(STORE, 0, STATE_OUT + VECTOR); // mov [STATE_OUT.vector], rax
  noted.raw(0x48, 0x8b, 0x82, ...fromContext(UC_RIP)); // mov rax, [rdx + UC_RIP]
  noted.move(STORE, 0, STATE_OUT + FAULT_RIP); // mov [STATE_OUT.faultRip], rax
  noted.raw(0x48, 0xc7, 0x82, ...fromContext(UC_RIP)); // mov qword [rdx + UC_RIP], exit
  noted.word(base + exit);
  noted.raw(0x66, 0xc7, 0x82, ...fromContext(UC_CS), USER_CS64, 0); // mov word [rdx + UC_CS], USER_CS64
  noted.raw(0xc3); // ret
  code.raw(0x74, noted.bytes.length); // je chain
  code.raw(...noted.bytes);
  code.raw(0x89, 0xff); // chain: mov edi, edi
  code.raw(0x48, 0x8b, 0x04, 0xfd); // mov rax, [CHAIN + rdi * 8]
  code.word(base + CHAIN);
  code.raw(0x48, 0x83, 0xf8, 0x01); // cmp rax, SIG_IGN
  code.raw(0x76, 0x02); // jbe default
  code.raw(0xff, 0xe0); // jmp rax
  code.raw(0xf4); // default: hlt
  return Uint8Array.from(code.bytes);
}
