// Near branches of operand sizes 16 and 32, and loops. 64-bit ones other than loops are in the operations' loop.
import * as op from "../../generated/ops";
import { raise, UD } from "../exception";
import {
  callIndirect, callRelative, jumpIf, jumpIfNoCount, jumpIndirect, jumpRelative, LOOP, loopBack, LOOPE, LOOPNE, releaseBytes,
  returnNear,
} from "./branch";

export function execBranch(cpu: u32, pc: u32, operation: u32): u32 {
  switch (operation) {
    case op.JO_J_16: return jumpIf<u16>(cpu, pc, 0);
    case op.JO_J_32: return jumpIf<u32>(cpu, pc, 0);
    case op.JNO_J_16: return jumpIf<u16>(cpu, pc, 1);
    case op.JNO_J_32: return jumpIf<u32>(cpu, pc, 1);
    case op.JB_J_16: return jumpIf<u16>(cpu, pc, 2);
    case op.JB_J_32: return jumpIf<u32>(cpu, pc, 2);
    case op.JAE_J_16: return jumpIf<u16>(cpu, pc, 3);
    case op.JAE_J_32: return jumpIf<u32>(cpu, pc, 3);
    case op.JE_J_16: return jumpIf<u16>(cpu, pc, 4);
    case op.JE_J_32: return jumpIf<u32>(cpu, pc, 4);
    case op.JNE_J_16: return jumpIf<u16>(cpu, pc, 5);
    case op.JNE_J_32: return jumpIf<u32>(cpu, pc, 5);
    case op.JBE_J_16: return jumpIf<u16>(cpu, pc, 6);
    case op.JBE_J_32: return jumpIf<u32>(cpu, pc, 6);
    case op.JA_J_16: return jumpIf<u16>(cpu, pc, 7);
    case op.JA_J_32: return jumpIf<u32>(cpu, pc, 7);
    case op.JS_J_16: return jumpIf<u16>(cpu, pc, 8);
    case op.JS_J_32: return jumpIf<u32>(cpu, pc, 8);
    case op.JNS_J_16: return jumpIf<u16>(cpu, pc, 9);
    case op.JNS_J_32: return jumpIf<u32>(cpu, pc, 9);
    case op.JP_J_16: return jumpIf<u16>(cpu, pc, 10);
    case op.JP_J_32: return jumpIf<u32>(cpu, pc, 10);
    case op.JNP_J_16: return jumpIf<u16>(cpu, pc, 11);
    case op.JNP_J_32: return jumpIf<u32>(cpu, pc, 11);
    case op.JL_J_16: return jumpIf<u16>(cpu, pc, 12);
    case op.JL_J_32: return jumpIf<u32>(cpu, pc, 12);
    case op.JGE_J_16: return jumpIf<u16>(cpu, pc, 13);
    case op.JGE_J_32: return jumpIf<u32>(cpu, pc, 13);
    case op.JLE_J_16: return jumpIf<u16>(cpu, pc, 14);
    case op.JLE_J_32: return jumpIf<u32>(cpu, pc, 14);
    case op.JG_J_16: return jumpIf<u16>(cpu, pc, 15);
    case op.JG_J_32: return jumpIf<u32>(cpu, pc, 15);
    case op.JMP_J_16: return jumpRelative<u16>(cpu, pc);
    case op.JMP_R_16: return jumpIndirect<u16>(cpu, pc, false);
    case op.JMP_M_16: return jumpIndirect<u16>(cpu, pc, true);
    case op.CALL_J_16: return callRelative<u16>(cpu, pc);
    case op.CALL_R_16: return callIndirect<u16>(cpu, pc, false);
    case op.CALL_M_16: return callIndirect<u16>(cpu, pc, true);
    case op.RET_16: return returnNear(cpu, 2, 0);
    case op.RET_I_16: return returnNear(cpu, 2, releaseBytes(pc));
    case op.JMP_J_32: return jumpRelative<u32>(cpu, pc);
    case op.JMP_R_32: return jumpIndirect<u32>(cpu, pc, false);
    case op.JMP_M_32: return jumpIndirect<u32>(cpu, pc, true);
    case op.CALL_J_32: return callRelative<u32>(cpu, pc);
    case op.CALL_R_32: return callIndirect<u32>(cpu, pc, false);
    case op.CALL_M_32: return callIndirect<u32>(cpu, pc, true);
    case op.RET_32: return returnNear(cpu, 4, 0);
    case op.RET_I_32: return returnNear(cpu, 4, releaseBytes(pc));
    case op.LOOPNE_J_16: return loopBack<u16>(cpu, pc, LOOPNE);
    case op.LOOPE_J_16: return loopBack<u16>(cpu, pc, LOOPE);
    case op.LOOP_J_16: return loopBack<u16>(cpu, pc, LOOP);
    case op.JCXZ_J_16: return jumpIfNoCount<u16>(cpu, pc);
    case op.LOOPNE_J_32: return loopBack<u32>(cpu, pc, LOOPNE);
    case op.LOOPE_J_32: return loopBack<u32>(cpu, pc, LOOPE);
    case op.LOOP_J_32: return loopBack<u32>(cpu, pc, LOOP);
    case op.JCXZ_J_32: return jumpIfNoCount<u32>(cpu, pc);
    case op.LOOPNE_J_64: return loopBack<u64>(cpu, pc, LOOPNE);
    case op.LOOPE_J_64: return loopBack<u64>(cpu, pc, LOOPE);
    case op.LOOP_J_64: return loopBack<u64>(cpu, pc, LOOP);
    case op.JCXZ_J_64: return jumpIfNoCount<u64>(cpu, pc);
    default: return raise(cpu, UD);
  }
}
