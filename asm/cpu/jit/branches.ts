// Jumps, calls, returns and the stack.
import { RBP, RSP } from "../../layout/cpu";
import { OP_DISP, OP_DST, OP_IMM, OP_LEN, OP_PAGE_OFFSET } from "../../layout/op";
import {
  CLASS_CALL, CLASS_CALL_INDIRECT, CLASS_JCC, CLASS_JCC_LOCAL, CLASS_JMP, CLASS_JMP_INDIRECT, CLASS_JMP_LOCAL, FORM_I, FORM_M,
} from "../../generated/jit-forms";
import { beginIf, byte, const64, endIf, get, I64_ADD, I64_NE, I64_SHL, set, unlikely } from "./emit";
import { branchForwardIf, exitBefore, exitToRip, goTo, isForward, prepareEdge, pushRip, returnToRip } from "./exits";
import { pushCondition } from "./flags";
import { classOf, detailOf, shapeOf } from "./forms";
import { ADDRESS, AT, RIP_TO, TEMPORARY64 } from "./locals";
import { loadValue, operandAt, pushRegister, registerLocal, storeValue, translated } from "./operands";
import { PC, word } from "./state";

const I64_SHR_S: u32 = 0x87;

@inline
function stackPointer(): u32 { return registerLocal(RSP); }

/** Page offset of the next instruction. */
function following(): i32 {
  const pc = word(PC);
  return <i32>load<u16>(pc + OP_PAGE_OFFSET) + <i32>load<u8>(pc + OP_LEN);
}

/** Make room for eight bytes on the stack: their address goes to AT, the new stack pointer to ADDRESS. */
function beginPush(): void {
  get(stackPointer());
  const64(-8);
  byte(I64_ADD);
  translated(64, true);
  get(AT);
}

/** Store the value on top of beginPush's. */
function endPush(): void {
  storeValue(64);
  get(ADDRESS);
  set(stackPointer());
}

/** Push the eight bytes that the stack pointer points to; it stays. */
function peek(): void {
  get(stackPointer());
  translated(64, false);
  get(AT);
  loadValue(64);
}

function dropBytes(count: i64): void {
  get(stackPointer());
  const64(count);
  byte(I64_ADD);
  set(stackPointer());
}

export function emitPush(form: u32): void {
  beginPush();
  if (shapeOf(form) == FORM_I) const64(load<i64>(word(PC) + OP_IMM));
  else pushRegister(load<u16>(word(PC) + OP_DST), 64);
  endPush();
}

export function emitPop(): void {
  peek();
  set(TEMPORARY64);
  dropBytes(8);
  get(TEMPORARY64);
  set(registerLocal(load<u16>(word(PC) + OP_DST)));
}

export function emitLeave(): void {
  get(registerLocal(RBP));
  translated(64, false);
  get(ADDRESS);
  const64(8);
  byte(I64_ADD);
  set(stackPointer());
  get(AT);
  loadValue(64);
  set(registerLocal(RBP));
}

/** A non-canonical target in RIP_TO faults. */
function checkCanonical(): void {
  get(RIP_TO);
  const64(16);
  byte(I64_SHL);
  const64(16);
  byte(I64_SHR_S);
  get(RIP_TO);
  byte(I64_NE);
  unlikely();
  beginIf();
  exitBefore();
  endIf();
}

/** The target of an indirect jump or call goes to RIP_TO. */
function indirectTarget(form: u32): void {
  if (shapeOf(form) == FORM_M) {
    operandAt(64, false);
    get(AT);
    loadValue(64);
  } else pushRegister(load<u16>(word(PC) + OP_DST), 64);
  set(RIP_TO);
  checkCanonical();
}

function pushReturn(): void {
  beginPush();
  pushRip(following());
  endPush();
}

function emitConditional(form: u32): void {
  const target = load<i32>(word(PC) + OP_DISP);
  const next = following();
  if (isForward(target)) {
    prepareEdge(target);
    pushCondition(detailOf(form));
    branchForwardIf(target);
  } else {
    pushCondition(detailOf(form));
    beginIf();
    goTo(target);
    endIf();
  }
  goTo(next);
}

/** An operation that ends its block. */
export function emitBranch(form: u32): void {
  const pc = word(PC);
  switch (classOf(form)) {
    case CLASS_JCC_LOCAL:
    case CLASS_JCC: emitConditional(form); return;
    case CLASS_JMP_LOCAL:
    case CLASS_JMP: goTo(load<i32>(pc + OP_DISP)); return;
    case CLASS_CALL:
      pushReturn();
      goTo(load<i32>(pc + OP_DISP));
      return;
    case CLASS_CALL_INDIRECT:
      indirectTarget(form);
      pushReturn();
      break;
    case CLASS_JMP_INDIRECT: indirectTarget(form); break;
    default:
      peek();
      set(RIP_TO);
      checkCanonical();
      dropBytes(8 + (shapeOf(form) == FORM_I ? load<i64>(pc + OP_IMM) : 0));
      returnToRip();
      return;
  }
  exitToRip();
}
