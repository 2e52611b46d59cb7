// A WebAssembly module put together from function bodies (core specification, 5.5). Its functions go to the shared table.
import { JIT_BODIES, JIT_HINTS, JIT_MODULE } from "../../layout/jit";
import { RAM_BASE_MIN, WASM_PAGE, WASM_PAGES_MAX } from "../../layout/memory";
import { byte, const32, I32, I64, padded, unsigned } from "./emit";
import { OUT, setWord, word } from "./state";

/** Imported functions: see packages/kernels. */
export const CALL_EXECUTE: u32 = 0;
export const CALL_CONDITION: u32 = 1;
export const CALL_OVERFLOWS: u32 = 2;
export const CALL_CARRY_OVERFLOW: u32 = 3;
const IMPORTED_FUNCTIONS: u32 = 4;

const FUNCTION: u32 = 0x60;
const FUNCREF: u32 = 0x70;

/** Begin a section; answers where its size goes. */
function beginSection(id: u32): u32 {
  byte(id);
  const at = word(OUT);
  setWord(OUT, at + 5);
  return at;
}

function endSection(at: u32): void {
  padded(at, word(OUT) - at - 5);
}

/** A function type: `parameters` holds their value types, a byte each, first one lowest. */
function functionType(parameters: u32, result: u32): void {
  byte(FUNCTION);
  let count: u32 = 0;
  for (let rest = parameters; rest; rest >>= 8) count++;
  unsigned(count);
  for (let rest = parameters; rest; rest >>= 8) byte(rest & 0xff);
  unsigned(u32(result != 0));
  if (result) byte(result);
}

function types(): void {
  const at = beginSection(1);
  unsigned(5);
  functionType(I32 | (I32 << 8), I64);
  functionType(I32 | (I32 << 8) | (I32 << 16), I32);
  functionType(I32 | (I32 << 8), I32);
  functionType(I64 | (I64 << 8), I32);
  functionType(I32 | (I32 << 8) | (I32 << 16), 0);
  endSection(at);
}

/** An import of module `k`, its name one letter. */
function importNamed(letter: u32, kind: u32): void {
  unsigned(1);
  byte(0x6b);
  unsigned(1);
  byte(letter);
  byte(kind);
}

function imports(): void {
  const at = beginSection(2);
  unsigned(2 + IMPORTED_FUNCTIONS);
  importNamed(0x6d, 2);
  byte(3);
  unsigned(RAM_BASE_MIN / WASM_PAGE);
  unsigned(WASM_PAGES_MAX);
  importNamed(0x74, 1);
  byte(FUNCREF);
  byte(0);
  unsigned(0);
  for (let i: u32 = 0; i < IMPORTED_FUNCTIONS; i++) {
    importNamed(0x61 + i, 0);
    unsigned(1 + i);
  }
  endSection(at);
}

/** The functions' places in the table, from `first` on. */
function elements(first: u32, count: u32): void {
  const at = beginSection(9);
  unsigned(1);
  unsigned(0);
  const32(first);
  byte(0x0b);
  unsigned(count);
  for (let i: u32 = 0; i < count; i++) unsigned(IMPORTED_FUNCTIONS + i);
  endSection(at);
}

/** Branch hints (WebAssembly proposal "branch hinting"): every one says "unlikely". */
function hints(count: u32): void {
  const at = beginSection(0);
  const name = "metadata.code.branch_hint";
  unsigned(name.length);
  for (let i = 0; i < name.length; i++) byte(name.charCodeAt(i));
  unsigned(count);
  let list = JIT_HINTS;
  for (let i: u32 = 0; i < count; i++) {
    const length = load<u32>(list);
    list += 4;
    unsigned(IMPORTED_FUNCTIONS + i);
    unsigned(length);
    for (let n: u32 = 0; n < length; n++) {
      unsigned(load<u32>(list));
      byte(1);
      byte(0);
      list += 4;
    }
  }
  endSection(at);
}

/** Put the module of `count` bodies, which end at `end`, together; answers its length. Its functions go to the table from `first` on. */
export function assemble(first: u32, count: u32, end: u32): u32 {
  setWord(OUT, JIT_MODULE);
  store<u64>(JIT_MODULE, 0x00000001_6d736100);
  setWord(OUT, JIT_MODULE + 8);
  types();
  imports();
  const functions = beginSection(3);
  unsigned(count);
  for (let i: u32 = 0; i < count; i++) unsigned(0);
  endSection(functions);
  elements(first, count);
  hints(count);
  const code = beginSection(10);
  unsigned(count);
  const at = word(OUT);
  memory.copy(at, JIT_BODIES, end - JIT_BODIES);
  setWord(OUT, at + end - JIT_BODIES);
  endSection(code);
  return word(OUT) - JIT_MODULE;
}
