// The stack instructions. PUSH and POP of 64-bit registers are in the operations' loop.
import { CS, DS, ES, FS, GS, SS } from "../../layout/cpu";
import * as op from "../../generated/ops";
import { raise, UD } from "../exception";
import { enter, leave, popAll, pushAll } from "./frame";
import { popMemory, popRegister, popSegment, pushImmediate, pushMemory, pushRegister, pushSegment } from "./push";
import { popFlags, pushFlags } from "./push-flags";

export function execStack(cpu: u32, pc: u32, operation: u32): u32 {
  switch (operation) {
    case op.PUSH_R_16: return pushRegister<u16>(cpu, pc);
    case op.POP_R_16: return popRegister<u16>(cpu, pc);
    case op.PUSH_R_32: return pushRegister<u32>(cpu, pc);
    case op.POP_R_32: return popRegister<u32>(cpu, pc);
    case op.PUSH_I_16: return pushImmediate(cpu, pc, 2);
    case op.PUSH_M_16: return pushMemory<u16>(cpu, pc);
    case op.POP_M_16: return popMemory<u16>(cpu, pc);
    case op.PUSH_I_32: return pushImmediate(cpu, pc, 4);
    case op.PUSH_M_32: return pushMemory<u32>(cpu, pc);
    case op.POP_M_32: return popMemory<u32>(cpu, pc);
    case op.PUSH_I_64: return pushImmediate(cpu, pc, 8);
    case op.PUSH_M_64: return pushMemory<u64>(cpu, pc);
    case op.POP_M_64: return popMemory<u64>(cpu, pc);
    case op.PUSH_ES_16: return pushSegment(cpu, ES, 2);
    case op.POP_ES_16: return popSegment(cpu, pc, ES, 2);
    case op.PUSH_ES_32: return pushSegment(cpu, ES, 4);
    case op.POP_ES_32: return popSegment(cpu, pc, ES, 4);
    case op.PUSH_CS_16: return pushSegment(cpu, CS, 2);
    case op.PUSH_CS_32: return pushSegment(cpu, CS, 4);
    case op.PUSH_SS_16: return pushSegment(cpu, SS, 2);
    case op.POP_SS_16: return popSegment(cpu, pc, SS, 2);
    case op.PUSH_SS_32: return pushSegment(cpu, SS, 4);
    case op.POP_SS_32: return popSegment(cpu, pc, SS, 4);
    case op.PUSH_DS_16: return pushSegment(cpu, DS, 2);
    case op.POP_DS_16: return popSegment(cpu, pc, DS, 2);
    case op.PUSH_DS_32: return pushSegment(cpu, DS, 4);
    case op.POP_DS_32: return popSegment(cpu, pc, DS, 4);
    case op.PUSH_FS_16: return pushSegment(cpu, FS, 2);
    case op.POP_FS_16: return popSegment(cpu, pc, FS, 2);
    case op.PUSH_FS_32: return pushSegment(cpu, FS, 4);
    case op.POP_FS_32: return popSegment(cpu, pc, FS, 4);
    case op.PUSH_FS_64: return pushSegment(cpu, FS, 8);
    case op.POP_FS_64: return popSegment(cpu, pc, FS, 8);
    case op.PUSH_GS_16: return pushSegment(cpu, GS, 2);
    case op.POP_GS_16: return popSegment(cpu, pc, GS, 2);
    case op.PUSH_GS_32: return pushSegment(cpu, GS, 4);
    case op.POP_GS_32: return popSegment(cpu, pc, GS, 4);
    case op.PUSH_GS_64: return pushSegment(cpu, GS, 8);
    case op.POP_GS_64: return popSegment(cpu, pc, GS, 8);
    case op.PUSHA_16: return pushAll(cpu, 2);
    case op.POPA_16: return popAll(cpu, 2);
    case op.PUSHA_32: return pushAll(cpu, 4);
    case op.POPA_32: return popAll(cpu, 4);
    case op.PUSHF_16: return pushFlags(cpu, 2);
    case op.POPF_16: return popFlags(cpu, pc, 2);
    case op.ENTER_I_16: return enter(cpu, pc, 2);
    case op.LEAVE_16: return leave(cpu, 2);
    case op.PUSHF_32: return pushFlags(cpu, 4);
    case op.POPF_32: return popFlags(cpu, pc, 4);
    case op.ENTER_I_32: return enter(cpu, pc, 4);
    case op.LEAVE_32: return leave(cpu, 4);
    case op.PUSHF_64: return pushFlags(cpu, 8);
    case op.POPF_64: return popFlags(cpu, pc, 8);
    case op.ENTER_I_64: return enter(cpu, pc, 8);
    case op.LEAVE_64: return leave(cpu, 8);
    default: return raise(cpu, UD);
  }
}
