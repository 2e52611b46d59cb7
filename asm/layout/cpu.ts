// A vCPU's block of linear memory, as offsets from its base. The first part is the neutral processor state that
// accelerators hand over; the rest belongs to the software CPU. AssemblyScript and TypeScript both read this file.

// ---- Neutral state ----------------------------------------------------------------------------------------------

/** u64[16]: rax rcx rdx rbx rsp rbp rsi rdi r8 … r15, in the order of their encodings. */
export const GPR: u32 = 0x000;
export const RAX: u32 = 0x000;
export const RCX: u32 = 0x008;
export const RDX: u32 = 0x010;
export const RBX: u32 = 0x018;
export const RSP: u32 = 0x020;
export const RBP: u32 = 0x028;
export const RSI: u32 = 0x030;
export const RDI: u32 = 0x038;
export const R8: u32 = 0x040;
export const R11: u32 = 0x058;
/** u64, always 0: what an absent base or index register reads. */
export const ZERO: u32 = 0x080;
/** u64: instruction pointer of page offset 0 of the page being executed; rip = RIP_BASE + the operation's page offset. */
export const RIP_BASE: u32 = 0x088;
/** u64: instruction pointer; valid outside the operations' loop and when an operation returned JUMP, RESTART or EXIT. */
export const RIP: u32 = 0x090;
/** u64: RFLAGS; its arithmetic bits (CF PF AF ZF SF OF) count only while FLAG_OP is 0 (eager), see flags.ts. */
export const RFLAGS: u32 = 0x098;

/** Lazy flags: the sign-extended result (i64), the sign-extended first operand (i64), kind | (bits − 1) << 8 (u32), saved CF (u32). */
export const FLAG_RESULT: u32 = 0x0a0;
export const FLAG_A: u32 = 0x0a8;
export const FLAG_OP: u32 = 0x0b0;
export const FLAG_CF: u32 = 0x0b4;

/** Eight segment records of SEG_SIZE bytes: ES CS SS DS FS GS LDTR TR. */
export const SEG: u32 = 0x100;
export const SEG_SIZE: u32 = 0x20;
export const ES: u32 = 0;
export const CS: u32 = 1;
export const SS: u32 = 2;
export const DS: u32 = 3;
export const FS: u32 = 4;
export const GS: u32 = 5;
export const LDTR: u32 = 6;
export const TR: u32 = 7;
/** In a segment record: u64 base, u32 limit in bytes (granularity applied), u32 attributes, u32 selector. */
export const SEG_BASE: u32 = 0x00;
export const SEG_LIMIT: u32 = 0x08;
/** Bits 8–23 of a descriptor's high word at bits 0–15 (type 0–3, S 4, DPL 5–6, P 7, AVL 12, L 13, D/B 14, G 15); bit 16: unusable (null). */
export const SEG_ATTR: u32 = 0x0c;
export const SEG_SELECTOR: u32 = 0x10;

/** u64 base, u32 limit each. */
export const GDT_BASE: u32 = 0x200;
export const GDT_LIMIT: u32 = 0x208;
export const IDT_BASE: u32 = 0x210;
export const IDT_LIMIT: u32 = 0x218;

/** u64 each. CR8 is the local APIC's TPR and lives there. */
export const CR0: u32 = 0x220;
export const CR2: u32 = 0x228;
export const CR3: u32 = 0x230;
export const CR4: u32 = 0x238;
export const EFER: u32 = 0x240;
/** u64 each: IA32_APIC_BASE, and IA32_TSC_DEADLINE (a TSC value; 0 when not armed). */
export const MSR_APIC_BASE: u32 = 0x248;
export const MSR_TSC_DEADLINE: u32 = 0x250;
/** u64[8]: DR0–DR7. */
export const DR: u32 = 0x280;

/** MSRs, u64 each. */
export const MSR_STAR: u32 = 0x2c0;
export const MSR_LSTAR: u32 = 0x2c8;
export const MSR_CSTAR: u32 = 0x2d0;
export const MSR_SFMASK: u32 = 0x2d8;
export const MSR_KERNEL_GS_BASE: u32 = 0x2e0;
export const MSR_SYSENTER_CS: u32 = 0x2e8;
export const MSR_SYSENTER_ESP: u32 = 0x2f0;
export const MSR_SYSENTER_EIP: u32 = 0x2f8;
export const MSR_PAT: u32 = 0x300;
export const MSR_TSC_AUX: u32 = 0x308;
export const MSR_TSC_OFFSET: u32 = 0x310;
export const MSR_MTRR_DEF_TYPE: u32 = 0x318;
/** u64[16] variable-range MTRR pairs (8) and u64[11] fixed-range MTRRs. */
export const MSR_MTRR_VAR: u32 = 0x320;
export const MSR_MTRR_FIX: u32 = 0x3a0;

/** 16 bytes each, xmm0–xmm15. */
export const XMM: u32 = 0x400;
/** u32. */
export const MXCSR: u32 = 0x500;
/** u16 each; FTW is one tag bit pair a physical register as FNSTENV stores it. FCW/FSW as the instructions see them (TOP in FSW 11–13). */
export const FCW: u32 = 0x504;
export const FSW: u32 = 0x506;
export const FTW: u32 = 0x508;
export const FOP: u32 = 0x50a;
/** u64 last x87 instruction and data pointers, u16 their selectors. */
export const FIP: u32 = 0x510;
export const FDP: u32 = 0x518;
export const FCS: u32 = 0x520;
export const FDS: u32 = 0x522;
/** Eight 16-byte physical x87 registers R0–R7: u64 significand, u16 sign and exponent. MMX register n is the significand of Rn. */
export const FPR: u32 = 0x540;

/** Local APIC: 0x400 bytes, registers at the offsets that they have in its page (u32 in every 16 bytes), see lapic.ts. */
export const LAPIC: u32 = 0x600;

// ---- The software CPU's own -------------------------------------------------------------------------------------

/** u32: set by anyone (a device, another thread) to make the vCPU look at its interrupt inputs and the machine's wishes. */
export const PENDING: u32 = 0xa00;
/** u32: level of the INTR pin of the 8259 pair. */
export const INTR: u32 = 0xa04;
/** u32: an NMI is latched; u32: NMIs are blocked until IRET. */
export const NMI_LATCHED: u32 = 0xa08;
export const NMI_BLOCKED: u32 = 0xa0c;
/** u32: a device asked the machine to stop: run returns EXIT_STOP at the next boundary. */
export const STOP: u32 = 0xa10;
/** u32: MODE_* bits, derived from CR0, EFER, CS, SS and the flat test; see mode.ts. */
export const MODE: u32 = 0xa14;
/** u32: current privilege level. */
export const CPL: u32 = 0xa18;
/** u32: generation of address translations << 8 | MODE; what links between pages and the jump cache are valid for. */
export const CODE_KEY: u32 = 0xa1c;
/** u32: address of the TLB that the current privilege level uses. */
export const TLB_NOW: u32 = 0xa20;
/** u32: interrupts are held off until after the next instruction (STI, MOV SS; Intel SDM vol. 3, 6.8.3). */
export const SHADOW: u32 = 0xa24;
/** SHADOW holds one of: STI holds off interrupts; MOV SS and POP SS hold off debug traps too. */
export const SHADOW_STI: u32 = 1;
export const SHADOW_SS: u32 = 2;
/** u32: the instruction set SHADOW itself (so the run loop must not clear it yet). */
export const SHADOW_SET: u32 = 0xa28;
/** u32: a debug condition needs instructions one at a time (TF, or an armed DR0–3). */
export const STEP: u32 = 0xa2c;

/** Exception recorded by an operation that returned FAULT: u32 vector, u32 error code, u32 flags EXC_* . */
export const EXC_VECTOR: u32 = 0xa30;
export const EXC_ERROR: u32 = 0xa34;
export const EXC_FLAGS: u32 = 0xa38;
/** u32: EXIT_* reason when an operation returned EXIT. */
export const EXIT_REASON: u32 = 0xa3c;

/** u64: instructions retired. */
export const INSTRUCTIONS: u32 = 0xa40;
/** Guest RAM: u32 linear offset, u32 bytes below the hole, u32 bytes from 4 GiB up. */
export const RAM_BASE: u32 = 0xa48;
export const RAM_LOW: u32 = 0xa4c;
export const RAM_HIGH: u32 = 0xa50;
/** u32: mask of physical address bit 20 (all ones, or 0xffefffff while A20 is off). */
export const A20_MASK: u32 = 0xa54;

/** u32 next free byte of the code arena; u32 times it was dropped whole. */
export const ARENA_NEXT: u32 = 0xa58;
export const ARENA_DROPS: u32 = 0xa5c;
/** u32 counters: TLB misses, page walks that faulted, operations decoded, code pages dropped by a store. */
export const COUNT_TLB_MISS: u32 = 0xa60;
export const COUNT_DECODED: u32 = 0xa64;
export const COUNT_CODE_DROPPED: u32 = 0xa68;
export const COUNT_PIO: u32 = 0xa6c;
export const COUNT_MMIO: u32 = 0xa70;
export const COUNT_INTERRUPT: u32 = 0xa74;
export const COUNT_EXCEPTION: u32 = 0xa78;
export const COUNT_HALT: u32 = 0xa7c;

/** The write that `commit` finishes: u32 its bytes, u64 physical addresses in its first and second page, u32 bytes in the first. */
export const COMMIT_SIZE: u32 = 0xa8c;
export const COMMIT_GPA0: u32 = 0xa90;
export const COMMIT_GPA1: u32 = 0xa98;
export const COMMIT_SPLIT: u32 = 0xaa0;
/** u64: physical address of the last translation, for callers that need it. */
export const LAST_GPA: u32 = 0xaa8;
/** u32 number of filled TLB entries in TLB_LOG. */
export const TLB_LOG_COUNT: u32 = 0xab0;

/** kvmclock: u64 system-time MSR, u64 wall-clock MSR. */
export const MSR_PV_SYSTEM_TIME: u32 = 0xac0;
export const MSR_PV_WALL_CLOCK: u32 = 0xac8;
/** u64 host wall clock at guest time 0, nanoseconds since the epoch; written by the host before the first run. */
export const WALL_CLOCK_NS: u32 = 0xad0;
/** Free for system.ts: u64[6]. */
export const SYSTEM_SCRATCH: u32 = 0xad8;
/** u64 each: AMD's SYSCFG, HWCR, NB_CFG, TOP_MEM, TOP_MEM2 and DE_CFG, kept for who writes them, without effect. */
export const MSR_SYSCFG: u32 = 0xb10;
export const MSR_HWCR: u32 = 0xb18;
export const MSR_NB_CFG: u32 = 0xb20;
export const MSR_TOP_MEM: u32 = 0xb28;
export const MSR_TOP_MEM2: u32 = 0xb30;
export const MSR_DE_CFG: u32 = 0xb38;
/** u64: guest nanoseconds at which the local APIC's timer reaches 0 (one-shot and periodic modes); 0 when it does not run. */
export const LAPIC_TIMER_DUE: u32 = 0xb40;
/** u32: errors that the next write of the ESR shows; u32: an I/O APIC or message asked for an interrupt by the 8259 pair. */
export const LAPIC_ERRORS: u32 = 0xb48;
export const LAPIC_EXTINT: u32 = 0xb4c;
/** u32: DR6 bits of the data and I/O breakpoints that the current instruction has hit, see debug.ts. */
export const DEBUG_HITS: u32 = 0xb50;

/** u32: run must return with EXIT_REASON; u32: the vCPU is in HLT. */
export const EXITING: u32 = 0xbc0;
export const HALTED: u32 = 0xbc4;
/** i32 what was left of the slice, u32 what is being stepped over: see slice.ts. */
export const STEP_LEFT: u32 = 0xbc8;
export const STEP_OF: u32 = 0xbcc;
/** i32: bytes of operations that faults and pauses have taken from the slice though they retired nothing: see slice.ts. */
export const CHARGED: u32 = 0xbd0;
/** In STEP_OF: an instruction is being executed alone; TF was set before it, and will trap after it; RF was set before it. */
export const STEP_ALONE: u32 = 1;
export const STEP_TF: u32 = 2;
export const STEP_RF: u32 = 4;

/** u32: whether hot code is compiled, JIT_* of jit.ts; u32: compiled regions, modules, times all of them were thrown away. */
export const JIT_MODE: u32 = 0xb80;
export const COUNT_JIT_REGIONS: u32 = 0xb84;
export const COUNT_JIT_MODULES: u32 = 0xb88;
export const COUNT_JIT_DROPS: u32 = 0xb8c;
/** u64: instructions retired by compiled code; u32: bytes of modules; u32: entries into compiled code. */
export const JIT_INSTRUCTIONS: u32 = 0xb90;
export const COUNT_JIT_BYTES: u32 = 0xb98;
export const COUNT_JIT_ENTRIES: u32 = 0xb9c;

/** 1 KiB of bytes on their way to or from a page crossing or a device. */
export const BOUNCE: u32 = 0xc00;
/** Instruction bytes gathered across a page boundary (32), and room for the operations decoded from them (4 × 32). */
export const FETCH: u32 = 0x1000;
export const CROSS_OPS: u32 = 0x1040;
/** 256 bytes of scratch for an operation's own use (never kept across operations). */
export const SCRATCH: u32 = 0x1100;

/** u16[2 × TLB_ENTRIES]: indices of filled TLB entries since the last full flush, then u8[2 × TLB_ENTRIES]: TLB_INFO_* bits. */
export const TLB_LOG: u32 = 0x2000;
export const TLB_INFO: u32 = 0x6000;
/** Two TLBs (supervisor, then user) of TLB_ENTRIES entries {u64 tagRead, tagWrite, tagExecute, addend}. */
export const TLB: u32 = 0x10000;
export const TLB_ENTRIES: u32 = 2048;
export const TLB_ENTRY: u32 = 32;
export const TLB_BYTES: u32 = 0x10000;
export const TLB_READ: u32 = 0;
export const TLB_WRITE: u32 = 8;
export const TLB_EXECUTE: u32 = 16;
export const TLB_ADDEND: u32 = 24;
/** A tag that no page-aligned address equals. */
export const TLB_NONE: u32 = 1;

/** Jump cache: JUMP_ENTRIES entries {u64 rip, u32 CODE_KEY, u32 operation}. */
export const JUMP_CACHE: u32 = 0x30000;
export const JUMP_ENTRIES: u32 = 4096;
/** Bytes of a vCPU's block. */
export const VCPU_SIZE: u32 = 0x40000;

// ---- MODE bits: the low five decide how bytes decode ------------------------------------------------------------

/** 64-bit mode: EFER.LMA and CS.L. */
export const MODE_LONG64: u32 = 1;
/** CS.D: 32-bit default operand and address size. */
export const MODE_D32: u32 = 2;
/** 32-bit mode with CS, DS, ES, SS all base 0, limit 4 GiB, readable and writable: effective addresses need no checks. */
export const MODE_FLAT: u32 = 4;
/** SS.B: 32-bit stack pointer (outside 64-bit mode). */
export const MODE_STACK32: u32 = 8;
/** CR0.PE clear, or virtual-8086 mode: segments are selector × 16. */
export const MODE_REAL: u32 = 16;
export const MODE_DECODE_MASK: u32 = 31;
/** CPL 3. */
export const MODE_USER: u32 = 32;
/** RFLAGS.VM. */
export const MODE_V86: u32 = 64;

// ---- What an operation returns ----------------------------------------------------------------------------------

/** Done: go on with the next operation. */
export const OK: u32 = 0;
/** An exception is recorded in EXC_*; nothing else has changed. RIP is that of the instruction. */
export const FAULT: u32 = 1;
/** Done, and RIP says where to go on (far transfers, mode changes, anything that may have changed translation). */
export const JUMP: u32 = 2;
/** Not finished (a repeated string operation): RIP is that of the instruction itself; look at interrupts, then go on. */
export const RESTART: u32 = 3;
/** Done; leave run with EXIT_REASON; RIP says where to go on. */
export const EXIT: u32 = 4;

/** Exceptions: the error code is pushed; a trap (RIP already points after the instruction); raised by INT n / INT3 / INTO (gate DPL is checked). */
export const EXC_HAS_ERROR: u32 = 1;
export const EXC_TRAP: u32 = 2;
export const EXC_SOFTWARE: u32 = 4;
export const EXC_EXTERNAL: u32 = 8;

/** Why run returned, in the order of VcpuExit in packages/cpu. */
export const EXIT_SLICE: u32 = 0;
export const EXIT_HALT: u32 = 1;
export const EXIT_HALT_FOREVER: u32 = 2;
export const EXIT_SHUTDOWN: u32 = 3;
export const EXIT_STOP: u32 = 4;
