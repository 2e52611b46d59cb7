// The linear memory of a machine, from the bottom up. Every offset lives here once; AssemblyScript and TypeScript both read this file.

/** Bytes of a WebAssembly page. */
export const WASM_PAGE: u32 = 0x10000;
/** Most pages a 32-bit memory can have (4 GiB). */
export const WASM_PAGES_MAX: u32 = 0x10000;
/** Bytes of a guest page. */
export const PAGE: u32 = 0x1000;

/** AssemblyScript's static data (decode tables); everything below is a guard for null pointers. */
export const STATICS: u32 = 0x10000;
/** The vCPU block: state, TLBs, jump cache, see cpu.ts. */
export const VCPU: u32 = 0x100000;
/** u32 per guest page: the decoded-code record of the page, 0 when there is none. Room for 4 GiB of guest RAM. */
export const CODE_PAGES: u32 = 0x400000;
/** Decoded code: page records and operations, allocated upward, dropped whole when full. */
export const CODE_ARENA: u32 = 0x800000;
export const CODE_ARENA_END: u32 = 0x8000000;
/** Guest RAM starts here or up to 2 MiB above, so that host address ≡ guest address (mod 2 MiB). */
export const RAM_BASE_MIN: u32 = 0x8000000;
export const RAM_ALIGN: u32 = 0x200000;

/** Guest physical address where the MMIO hole below 4 GiB begins; RAM beyond it continues at 4 GiB. */
export const HOLE_START: u32 = 0xc0000000;
