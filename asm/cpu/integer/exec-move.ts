// Moves that the operations' loop does not have; conditional ones are in exec-conditional.ts.
import { OK, RAX } from "../../layout/cpu";
import * as op from "../../generated/ops";
import { DF, getCF, setCF } from "../flags";
import { execConditional } from "./exec-conditional";
import {
  carryToByte, exchange, exchangeAccumulator, loadFlags, setDirection, signToData, storeFlags, translateByte,
} from "./move";

@inline
function carry(cpu: u32, value: u32): u32 {
  setCF(cpu, value);
  return OK;
}

export function execMove(cpu: u32, pc: u32, operation: u32): u32 {
  switch (operation) {
    case op.XCHG_RR_8: return exchange<u8>(cpu, pc, false);
    case op.XCHG_MR_8: return exchange<u8>(cpu, pc, true);
    case op.XCHG_RR_16: return exchange<u16>(cpu, pc, false);
    case op.XCHG_MR_16: return exchange<u16>(cpu, pc, true);
    case op.XCHG_RR_32: return exchange<u32>(cpu, pc, false);
    case op.XCHG_MR_32: return exchange<u32>(cpu, pc, true);
    case op.XCHG_RR_64: return exchange<u64>(cpu, pc, false);
    case op.XCHG_MR_64: return exchange<u64>(cpu, pc, true);
    case op.XCHG_RAX_R_16: return exchangeAccumulator<u16>(cpu, pc);
    case op.XCHG_RAX_R_32: return exchangeAccumulator<u32>(cpu, pc);
    case op.XCHG_RAX_R_64: return exchangeAccumulator<u64>(cpu, pc);
    case op.CBW_16: store<i16>(cpu + RAX, <i16>load<i8>(cpu + RAX)); return OK;
    case op.CBW_32: store<u64>(cpu + RAX, <u64>(<u32>load<i16>(cpu + RAX))); return OK;
    case op.CBW_64: store<i64>(cpu + RAX, <i64>load<i32>(cpu + RAX)); return OK;
    case op.CWD_16: return signToData<i16>(cpu);
    case op.CWD_32: return signToData<i32>(cpu);
    case op.CWD_64: return signToData<i64>(cpu);
    case op.XLAT: return translateByte(cpu, pc);
    case op.LAHF: return loadFlags(cpu);
    case op.SAHF: return storeFlags(cpu);
    case op.CMC: return carry(cpu, getCF(cpu) ^ 1);
    case op.CLC: return carry(cpu, 0);
    case op.STC: return carry(cpu, 1);
    case op.CLD: return setDirection(cpu, 0);
    case op.STD: return setDirection(cpu, DF);
    case op.SALC: return carryToByte(cpu);
    // Hints and reserved NOPs do not touch their memory operand.
    case op.NOP_RM_R:
    case op.NOP_RM_M: return OK;
    default: return execConditional(cpu, pc, operation);
  }
}
