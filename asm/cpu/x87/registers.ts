// Instructions on the register stack alone: execX87.
import { FSW, OK } from "../../layout/cpu";
import { OP_DST } from "../../layout/op";
import { getCF, getPF, getZF } from "../flags";
import * as op from "../../generated/ops";
import {
  ADD, compared, compareRegister, compareToFlags, compareValue, DIV, DIVR, MUL, SUB, SUBR, toRegister, toRegisterPop,
  toTop,
} from "./arithmetic";
import { examine, UNORDERED } from "./compare";
import { extract, remainder, roundToInteger, scale } from "./remainder";
import { squareRoot } from "./multiply";
import { RC_NEAREST, RC_UP, roundingControl } from "./round";
import {
  addTop, available, begin, C1, CONDITIONS, IE, INDEFINITE_SE, INDEFINITE_SIG, isEmpty, noteInstruction, pop, push,
  pushResult, setEmpty, setSt, settle, settleRemainder, SF, SIGN, st, underflow, value, X_FLAGS, X_SE, X_SE2, X_SIG2,
} from "./state";

export function execX87(cpu: u32, pc: u32, operation: u32): u32 {
  const blocked = begin(cpu);
  // What older coprocessors had these for does not wait for pending exceptions (so AMD's processors).
  if (operation == op.FENI || operation == op.FDISI || operation == op.FSETPM) return available(cpu);
  if (blocked) return blocked;
  noteInstruction(cpu, pc);
  switch (operation) {
    case op.FADD_R: return toTop(cpu, pc, ADD);
    case op.FMUL_R: return toTop(cpu, pc, MUL);
    case op.FSUB_R: return toTop(cpu, pc, SUB);
    case op.FSUBR_R: return toTop(cpu, pc, SUBR);
    case op.FDIV_R: return toTop(cpu, pc, DIV);
    case op.FDIVR_R: return toTop(cpu, pc, DIVR);
    case op.FADD_TO_R: return toRegister(cpu, pc, ADD);
    case op.FMUL_TO_R: return toRegister(cpu, pc, MUL);
    case op.FSUB_TO_R: return toRegister(cpu, pc, SUB);
    case op.FSUBR_TO_R: return toRegister(cpu, pc, SUBR);
    case op.FDIV_TO_R: return toRegister(cpu, pc, DIV);
    case op.FDIVR_TO_R: return toRegister(cpu, pc, DIVR);
    case op.FADDP_R: return toRegisterPop(cpu, pc, ADD);
    case op.FMULP_R: return toRegisterPop(cpu, pc, MUL);
    case op.FSUBP_R: return toRegisterPop(cpu, pc, SUB);
    case op.FSUBRP_R: return toRegisterPop(cpu, pc, SUBR);
    case op.FDIVP_R: return toRegisterPop(cpu, pc, DIV);
    case op.FDIVRP_R: return toRegisterPop(cpu, pc, DIVR);
    case op.FLD_R: return loadRegister(cpu, load<u16>(pc + OP_DST));
    case op.FST_R: return storeRegister(cpu, load<u16>(pc + OP_DST), false);
    case op.FSTP_R: return storeRegister(cpu, load<u16>(pc + OP_DST), true);
    case op.FSTPNCE_R: return moveAndPop(cpu, load<u16>(pc + OP_DST));
    case op.FXCH_R: return exchange(cpu, load<u16>(pc + OP_DST));
    case op.FCOM_R: return compareRegister(cpu, load<u16>(pc + OP_DST), false, 0);
    case op.FCOMP_R: return compareRegister(cpu, load<u16>(pc + OP_DST), false, 1);
    case op.FCOMPP: return compareRegister(cpu, 1, false, 2);
    case op.FUCOM_R: return compareRegister(cpu, load<u16>(pc + OP_DST), true, 0);
    case op.FUCOMP_R: return compareRegister(cpu, load<u16>(pc + OP_DST), true, 1);
    case op.FUCOMPP: return compareRegister(cpu, 1, true, 2);
    case op.FCOMI_R: return compareToFlags(cpu, load<u16>(pc + OP_DST), false, false);
    case op.FCOMIP_R: return compareToFlags(cpu, load<u16>(pc + OP_DST), false, true);
    case op.FUCOMI_R: return compareToFlags(cpu, load<u16>(pc + OP_DST), true, false);
    case op.FUCOMIP_R: return compareToFlags(cpu, load<u16>(pc + OP_DST), true, true);
    case op.FCMOVB_R: return moveIf(cpu, pc, getCF(cpu));
    case op.FCMOVE_R: return moveIf(cpu, pc, getZF(cpu));
    case op.FCMOVBE_R: return moveIf(cpu, pc, getCF(cpu) | getZF(cpu));
    case op.FCMOVU_R: return moveIf(cpu, pc, getPF(cpu));
    case op.FCMOVNB_R: return moveIf(cpu, pc, getCF(cpu) ^ 1);
    case op.FCMOVNE_R: return moveIf(cpu, pc, getZF(cpu) ^ 1);
    case op.FCMOVNBE_R: return moveIf(cpu, pc, (getCF(cpu) | getZF(cpu)) ^ 1);
    case op.FCMOVNU_R: return moveIf(cpu, pc, getPF(cpu) ^ 1);
    default: return execOther(cpu, pc, operation);
  }
}

function execOther(cpu: u32, pc: u32, operation: u32): u32 {
  switch (operation) {
    case op.FCHS: return changeSign(cpu, SIGN, SIGN);
    case op.FABS: return changeSign(cpu, SIGN, 0);
    case op.FTST: return test(cpu);
    case op.FXAM: return classify(cpu);
    case op.FLD1: return constant(cpu, 0x3fff, 0x8000000000000000, 0);
    case op.FLDL2T: return constant(cpu, 0x4000, 0xd49a784bcd1b8afe, u64(roundingControl(cpu) == RC_UP));
    case op.FLDL2E: return constant(cpu, 0x3fff, 0xb8aa3b295c17f0bb, roundsUp(cpu));
    case op.FLDPI: return constant(cpu, 0x4000, 0xc90fdaa22168c234, roundsUp(cpu));
    case op.FLDLG2: return constant(cpu, 0x3ffd, 0x9a209a84fbcff798, roundsUp(cpu));
    case op.FLDLN2: return constant(cpu, 0x3ffe, 0xb17217f7d1cf79ab, roundsUp(cpu));
    case op.FLDZ: return constant(cpu, 0, 0, 0);
    case op.FSQRT: return squareRootTop(cpu);
    case op.FRNDINT: return roundTop(cpu);
    case op.FXTRACT: return extractTop(cpu);
    case op.FSCALE: return scaleTop(cpu);
    case op.FPREM: return remainderTop(cpu, false);
    case op.FPREM1: return remainderTop(cpu, true);
    case op.FFREE_R: {
      settle(cpu);
      setEmpty(cpu, load<u16>(pc + OP_DST));
      return OK;
    }
    case op.FFREEP_R: {
      settle(cpu);
      setEmpty(cpu, load<u16>(pc + OP_DST));
      pop(cpu);
      return OK;
    }
    case op.FINCSTP: return rotate(cpu, 1);
    case op.FDECSTP: return rotate(cpu, 7);
    default: return OK; // FNOP
  }
}

function rotate(cpu: u32, by: u32): u32 {
  settle(cpu);
  addTop(cpu, by);
  return OK;
}

function loadRegister(cpu: u32, i: u32): u32 {
  if (!isEmpty(cpu, i)) {
    const from = st(cpu, i);
    return pushResult(cpu, value(cpu, load<u16>(from + 8), load<u64>(from)));
  }
  if (underflow(cpu)) push(cpu, INDEFINITE_SE, INDEFINITE_SIG);
  return OK;
}

function storeRegister(cpu: u32, i: u32, popping: bool): u32 {
  if (isEmpty(cpu, 0)) {
    if (!underflow(cpu)) return OK;
    setSt(cpu, i, INDEFINITE_SE, INDEFINITE_SIG);
  } else {
    settle(cpu);
    const from = st(cpu, 0);
    setSt(cpu, i, load<u16>(from + 8), load<u64>(from));
  }
  if (popping) pop(cpu);
  return OK;
}

/** The undocumented D9 /3: FSTP to which an empty register is none of its business. */
function moveAndPop(cpu: u32, i: u32): u32 {
  settle(cpu);
  if (!isEmpty(cpu, 0)) {
    const from = st(cpu, 0);
    setSt(cpu, i, load<u16>(from + 8), load<u64>(from));
  }
  pop(cpu);
  return OK;
}

function exchange(cpu: u32, i: u32): u32 {
  if (isEmpty(cpu, 0) || isEmpty(cpu, i)) {
    if (!underflow(cpu)) return OK;
    if (isEmpty(cpu, 0)) setSt(cpu, 0, INDEFINITE_SE, INDEFINITE_SIG);
    if (isEmpty(cpu, i)) setSt(cpu, i, INDEFINITE_SE, INDEFINITE_SIG);
  } else settle(cpu);
  const a = st(cpu, 0);
  const b = st(cpu, i);
  const sig = load<u64>(a);
  const se = load<u16>(a + 8);
  store<u64>(a, load<u64>(b));
  store<u16>(a + 8, load<u16>(b + 8));
  store<u64>(b, sig);
  store<u16>(b + 8, se);
  return OK;
}

function moveIf(cpu: u32, pc: u32, holds: u32): u32 {
  const i = <u32>load<u16>(pc + OP_DST);
  if (isEmpty(cpu, 0) || isEmpty(cpu, i)) {
    if (underflow(cpu)) setSt(cpu, 0, INDEFINITE_SE, INDEFINITE_SIG);
    return OK;
  }
  if (!holds) return OK;
  const from = st(cpu, i);
  setSt(cpu, 0, load<u16>(from + 8), load<u64>(from));
  return OK;
}

/** FCHS and FABS: clear and flip the sign. They find nothing wrong with NaNs. */
function changeSign(cpu: u32, bit: u32, flip: u32): u32 {
  if (isEmpty(cpu, 0)) {
    if (underflow(cpu)) setSt(cpu, 0, INDEFINITE_SE, INDEFINITE_SIG);
    return OK;
  }
  settle(cpu);
  const at = st(cpu, 0) + 8;
  const se = <u32>load<u16>(at);
  store<u16>(at, <u16>(flip ? se ^ flip : se & ~bit));
  return OK;
}

function test(cpu: u32): u32 {
  if (isEmpty(cpu, 0)) return compared(cpu, UNORDERED, IE | SF, 0);
  return compareValue(cpu, 0, 0, false, 0);
}

function classify(cpu: u32): u32 {
  const at = st(cpu, 0);
  const kind = examine(load<u16>(at + 8), load<u64>(at), isEmpty(cpu, 0));
  store<u16>(cpu + FSW, <u16>((<u32>load<u16>(cpu + FSW) & ~CONDITIONS) | kind));
  return OK;
}

function constant(cpu: u32, se: u32, sig: u64, up: u64): u32 {
  return pushResult(cpu, value(cpu, se, sig + up));
}

/** For constants whose next bits are above one half. */
function roundsUp(cpu: u32): u64 {
  const rc = roundingControl(cpu);
  return u64(rc == RC_NEAREST || rc == RC_UP);
}

function squareRootTop(cpu: u32): u32 {
  if (isEmpty(cpu, 0)) {
    if (underflow(cpu)) setSt(cpu, 0, INDEFINITE_SE, INDEFINITE_SIG);
    return OK;
  }
  const at = st(cpu, 0);
  const sig = squareRoot(cpu, load<u16>(at + 8), load<u64>(at));
  if (settle(cpu)) setSt(cpu, 0, load<u32>(cpu + X_SE), sig);
  return OK;
}

function roundTop(cpu: u32): u32 {
  if (isEmpty(cpu, 0)) {
    if (underflow(cpu)) setSt(cpu, 0, INDEFINITE_SE, INDEFINITE_SIG);
    return OK;
  }
  const at = st(cpu, 0);
  const sig = roundToInteger(cpu, load<u16>(at + 8), load<u64>(at));
  if (settle(cpu)) setSt(cpu, 0, load<u32>(cpu + X_SE), sig);
  return OK;
}

function scaleTop(cpu: u32): u32 {
  if (isEmpty(cpu, 0) || isEmpty(cpu, 1)) {
    if (underflow(cpu)) setSt(cpu, 0, INDEFINITE_SE, INDEFINITE_SIG);
    return OK;
  }
  const a = st(cpu, 0);
  const b = st(cpu, 1);
  const sig = scale(cpu, load<u16>(a + 8), load<u64>(a), load<u16>(b + 8), load<u64>(b));
  if (settle(cpu)) setSt(cpu, 0, load<u32>(cpu + X_SE), sig);
  return OK;
}

function remainderTop(cpu: u32, nearest: bool): u32 {
  if (isEmpty(cpu, 0) || isEmpty(cpu, 1)) {
    store<u32>(cpu + X_FLAGS, IE | SF);
    if (settleRemainder(cpu)) setSt(cpu, 0, INDEFINITE_SE, INDEFINITE_SIG);
    return OK;
  }
  const a = st(cpu, 0);
  const b = st(cpu, 1);
  const sig = remainder(cpu, load<u16>(a + 8), load<u64>(a), load<u16>(b + 8), load<u64>(b), nearest);
  if (settleRemainder(cpu)) setSt(cpu, 0, load<u32>(cpu + X_SE), sig);
  return OK;
}

function extractTop(cpu: u32): u32 {
  if (isEmpty(cpu, 0) || !isEmpty(cpu, 7)) {
    store<u32>(cpu + X_FLAGS, IE | SF | (isEmpty(cpu, 0) ? 0 : C1));
    if (!settle(cpu)) return OK;
    setSt(cpu, 0, INDEFINITE_SE, INDEFINITE_SIG);
    push(cpu, INDEFINITE_SE, INDEFINITE_SIG);
    return OK;
  }
  const at = st(cpu, 0);
  const sig = extract(cpu, load<u16>(at + 8), load<u64>(at));
  if (!settle(cpu)) return OK;
  setSt(cpu, 0, load<u32>(cpu + X_SE), sig);
  push(cpu, load<u32>(cpu + X_SE2), load<u64>(cpu + X_SIG2));
  return OK;
}
