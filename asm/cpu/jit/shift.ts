// Shifts and rotates of registers.
import { RCX } from "../../layout/cpu";
import { OP_DST } from "../../layout/op";
import { FORM_CL_R, SHIFT_ROL, SHIFT_ROR, SHIFT_SAR, SHIFT_SHL } from "../../generated/jit-forms";
import {
  beginIf, byte, const32, const64, endIf, get, I32_AND, I32_OR, I32_SHL, I32_SHR_S, I32_SHR_U, I32_SUB, I32_WRAP, I32_XOR,
  I64_EXTEND_I32_S, I64_EXTEND_I32_U, set, tee,
} from "./emit";
import { generalize, localA, localR, ROL, ROR, settleFlags, state } from "./flags";
import { shiftCount } from "./flow";
import { bitsOf, detailOf, shapeOf } from "./forms";
import { CARRY, LAZY_A, LAZY_OP, LAZY_RESULT, TEMPORARY32 } from "./locals";
import { popRegister, pushRegister, wide } from "./operands";
import { FLAGS_WANTED, PC, word } from "./state";

const I32_ROTL: u32 = 0x77;
const I32_ROTR: u32 = 0x78;
/** Kind SHIFT of FLAG_OP (asm/cpu/flags.ts). */
const LAZY_SHIFT: u32 = 8;

export function emitShift(form: u32): void {
  const pc = word(PC);
  const bits = bitsOf(form);
  const detail = detailOf(form);
  const register = <u32>load<u16>(pc + OP_DST);
  const byCl = shapeOf(form) == FORM_CL_R;
  const count = shiftCount(form, pc);
  if (count == 0) {
    // Nothing changes, but that 32 bits are zero-extended.
    pushRegister(register, bits);
    popRegister(register, bits);
    return;
  }
  // Rotates keep some flags, and a count in CL may be 0: the flags from before must be at hand.
  if ((byCl || detail >= SHIFT_ROL) && word(FLAGS_WANTED)) settleFlags();
  pushRegister(register, bits);
  set(localA(bits));
  get(localA(bits));
  if (byCl) {
    pushRegister(RCX, 32);
    const32(bits == 64 ? 63 : 31);
    byte(I32_AND);
    tee(TEMPORARY32);
    if (bits == 64) byte(I64_EXTEND_I32_U);
  } else if (bits == 64) const64(count);
  else const32(count);
  const opcode = detail == SHIFT_SHL ? I32_SHL
    : detail == SHIFT_SAR ? I32_SHR_S
    : detail == SHIFT_ROL ? I32_ROTL
    : detail == SHIFT_ROR ? I32_ROTR : I32_SHR_U;
  byte(wide(opcode, bits));
  tee(localR(bits));
  popRegister(register, bits);
  if (!word(FLAGS_WANTED)) return;
  if (!byCl) return;
  if (detail >= SHIFT_ROL) rotateFlags(bits, detail);
  else shiftFlags(bits, detail);
}

/** Push bit `n` of a local. */
function bitOf(local: u32, n: u32, bits: u32): void {
  get(local);
  if (bits == 64) {
    const64(<i64>n);
    byte(wide(I32_SHR_U, 64));
    byte(I32_WRAP);
  } else {
    const32(n);
    byte(I32_SHR_U);
  }
  const32(1);
  byte(I32_AND);
}

/** General flags of a shift by the count in TEMPORARY32, which may be 0. */
function shiftFlags(bits: u32, detail: u32): void {
  get(TEMPORARY32);
  beginIf();
  // The last bit that went out.
  get(localA(bits));
  if (detail == SHIFT_SHL) {
    const32(bits);
    get(TEMPORARY32);
    byte(I32_SUB);
  } else {
    get(TEMPORARY32);
    const32(1);
    byte(I32_SUB);
  }
  if (bits == 64) {
    byte(I64_EXTEND_I32_U);
    byte(wide(I32_SHR_U, 64));
    byte(I32_WRAP);
  } else byte(I32_SHR_U);
  const32(1);
  byte(I32_AND);
  tee(CARRY);
  if (detail == SHIFT_SHL) {
    get(CARRY);
    bitOf(localR(bits), bits - 1, bits);
    byte(I32_XOR);
  } else if (detail == SHIFT_SAR) const32(0);
  else bitOf(localR(bits), bits - 2, bits);
  const32(11);
  byte(I32_SHL);
  byte(I32_OR);
  byte(I64_EXTEND_I32_U);
  set(LAZY_A);
  get(localR(bits));
  if (bits != 64) byte(I64_EXTEND_I32_S);
  set(LAZY_RESULT);
  const32(LAZY_SHIFT | ((bits - 1) << 8));
  set(LAZY_OP);
  endIf();
}

/** General flags of a rotate by the count in TEMPORARY32, which may be 0. */
function rotateFlags(bits: u32, detail: u32): void {
  get(TEMPORARY32);
  beginIf();
  generalize(state(detail == SHIFT_ROL ? ROL : ROR, bits, 1));
  endIf();
}
