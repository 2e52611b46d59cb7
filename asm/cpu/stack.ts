// The stack as instructions and interrupt delivery on the current stack use it. Its width is that of the mode: RSP in
// 64-bit mode, ESP when SS.B is set, SP otherwise (Intel SDM vol. 1, 6.2.3). Limit and canonical violations raise #SS(0).
//
// `push` and `pop` move the stack pointer as their last act. An instruction that can still fault afterwards looks with
// `stackRead` or `stackWrite` first and moves the pointer with `moveStack` at its end. Both may answer with the bounce
// buffer, so that a second access makes the first's address void.
import { FAULT, MODE, MODE_FLAT, MODE_LONG64, MODE_STACK32, OK, RSP, SCRATCH, SS, TLB_NOW } from "../layout/cpu";
import { commit, readLinear, writeLinear } from "./access";
import { SS_FAULT } from "./exception";
import { NOWHERE } from "./linear";
import { segmentAddress } from "./segment-check";

/** Where `pop` leaves its value: the last quadword of the scratch area. */
const POPPED: u32 = SCRATCH + 0xf8;

/** Bits of the stack pointer that count, as a mask. */
@inline
export function stackMask(cpu: u32): u64 {
  const mode = load<u32>(cpu + MODE);
  if (mode & MODE_LONG64) return ~(<u64>0);
  return mode & MODE_STACK32 ? 0xffffffff : 0xffff;
}

/** Write the stack pointer, or another register, in the stack's width. */
export function setStackWide(cpu: u32, register: u32, value: u64): void {
  const mask = stackMask(cpu);
  if (mask == 0xffff) store<u16>(cpu + register, <u16>value);
  else store<u64>(cpu + register, value & mask);
}

/** Add `delta` to the stack pointer. */
@inline
export function moveStack(cpu: u32, delta: i32): void {
  setStackWide(cpu, RSP, load<u64>(cpu + RSP) + <u64><i64>delta);
}

/** Linear address of `size` bytes at an offset of SS, wrapped to the stack's width; NOWHERE when #SS was recorded. */
function stackLinear(cpu: u32, offset: u64, size: u32, write: bool): u64 {
  const at = offset & stackMask(cpu);
  if (load<u32>(cpu + MODE) & MODE_FLAT) return at & 0xffffffff;
  return segmentAddress(cpu, SS, at, size, write);
}

/** `size` readable bytes at `delta` from the stack pointer; 0 when a fault was recorded. */
export function stackRead(cpu: u32, delta: i32, size: u32): u32 {
  return stackReadAt(cpu, load<u64>(cpu + RSP) + <u64><i64>delta, size);
}

/** `size` bytes to be overwritten at `delta` from the stack pointer, then given to `commit`; 0 when a fault was recorded. */
export function stackWrite(cpu: u32, delta: i32, size: u32): u32 {
  return stackWriteAt(cpu, load<u64>(cpu + RSP) + <u64><i64>delta, size);
}

/** `stackRead` at an offset of SS. */
export function stackReadAt(cpu: u32, offset: u64, size: u32): u32 {
  const va = stackLinear(cpu, offset, size, false);
  if (va == NOWHERE) return 0;
  return readLinear(cpu, load<u32>(cpu + TLB_NOW), va, size, SS_FAULT);
}

/** `stackWrite` at an offset of SS. */
export function stackWriteAt(cpu: u32, offset: u64, size: u32): u32 {
  const va = stackLinear(cpu, offset, size, true);
  if (va == NOWHERE) return 0;
  return writeLinear(cpu, load<u32>(cpu + TLB_NOW), va, size, SS_FAULT);
}

/** Load 2, 4 or 8 bytes, zero-extended. */
@inline
export function loadSized(at: u32, size: u32): u64 {
  return size == 8 ? load<u64>(at) : size == 4 ? <u64>load<u32>(at) : <u64>load<u16>(at);
}

/** Store the low 2, 4 or 8 bytes. */
@inline
export function storeSized(at: u32, size: u32, value: u64): void {
  if (size == 8) store<u64>(at, value);
  else if (size == 4) store<u32>(at, <u32>value);
  else store<u16>(at, <u16>value);
}

/** Store `size` (2, 4, 8) bytes of `value` at an offset of SS; the stack pointer stays. OK or FAULT. */
export function stackStore(cpu: u32, offset: u64, size: u32, value: u64): u32 {
  const at = stackWriteAt(cpu, offset, size);
  if (!at) return FAULT;
  storeSized(at, size, value);
  commit(cpu, at);
  return OK;
}

/** Push the low `size` (2, 4, 8) bytes of `value`. OK, or FAULT with nothing changed. */
export function push(cpu: u32, size: u32, value: u64): u32 {
  if (stackStore(cpu, load<u64>(cpu + RSP) - size, size, value) != OK) return FAULT;
  moveStack(cpu, -(<i32>size));
  return OK;
}

/** Pop `size` (2, 4, 8) bytes, to be had from `popped`. OK, or FAULT with nothing changed. */
export function pop(cpu: u32, size: u32): u32 {
  const at = stackRead(cpu, 0, size);
  if (!at) return FAULT;
  store<u64>(cpu + POPPED, loadSized(at, size));
  moveStack(cpu, <i32>size);
  return OK;
}

/** The value that the last `pop` found, zero-extended. */
@inline
export function popped(cpu: u32): u64 {
  return load<u64>(cpu + POPPED);
}
