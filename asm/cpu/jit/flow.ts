// What is known about the region's blocks before any code is emitted: which registers they use, in which form the flags
// arrive, and whether anybody wants them.
import { RAX, RBP, RCX, RDX, RSP, ZERO } from "../../layout/cpu";
import { OP_BASE, OP_DST, OP_IMM, OP_INDEX, OP_LEN, OP_SRC } from "../../layout/op";
import {
  ALU_ADC, ALU_ADD, ALU_CMP, ALU_SBB, ALU_SUB, ALU_TEST, CLASS_ALU, CLASS_CALL, CLASS_CALL_INDIRECT, CLASS_CMOV,
  CLASS_EXECUTOR, CLASS_EXTEND, CLASS_IMUL, CLASS_JCC, CLASS_JCC_LOCAL, CLASS_JMP_INDIRECT, CLASS_LEA, CLASS_LEAVE,
  CLASS_LIGHT, CLASS_LIGHT_FLAGS, CLASS_MOV, CLASS_MUL, CLASS_NOP, CLASS_POP, CLASS_PUSH, CLASS_RET, CLASS_SHIFT,
  CLASS_UNARY, FORM_CL_R, FORM_M, FORM_MI, FORM_MR, FORM_R, FORM_RI, FORM_RM, FORM_RR, FORM_RRI, SHIFT_ROL, SHIFT_SHL,
  SHIFT_SHR, UNARY_DEC, UNARY_INC, UNARY_NEG, UNARY_NOT,
} from "../../generated/jit-forms";
import {
  BLOCK_ENTRY, BLOCK_FLAGS_IN, BLOCK_FLAGS_OUT, BLOCK_NEXT, BLOCK_OPERATIONS, BLOCK_OUTSIDE, BLOCK_START, BLOCK_TAKEN, BLOCK_WANTS,
  blockRecord, NO_ENTRY,
} from "./blocks";
import { ADC, ADD, DEC, GENERAL, INC, LOGIC, PRODUCT, PRODUCT64, ROL, ROR, SAR, SBB, SHL, SHR, state, SUB } from "./flags";
import { bitsOf, classOf, detailOf, formOf, numberOf, shapeOf } from "./forms";
import { operationAt } from "./region";
import { BLOCKS, MODIFIED, setWord, USED, word } from "./state";

/** In place of the flags' form at a block's entry: no edge seen yet. */
const UNSEEN: u32 = 0xffffffff;

/** Whether an operation of this form reads or writes memory by a ModRM operand. */
export function hasMemory(form: u32): bool {
  const shape = shapeOf(form);
  const kind = classOf(form);
  if (kind == CLASS_LEA || kind == CLASS_NOP) return false;
  return shape == FORM_M || shape == FORM_RM || shape == FORM_MR || shape == FORM_MI;
}

/** Count of a shift by an immediate or by one; 0xff when it is in CL. */
export function shiftCount(form: u32, op: u32): u32 {
  const shape = shapeOf(form);
  if (shape == FORM_CL_R) return 0xff;
  if (shape == FORM_R) return 1;
  return <u32>load<u8>(op + OP_IMM) & (bitsOf(form) == 64 ? 63 : 31);
}

/** The flags' form after an operation, from the one before it. */
export function flagsAfter(form: u32, op: u32, before: u32): u32 {
  const bits = bitsOf(form);
  const detail = detailOf(form);
  switch (classOf(form)) {
    case CLASS_ALU:
      return state(detail == ALU_ADD ? ADD : detail == ALU_ADC ? ADC : detail == ALU_SBB ? SBB : detail == ALU_SUB || detail == ALU_CMP ? SUB : LOGIC, bits, 0);
    case CLASS_UNARY: return detail == UNARY_NOT ? before : state(detail == UNARY_INC ? INC : detail == UNARY_DEC ? DEC : SUB, bits, 0);
    case CLASS_SHIFT: {
      const count = shiftCount(form, op);
      if (count == 0) return before;
      if (count == 0xff) return GENERAL;
      if (detail >= SHIFT_ROL) return state(detail == SHIFT_ROL ? ROL : ROR, bits, count);
      return state(detail == SHIFT_SHL ? SHL : detail == SHIFT_SHR ? SHR : SAR, bits, count);
    }
    case CLASS_IMUL: return state(bits == 64 ? PRODUCT64 : PRODUCT, bits, 0);
    case CLASS_MUL: return state(PRODUCT, bits, 0);
    case CLASS_EXECUTOR:
    case CLASS_LIGHT_FLAGS: return GENERAL;
    default: return before;
  }
}

const THROUGH: u32 = 0;
const WANTS: u32 = 1;
const KILLS: u32 = 2;

/** Whether an operation wants the flags from before it, or makes them dead. What may leave the region wants them. */
function wish(form: u32, op: u32): u32 {
  const kind = classOf(form);
  const detail = detailOf(form);
  if (hasMemory(form)) return WANTS;
  switch (kind) {
    case CLASS_ALU: return detail == ALU_ADC || detail == ALU_SBB ? WANTS : KILLS;
    case CLASS_UNARY: return detail == UNARY_NEG ? KILLS : detail == UNARY_NOT ? THROUGH : WANTS;
    case CLASS_SHIFT: {
      const count = shiftCount(form, op);
      return count == 0xff ? WANTS : count == 0 || detail >= SHIFT_ROL ? THROUGH : KILLS;
    }
    case CLASS_IMUL:
    case CLASS_MUL: return KILLS;
    case CLASS_MOV:
    case CLASS_EXTEND:
    case CLASS_LEA:
    case CLASS_NOP: return THROUGH;
    default:
      // Direct jumps inside the region are looked at as edges.
      return kind >= CLASS_JCC && kind <= CLASS_CMOV || kind < CLASS_ALU || kind >= CLASS_PUSH && kind <= CLASS_JCC_LOCAL ||
        kind >= CLASS_CALL ? WANTS : THROUGH;
  }
}

/** Whether the flags are wanted at the end of a block. */
function wantedAtEnd(record: u32): bool {
  if (load<u8>(record + BLOCK_OUTSIDE)) return true;
  const next = load<i16>(record + BLOCK_NEXT);
  const taken = load<i16>(record + BLOCK_TAKEN);
  return next >= 0 && load<u8>(blockRecord(next) + BLOCK_WANTS) != 0 || taken >= 0 && load<u8>(blockRecord(taken) + BLOCK_WANTS) != 0;
}

/** Whether the flags are wanted before the operation at page offset `offset`, the `index`th of its block. */
export function wantedAt(record: u32, offset: u32, index: u32): bool {
  const count = <u32>load<u16>(record + BLOCK_OPERATIONS);
  for (; index < count; index++) {
    const op = operationAt(offset);
    const wanted = wish(formOf(numberOf(op)), op);
    if (wanted != THROUGH) return wanted == WANTS;
    offset += load<u8>(op + OP_LEN);
  }
  return wantedAtEnd(record);
}

function findWishes(): void {
  let changed = true;
  while (changed) {
    changed = false;
    for (let block = <i32>word(BLOCKS) - 1; block >= 0; block--) {
      const record = blockRecord(block);
      if (load<u8>(record + BLOCK_WANTS) || !wantedAt(record, load<u16>(record + BLOCK_START), 0)) continue;
      store<u8>(record + BLOCK_WANTS, 1);
      changed = true;
    }
  }
}

function arrive(block: i32, from: u32, flags: u32): void {
  if (block <= <i32>from) return;
  const at = blockRecord(block) + BLOCK_FLAGS_IN;
  const known = load<u32>(at);
  store<u32>(at, known == UNSEEN || known == flags ? flags : GENERAL);
}

function note(mask: u32, offset: u32): void {
  if (offset < ZERO) setWord(mask, word(mask) | (1 << (offset >> 3)));
}

/** Note the registers that an operation reads and writes. */
function noteRegisters(form: u32, op: u32): void {
  const kind = classOf(form);
  const shape = shapeOf(form);
  if (kind == CLASS_EXECUTOR || kind == CLASS_NOP) return;
  const light = kind == CLASS_LIGHT || kind == CLASS_LIGHT_FLAGS;
  if (light || shape == FORM_RR || shape == FORM_MR || shape == FORM_RRI) note(USED, load<u16>(op + OP_SRC));
  if (light || hasMemory(form) || kind == CLASS_LEA) {
    note(USED, load<u16>(op + OP_BASE));
    note(USED, load<u16>(op + OP_INDEX));
  }
  const first = light || shape == FORM_R || shape == FORM_RR || shape == FORM_RM || shape == FORM_RI || shape == FORM_RRI || shape == FORM_CL_R;
  if (first) {
    const dst = <u32>load<u16>(op + OP_DST);
    note(USED, dst);
    const reads = light || kind == CLASS_PUSH || kind >= CLASS_JMP_INDIRECT ||
      kind == CLASS_ALU && (detailOf(form) == ALU_CMP || detailOf(form) == ALU_TEST) || kind == CLASS_MUL;
    if (!reads) note(MODIFIED, dst);
  }
  if (shape == FORM_CL_R) note(USED, RCX);
  if (kind == CLASS_MUL) {
    note(MODIFIED, RAX);
    note(MODIFIED, RDX);
  }
  if (kind == CLASS_LEAVE) note(MODIFIED, RBP);
  if (kind == CLASS_PUSH || kind == CLASS_POP || kind == CLASS_LEAVE || kind == CLASS_CALL || kind == CLASS_CALL_INDIRECT || kind == CLASS_RET) {
    note(MODIFIED, RSP);
  }
}

/** Analyse the region that was found. */
export function analyse(): void {
  const count = word(BLOCKS);
  setWord(USED, 0);
  setWord(MODIFIED, 0);
  for (let block: u32 = 0; block < count; block++) store<u32>(blockRecord(block) + BLOCK_FLAGS_IN, UNSEEN);
  for (let block: u32 = 0; block < count; block++) {
    const record = blockRecord(block);
    let flags = load<u32>(record + BLOCK_FLAGS_IN);
    if (flags == UNSEEN || load<u16>(record + BLOCK_ENTRY) != NO_ENTRY) flags = GENERAL;
    store<u32>(record + BLOCK_FLAGS_IN, flags);
    let offset = <u32>load<u16>(record + BLOCK_START);
    for (let left = <u32>load<u16>(record + BLOCK_OPERATIONS); left; left--) {
      const op = operationAt(offset);
      const form = formOf(numberOf(op));
      noteRegisters(form, op);
      flags = flagsAfter(form, op, flags);
      offset += load<u8>(op + OP_LEN);
    }
    store<u32>(record + BLOCK_FLAGS_OUT, flags);
    arrive(load<i16>(record + BLOCK_NEXT), block, flags);
    arrive(load<i16>(record + BLOCK_TAKEN), block, flags);
  }
  findWishes();
}
