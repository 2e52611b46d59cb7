// Bytes of WebAssembly (core specification, chapter 5).
import { JIT_HINTS_END } from "../../layout/jit";
import { FUNCTION_START, HINT_NEXT, NESTING, OUT, setWord, word } from "./state";

export function byte(value: u32): void {
  const at = word(OUT);
  store<u8>(at, <u8>value);
  setWord(OUT, at + 1);
}

/** Unsigned LEB128. */
export function unsigned(value: u32): void {
  while (value >= 0x80) {
    byte((value & 0x7f) | 0x80);
    value >>= 7;
  }
  byte(value);
}

/** Signed LEB128. */
export function signed(value: i64): void {
  while (value < -64 || value > 63) {
    byte((<u32>value & 0x7f) | 0x80);
    value >>= 7;
  }
  byte(<u32>value & 0x7f);
}

/** Unsigned LEB128 in five bytes, so that it can be known later. */
export function padded(at: u32, value: u32): void {
  for (let i: u32 = 0; i < 4; i++) store<u8>(at + i, <u8>(((value >> (7 * i)) & 0x7f) | 0x80));
  store<u8>(at + 4, <u8>(value >> 28));
}

export function get(local: u32): void {
  byte(0x20);
  unsigned(local);
}

export function set(local: u32): void {
  byte(0x21);
  unsigned(local);
}

export function tee(local: u32): void {
  byte(0x22);
  unsigned(local);
}

export function const32(value: i32): void {
  byte(0x41);
  signed(<i64>value);
}

export function const64(value: i64): void {
  byte(0x42);
  signed(value);
}

/** A load or store; no alignment is promised. */
export function memoryAccess(opcode: u32, offset: u32): void {
  byte(opcode);
  byte(0);
  unsigned(offset);
}

/** The hint that the branch emitted next is not taken (tool conventions, "metadata.code.branch_hint"). */
export function unlikely(): void {
  const at = word(HINT_NEXT);
  if (at + 4 > JIT_HINTS_END) return;
  store<u32>(at, word(OUT) - word(FUNCTION_START));
  setWord(HINT_NEXT, at + 4);
}

/** `if` without results. */
export function beginIf(): void {
  byte(0x04);
  byte(0x40);
  setWord(NESTING, word(NESTING) + 1);
}

export function otherwise(): void {
  byte(0x05);
}

export function endIf(): void {
  byte(0x0b);
  setWord(NESTING, word(NESTING) - 1);
}

/** Branch to the label `depth` levels outside the code of the current basic block. */
export function branch(depth: u32): void {
  byte(0x0c);
  unsigned(word(NESTING) + depth);
}

export function branchIf(depth: u32): void {
  byte(0x0d);
  unsigned(word(NESTING) + depth);
}

export function call(index: u32): void {
  byte(0x10);
  unsigned(index);
}

// Value types.
export const I32: u32 = 0x7f;
export const I64: u32 = 0x7e;

// Opcodes.
export const RETURN: u32 = 0x0f;
export const UNREACHABLE: u32 = 0x00;
export const SELECT: u32 = 0x1b;
export const I32_LOAD: u32 = 0x28;
export const I64_LOAD: u32 = 0x29;
export const I32_LOAD8_U: u32 = 0x2d;
export const I32_LOAD16_U: u32 = 0x2f;
export const I32_STORE: u32 = 0x36;
export const I64_STORE: u32 = 0x37;
export const I32_STORE8: u32 = 0x3a;
export const I32_STORE16: u32 = 0x3b;
export const I32_EQZ: u32 = 0x45;
export const I32_EQ: u32 = 0x46;
export const I32_NE: u32 = 0x47;
export const I32_LT_S: u32 = 0x48;
export const I32_LT_U: u32 = 0x49;
export const I32_GT_S: u32 = 0x4a;
export const I32_LE_S: u32 = 0x4c;
export const I32_LE_U: u32 = 0x4d;
export const I64_EQZ: u32 = 0x50;
export const I64_EQ: u32 = 0x51;
export const I64_NE: u32 = 0x52;
export const I32_POPCNT: u32 = 0x69;
export const I32_ADD: u32 = 0x6a;
export const I32_SUB: u32 = 0x6b;
export const I32_MUL: u32 = 0x6c;
export const I32_AND: u32 = 0x71;
export const I32_OR: u32 = 0x72;
export const I32_XOR: u32 = 0x73;
export const I32_SHL: u32 = 0x74;
export const I32_SHR_S: u32 = 0x75;
export const I32_SHR_U: u32 = 0x76;
export const I64_ADD: u32 = 0x7c;
export const I64_SUB: u32 = 0x7d;
export const I64_MUL: u32 = 0x7e;
export const I64_AND: u32 = 0x83;
export const I64_OR: u32 = 0x84;
export const I64_SHL: u32 = 0x86;
export const I64_SHR_S: u32 = 0x87;
export const I64_SHR_U: u32 = 0x88;
export const I32_WRAP: u32 = 0xa7;
export const I64_EXTEND_I32_S: u32 = 0xac;
export const I64_EXTEND_I32_U: u32 = 0xad;
export const I32_EXTEND8_S: u32 = 0xc0;
export const I32_EXTEND16_S: u32 = 0xc1;
export const I64_EXTEND32_S: u32 = 0xc4;
/** From an opcode on 32-bit integers to the one on 64-bit integers: comparisons (but not `eqz`), arithmetic. */
export const COMPARE_WIDE: u32 = 0x0b;
export const ARITHMETIC_WIDE: u32 = 0x12;
