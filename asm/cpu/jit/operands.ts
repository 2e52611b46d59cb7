// Registers and memory operands. A value of 64 bits is an i64 on WebAssembly's stack; a narrower one is an i32, zero-extended.
import {
  RIP_BASE, SEG, SEG_BASE, SEG_SIZE, FS, TLB_ADDEND, TLB_ENTRIES, TLB_READ, TLB_WRITE, ZERO,
} from "../../layout/cpu";
import {
  EA_ABSOLUTE, EA_GENERAL, OP_BASE, OP_DISP, OP_EA, OP_IMM, OP_INDEX, OP_LEN, OP_PAGE_OFFSET, OP_PREFIX, OP_SCALE,
  OP_SEG, PFX_ADDRESS_SHIFT,
} from "../../layout/op";
import {
  ARITHMETIC_WIDE, beginIf, byte, const32, const64, endIf, get, I32_ADD, I32_AND, I32_EXTEND16_S, I32_EXTEND8_S,
  I32_LOAD, I32_LOAD16_U, I32_LOAD8_U, I32_SHR_U, I32_STORE, I32_STORE16, I32_STORE8, I32_WRAP, I64_ADD, I64_AND,
  I64_EXTEND_I32_U, I64_LOAD, I64_NE, I64_OR, I64_SHL, I64_SHR_U, I64_STORE, memoryAccess, set, tee, unlikely,
} from "./emit";
import { exitBefore } from "./exits";
import { ADDRESS, AT, BASE, ENTRY, REGISTERS } from "./locals";
import { CPU, PC, TLB_USED, word } from "./state";

/** Local of the general register at `offset` in the vCPU block (offset + 1 is the second byte of one). */
@inline
export function registerLocal(offset: u32): u32 {
  return REGISTERS + (offset >> 3);
}

/** Push a register's value. */
export function pushRegister(offset: u32, bits: u32): void {
  get(registerLocal(offset));
  if (bits == 64) return;
  byte(I32_WRAP);
  if (bits == 32) return;
  if (offset & 1) {
    const32(8);
    byte(I32_SHR_U);
  }
  const32(bits == 16 ? 0xffff : 0xff);
  byte(I32_AND);
}

/** Pop a value into a register. */
export function popRegister(offset: u32, bits: u32): void {
  const local = registerLocal(offset);
  if (bits == 64) {
    set(local);
    return;
  }
  byte(I64_EXTEND_I32_U);
  if (bits < 32) {
    if (offset & 1) {
      const64(8);
      byte(I64_SHL);
    }
    get(local);
    const64(~((bits == 16 ? <i64>0xffff : <i64>0xff) << (offset & 1 ? 8 : 0)));
    byte(I64_AND);
    byte(I64_OR);
  }
  set(local);
}

/** Push the immediate. */
export function pushImmediate(bits: u32): void {
  const value = load<i64>(word(PC) + OP_IMM);
  if (bits == 64) const64(value);
  else if (bits == 32) const32(<i32>value);
  else const32(<i32>value & (bits == 16 ? 0xffff : 0xff));
}

/** Load a value whose linear-memory address is on the stack. */
export function loadValue(bits: u32): void {
  memoryAccess(bits == 64 ? I64_LOAD : bits == 32 ? I32_LOAD : bits == 16 ? I32_LOAD16_U : I32_LOAD8_U, 0);
}

/** Store the value on the stack at the address below it. */
export function storeValue(bits: u32): void {
  memoryAccess(bits == 64 ? I64_STORE : bits == 32 ? I32_STORE : bits == 16 ? I32_STORE16 : I32_STORE8, 0);
}

/** The opcode of an operation on values of `bits` bits from the one on i32. */
@inline
export function wide(opcode: u32, bits: u32): u32 {
  return bits == 64 ? opcode + ARITHMETIC_WIDE : opcode;
}

/** Cut an i32 on the stack to a narrow value. */
export function cut(bits: u32): void {
  if (bits >= 32) return;
  const32(bits == 16 ? 0xffff : 0xff);
  byte(I32_AND);
}

/** Sign-extend a narrow value on the stack to the whole of its i32. */
export function extendNarrow(bits: u32): void {
  if (bits == 16) byte(I32_EXTEND16_S);
  else if (bits == 8) byte(I32_EXTEND8_S);
}

/** Push the effective address of the memory operand, with its segment's base where `linear`. */
export function pushAddress(linear: bool): void {
  const pc = word(PC);
  const kind = <u32>load<u8>(pc + OP_EA);
  let displacement = <i64>load<i32>(pc + OP_DISP);
  if (kind == EA_ABSOLUTE) const64(load<i64>(pc + OP_IMM));
  else {
    const base = <u32>load<u16>(pc + OP_BASE);
    const index = <u32>load<u16>(pc + OP_INDEX);
    if (base == RIP_BASE && kind == EA_GENERAL) displacement += load<u16>(pc + OP_PAGE_OFFSET) + load<u8>(pc + OP_LEN);
    let terms: u32 = 0;
    if (base != ZERO) {
      get(base == RIP_BASE ? BASE : registerLocal(base));
      terms++;
    }
    if (index != ZERO) {
      get(registerLocal(index));
      if (load<u8>(pc + OP_SCALE)) {
        const64(<i64>load<u8>(pc + OP_SCALE));
        byte(I64_SHL);
      }
      if (terms++) byte(I64_ADD);
    }
    if (displacement != 0 || terms == 0) {
      const64(displacement);
      if (terms) byte(I64_ADD);
    }
    if (((<u32>load<u16>(pc + OP_PREFIX) >> PFX_ADDRESS_SHIFT) & 3) == 1) {
      const64(0xffffffff);
      byte(I64_AND);
    }
  }
  const segment = <u32>load<u8>(pc + OP_SEG);
  if (!linear || segment < FS || kind < EA_GENERAL) return;
  const32(0);
  memoryAccess(I64_LOAD, word(CPU) + SEG + segment * SEG_SIZE + SEG_BASE);
  byte(I64_ADD);
}

/** The linear address on the stack becomes a linear-memory address in AT; what the TLB does not allow leaves the region. */
export function translated(bits: u32, write: bool): void {
  const tlb = word(TLB_USED);
  tee(ADDRESS);
  const64(7);
  byte(I64_SHR_U);
  byte(I32_WRAP);
  const32((TLB_ENTRIES - 1) << 5);
  byte(I32_AND);
  tee(ENTRY);
  memoryAccess(I64_LOAD, tlb + (write ? TLB_WRITE : TLB_READ));
  get(ADDRESS);
  if (bits > 8) {
    const64(<i64>(bits >> 3) - 1);
    byte(I64_ADD);
  }
  const64(-4096);
  byte(I64_AND);
  byte(I64_NE);
  unlikely();
  beginIf();
  exitBefore();
  endIf();
  get(ADDRESS);
  byte(I32_WRAP);
  get(ENTRY);
  memoryAccess(I32_LOAD, tlb + TLB_ADDEND);
  byte(I32_ADD);
  set(AT);
}

/** The memory operand's linear-memory address goes to AT. */
export function operandAt(bits: u32, write: bool): void {
  pushAddress(true);
  translated(bits, write);
}
