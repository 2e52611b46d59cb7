// Integer operations: what they compute, and what they leave behind for the flags.
import { RAX, RDX } from "../../layout/cpu";
import { OP_DST, OP_SRC } from "../../layout/op";
import {
  ALU_ADC, ALU_ADD, ALU_AND, ALU_CMP, ALU_OR, ALU_SBB, ALU_SUB, ALU_TEST, EXTEND_MOVSXD, EXTEND_MOVSX_B, EXTEND_MOVZX_B,
  EXTEND_MOVZX_W, FORM_M, FORM_MI, FORM_MR, FORM_RI, FORM_RM, FORM_RRI, UNARY_DEC, UNARY_INC, UNARY_NOT,
} from "../../generated/jit-forms";
import {
  byte, const32, const64, get, I32_ADD, I32_AND, I32_OR, I32_SUB, I32_WRAP, I32_XOR, I64_ADD, I64_AND, I64_EQZ,
  I64_EXTEND32_S, I64_EXTEND_I32_S, I64_EXTEND_I32_U, I64_MUL, I64_NE, I64_SHR_U, I32_EQZ, SELECT, set, tee,
} from "./emit";
import { carryIn, localA, localB, localR, pushCondition } from "./flags";
import { bitsOf, detailOf, shapeOf } from "./forms";
import { AT, CARRY, R64, SECOND64, TEMPORARY64, THIRD64 } from "./locals";
import {
  cut, extendNarrow, loadValue, operandAt, popRegister, pushAddress, pushImmediate, pushRegister, registerLocal, storeValue, wide,
} from "./operands";
import { PC, word } from "./state";

@inline
function dst(): u32 { return load<u16>(word(PC) + OP_DST); }
@inline
function src(): u32 { return load<u16>(word(PC) + OP_SRC); }

function pushAt(bits: u32): void {
  get(AT);
  loadValue(bits);
}

/** Push the second operand. */
function pushSecond(shape: u32, bits: u32): void {
  if (shape == FORM_RI || shape == FORM_MI) pushImmediate(bits);
  else if (shape == FORM_RM) pushAt(bits);
  else pushRegister(src(), bits);
}

export function emitAlu(form: u32): void {
  const bits = bitsOf(form);
  const shape = shapeOf(form);
  const detail = detailOf(form);
  const keeps = detail == ALU_CMP || detail == ALU_TEST;
  const toMemory = shape == FORM_MR || shape == FORM_MI;
  if (toMemory || shape == FORM_RM) operandAt(bits, toMemory && !keeps);
  const carries = detail == ALU_ADC || detail == ALU_SBB;
  if (carries) carryIn();
  if (toMemory && !keeps) get(AT);
  if (toMemory) pushAt(bits);
  else pushRegister(dst(), bits);
  set(localA(bits));
  pushSecond(shape, bits);
  set(localB(bits));
  get(localA(bits));
  get(localB(bits));
  const opcode = detail == ALU_ADD || detail == ALU_ADC ? I32_ADD
    : detail == ALU_OR ? I32_OR
    : detail == ALU_AND || detail == ALU_TEST ? I32_AND
    : detail == ALU_SUB || detail == ALU_SBB || detail == ALU_CMP ? I32_SUB : I32_XOR;
  byte(wide(opcode, bits));
  if (carries) {
    get(CARRY);
    if (bits == 64) byte(I64_EXTEND_I32_U);
    byte(wide(opcode, bits));
  }
  if (opcode == I32_ADD || opcode == I32_SUB) cut(bits);
  set(localR(bits));
  if (keeps) return;
  get(localR(bits));
  if (toMemory) storeValue(bits);
  else popRegister(dst(), bits);
}

export function emitUnary(form: u32): void {
  const bits = bitsOf(form);
  const detail = detailOf(form);
  const memory_ = shapeOf(form) == FORM_M;
  if (memory_) operandAt(bits, true);
  if (detail == UNARY_INC || detail == UNARY_DEC) carryIn();
  if (memory_) {
    get(AT);
    pushAt(bits);
  } else pushRegister(dst(), bits);
  if (detail == UNARY_INC || detail == UNARY_DEC) {
    one(bits);
    byte(wide(detail == UNARY_INC ? I32_ADD : I32_SUB, bits));
    cut(bits);
    tee(localR(bits));
  } else if (detail == UNARY_NOT) {
    if (bits == 64) const64(-1);
    else const32(-1);
    byte(wide(I32_XOR, bits));
    cut(bits);
  } else {
    set(localB(bits));
    if (bits == 64) const64(0);
    else const32(0);
    tee(localA(bits));
    get(localB(bits));
    byte(wide(I32_SUB, bits));
    cut(bits);
    tee(localR(bits));
  }
  if (memory_) storeValue(bits);
  else popRegister(dst(), bits);
}

function one(bits: u32): void {
  if (bits == 64) const64(1);
  else const32(1);
}

/** IMUL with two or three operands. */
export function emitImul(form: u32): void {
  const bits = bitsOf(form);
  const shape = shapeOf(form);
  if (shape == FORM_RM) operandAt(bits, false);
  pushRegister(shape == FORM_RRI ? src() : dst(), bits);
  set(localA(bits));
  if (shape == FORM_RRI) pushImmediate(bits);
  else pushSecond(shape, bits);
  set(localB(bits));
  get(localA(bits));
  if (bits == 64) {
    get(localB(bits));
    byte(I64_MUL);
    tee(R64);
    set(registerLocal(dst()));
    return;
  }
  byte(I64_EXTEND_I32_S);
  get(localB(bits));
  byte(I64_EXTEND_I32_S);
  byte(I64_MUL);
  tee(TEMPORARY64);
  get(TEMPORARY64);
  byte(I64_EXTEND32_S);
  byte(I64_NE);
  set(CARRY);
  get(TEMPORARY64);
  byte(I32_WRAP);
  tee(localR(bits));
  popRegister(dst(), bits);
}

/** MUL: rDX:rAX = rAX × operand. */
export function emitMul(form: u32): void {
  if (bitsOf(form) == 32) {
    pushRegister(RAX, 32);
    byte(I64_EXTEND_I32_U);
    pushRegister(dst(), 32);
    byte(I64_EXTEND_I32_U);
    byte(I64_MUL);
    tee(TEMPORARY64);
    byte(I32_WRAP);
    tee(localR(32));
    popRegister(RAX, 32);
    get(TEMPORARY64);
    const64(32);
    byte(I64_SHR_U);
    tee(registerLocal(RDX));
    byte(I64_EQZ);
    byte(I32_EQZ);
    set(CARRY);
    return;
  }
  const a = registerLocal(RAX);
  const b = registerLocal(dst());
  // Schoolbook multiplication of 32-bit halves; no sum overflows.
  low(a);
  low(b);
  byte(I64_MUL);
  high();
  high_(a);
  low(b);
  byte(I64_MUL);
  byte(I64_ADD);
  set(TEMPORARY64);
  low(a);
  high_(b);
  byte(I64_MUL);
  low(TEMPORARY64);
  byte(I64_ADD);
  set(SECOND64);
  high_(a);
  high_(b);
  byte(I64_MUL);
  high_(TEMPORARY64);
  byte(I64_ADD);
  high_(SECOND64);
  byte(I64_ADD);
  set(THIRD64);
  get(a);
  get(b);
  byte(I64_MUL);
  tee(R64);
  set(a);
  get(THIRD64);
  tee(registerLocal(RDX));
  byte(I64_EQZ);
  byte(I32_EQZ);
  set(CARRY);
}

/** Push the low half of a local. */
function low(local: u32): void {
  get(local);
  const64(0xffffffff);
  byte(I64_AND);
}

/** The upper half of what is on the stack. */
function high(): void {
  const64(32);
  byte(I64_SHR_U);
}

/** Push the upper half of a local. */
function high_(local: u32): void {
  get(local);
  high();
}

export function emitMove(form: u32): void {
  const bits = bitsOf(form);
  const shape = shapeOf(form);
  const toMemory = shape == FORM_MR || shape == FORM_MI;
  if (toMemory || shape == FORM_RM) operandAt(bits, toMemory);
  if (toMemory) get(AT);
  pushSecond(shape, bits);
  if (toMemory) storeValue(bits);
  else popRegister(dst(), bits);
}

/** MOVZX, MOVSX, MOVSXD. */
export function emitExtend(form: u32): void {
  const bits = bitsOf(form);
  const detail = detailOf(form);
  const from: u32 = detail == EXTEND_MOVSXD ? 32 : detail == EXTEND_MOVZX_B || detail == EXTEND_MOVSX_B ? 8 : 16;
  if (shapeOf(form) == FORM_RM) {
    operandAt(from, false);
    pushAt(from);
  } else pushRegister(src(), from);
  const signed = detail != EXTEND_MOVZX_B && detail != EXTEND_MOVZX_W;
  if (signed) extendNarrow(from);
  if (bits == 64) {
    byte(signed ? I64_EXTEND_I32_S : I64_EXTEND_I32_U);
    set(registerLocal(dst()));
    return;
  }
  cut(bits);
  popRegister(dst(), bits);
}

export function emitLea(form: u32): void {
  const bits = bitsOf(form);
  pushAddress(false);
  if (bits != 64) {
    byte(I32_WRAP);
    cut(bits);
  }
  popRegister(dst(), bits);
}

export function emitSetcc(form: u32): void {
  const memory_ = shapeOf(form) == FORM_M;
  if (memory_) {
    operandAt(8, true);
    get(AT);
  }
  pushCondition(detailOf(form));
  if (memory_) storeValue(8);
  else popRegister(dst(), 8);
}

export function emitCmov(form: u32): void {
  const bits = bitsOf(form);
  const shape = shapeOf(form);
  if (shape == FORM_RM) operandAt(bits, false);
  pushSecond(shape, bits);
  pushRegister(dst(), bits);
  pushCondition(detailOf(form));
  byte(SELECT);
  popRegister(dst(), bits);
}
