// The JIT's working memory: fixed places between the vCPU block and the decoded code. AssemblyScript and TypeScript both
// read this file.

/** Words that last from one call to the next, see asm/cpu/jit/state.ts. */
export const JIT_STATE: u32 = 0x140000;
/** u16[4096]: number + 1 of the block that begins at a page offset; 0 when none does. */
export const JIT_BLOCK_AT: u32 = 0x141000;
/** u8[4096]: MARK_* bits of a page offset. */
export const JIT_MARKS: u32 = 0x143000;
/** u16[]: page offsets still to be walked. */
export const JIT_WORK: u32 = 0x144000;
/** Block records of the region being compiled. */
export const JIT_BLOCKS: u32 = 0x148000;
/** {u32 operation, u32 hits} for each of JIT_SAMPLE_SLOTS. */
export const JIT_SAMPLES: u32 = 0x14c000;
export const JIT_SAMPLE_SLOTS: u32 = 4096;
/** u32[]: operations whose regions will be compiled together. */
export const JIT_QUEUE: u32 = 0x155000;
export const JIT_QUEUE_MAX: u32 = 64;
/** u32[]: how often compiled code left an operation to its executor, by operation number. */
export const JIT_FALLBACKS: u32 = 0x158000;
export const JIT_FALLBACK_SLOTS: u32 = 8192;
/** u32[]: places of unlikely branches, for the branch hints. */
export const JIT_HINTS: u32 = 0x160000;
export const JIT_HINTS_END: u32 = 0x180000;
/** Function bodies, and the module put together from them. */
export const JIT_BODIES: u32 = 0x180000;
export const JIT_BODIES_END: u32 = 0x280000;
export const JIT_MODULE: u32 = 0x280000;
export const JIT_MODULE_END: u32 = 0x400000;

/** In a JIT operation: what it replaced, and where its code is (function-table index, entry number). */
export const JIT_OP_ENTRY: u32 = 8;
export const JIT_OP_FUNCTION: u32 = 16;
export const JIT_OP_ORIGINAL: u32 = 24;

/** JIT_MODE: never compile; compile what is hot; compile everything at once, tiny regions, throw them away often. */
export const JIT_OFF: u32 = 0;
export const JIT_ON: u32 = 1;
export const JIT_STRESS: u32 = 2;
