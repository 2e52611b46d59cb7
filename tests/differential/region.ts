/**
 * The 2 MiB of address space that the host process and the guest both have, at the same linear address below 2 GiB, so
 * that pointers in registers mean the same to both. Offsets from its base.
 */
export const REGION_SIZE = 0x200000;
/** Where it may be; more than one choice, because threads of one process may run the suite side by side. */
export const REGION_BASES = Object.freeze([0x10000000, 0x14000000, 0x18000000, 0x1c000000, 0x20000000]);

/** Host only: stub, signal handler, states and the stub's own variables. */
export const STUB = 0x0000;
export const HANDLER = 0x0800;
export const STATE_IN = 0x8000;
export const STATE_OUT = 0x8400;
export const VARIABLES = 0x8800;
export const SIGNAL_STACK = 0x10000;
export const SIGNAL_STACK_SIZE = 0x10000;

/** Code: filled with HLT, which faults in user mode, so that the address of the fault says where a branch went. */
export const CODE = 0x20000;
export const CODE_SIZE = 0x10000;
export const HLT = 0xf4;

/** Memory operands and the stack lie in the window around a page boundary; the whole window is compared. */
export const WINDOW = 0x47c00;
export const WINDOW_SIZE = 0x800;
export const MIDDLE = 0x48000;
