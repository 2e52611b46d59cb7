// A decoded operation: 32 bytes in the code arena, one for each guest instruction, contiguous along straight-line code.
// AssemblyScript and TypeScript both read this file.

export const OP_SIZE: u32 = 32;

/** u16: operation number, see generated/ops.ts. */
export const OP: u32 = 0;
/** u8: bytes of the instruction. */
export const OP_LEN: u32 = 2;
/** u8: EA_* kind of the memory operand's effective address. */
export const OP_EA: u32 = 3;
/** u16: offset of the instruction in its page. */
export const OP_PAGE_OFFSET: u32 = 4;
/** u16: first and second register operand, as offset into the vCPU block (GPR, XMM, MMX) or as plain number (segment, CR, DR, ST(i)). */
export const OP_DST: u32 = 6;
export const OP_SRC: u32 = 8;
/** u16: base and index register of the memory operand, as offset into the vCPU block (ZERO when absent, RIP_BASE when rip-relative). */
export const OP_BASE: u32 = 10;
export const OP_INDEX: u32 = 12;
/** u8: shift of the index. */
export const OP_SCALE: u32 = 14;
/** u8: segment (ES…GS) of the memory operand. */
export const OP_SEG: u32 = 15;
/**
 * i32: displacement; for a relative branch its target, counted from RIP_BASE. With RIP_BASE as base register it counts from
 * RIP_BASE when OP_EA is EA_FAST and from the end of the instruction when it is EA_GENERAL.
 */
export const OP_DISP: u32 = 16;
/** u16: PFX_* bits. */
export const OP_PREFIX: u32 = 20;
/** u16: operation that an operation fused with its successor was decoded as. */
export const OP_UNFUSED: u32 = 22;
/** i64: immediate, extended as the instruction says. */
export const OP_IMM: u32 = 24;
/** u32, u32 (in place of the immediate of direct branches): operation at the target, and the CODE_KEY that this holds for. */
export const OP_LINK: u32 = 24;
export const OP_LINK_KEY: u32 = 28;

/** 64-bit address, segment base 0: base + (index << scale) + disp. */
export const EA_FAST: u32 = 0;
/** Flat 32-bit segments: the same, modulo 2^32. */
export const EA_FLAT32: u32 = 1;
/** Anything else: address size from OP_PREFIX, segment base and limit. */
export const EA_GENERAL: u32 = 2;
/** The address is the immediate (MOV moffs). */
export const EA_ABSOLUTE: u32 = 3;

/** Prefixes and sizes: F3, F2, LOCK; address size 16 << n (bits 3–4 hold n) and operand size 16 << n (bits 5–6). */
export const PFX_REP: u32 = 1;
export const PFX_REPNE: u32 = 2;
export const PFX_LOCK: u32 = 4;
export const PFX_ADDRESS_SHIFT: u32 = 3;
export const PFX_OPERAND_SHIFT: u32 = 5;
/** A segment-override prefix was there (string operations and debugging want to know). */
export const PFX_SEGMENT: u32 = 128;
/** A REX prefix was there, and REX.W. */
export const PFX_REX_W: u32 = 256;
