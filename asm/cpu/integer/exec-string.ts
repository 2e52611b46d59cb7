// String instructions and port input and output. Ports are at most 32 bits wide, whatever REX.W says.
import { RDX } from "../../layout/cpu";
import * as op from "../../generated/ops";
import { raise, UD } from "../exception";
import { portIn, portOut } from "../pio";
import { immediate } from "./operand";
import { compareString, scanString } from "./string-compare";
import { loadString, moveString, storeString } from "./string-copy";
import { inString, outString } from "./string-port";

@inline
function dx(cpu: u32): u32 {
  return <u32>load<u16>(cpu + RDX);
}

@inline
function portNumber(pc: u32): u32 {
  return immediate(pc) & 0xff;
}

export function execString(cpu: u32, pc: u32, operation: u32): u32 {
  switch (operation) {
    case op.MOVS_8: return moveString<u8>(cpu, pc);
    case op.MOVS_16: return moveString<u16>(cpu, pc);
    case op.MOVS_32: return moveString<u32>(cpu, pc);
    case op.MOVS_64: return moveString<u64>(cpu, pc);
    case op.CMPS_8: return compareString<u8>(cpu, pc);
    case op.CMPS_16: return compareString<u16>(cpu, pc);
    case op.CMPS_32: return compareString<u32>(cpu, pc);
    case op.CMPS_64: return compareString<u64>(cpu, pc);
    case op.STOS_8: return storeString<u8>(cpu, pc);
    case op.STOS_16: return storeString<u16>(cpu, pc);
    case op.STOS_32: return storeString<u32>(cpu, pc);
    case op.STOS_64: return storeString<u64>(cpu, pc);
    case op.LODS_8: return loadString<u8>(cpu, pc);
    case op.LODS_16: return loadString<u16>(cpu, pc);
    case op.LODS_32: return loadString<u32>(cpu, pc);
    case op.LODS_64: return loadString<u64>(cpu, pc);
    case op.SCAS_8: return scanString<u8>(cpu, pc);
    case op.SCAS_16: return scanString<u16>(cpu, pc);
    case op.SCAS_32: return scanString<u32>(cpu, pc);
    case op.SCAS_64: return scanString<u64>(cpu, pc);
    case op.INS_8: return inString<u8>(cpu, pc);
    case op.INS_16: return inString<u16>(cpu, pc);
    case op.INS_32:
    case op.INS_64: return inString<u32>(cpu, pc);
    case op.OUTS_8: return outString<u8>(cpu, pc);
    case op.OUTS_16: return outString<u16>(cpu, pc);
    case op.OUTS_32:
    case op.OUTS_64: return outString<u32>(cpu, pc);
    case op.IN_I_RI_8: return portIn(cpu, pc, portNumber(pc), 1);
    case op.IN_I_RI_16: return portIn(cpu, pc, portNumber(pc), 2);
    case op.IN_I_RI_32:
    case op.IN_I_RI_64: return portIn(cpu, pc, portNumber(pc), 4);
    case op.IN_R_8: return portIn(cpu, pc, dx(cpu), 1);
    case op.IN_R_16: return portIn(cpu, pc, dx(cpu), 2);
    case op.IN_R_32:
    case op.IN_R_64: return portIn(cpu, pc, dx(cpu), 4);
    case op.OUT_I_IR_8: return portOut(cpu, pc, portNumber(pc), 1);
    case op.OUT_I_IR_16: return portOut(cpu, pc, portNumber(pc), 2);
    case op.OUT_I_IR_32:
    case op.OUT_I_IR_64: return portOut(cpu, pc, portNumber(pc), 4);
    case op.OUT_R_8: return portOut(cpu, pc, dx(cpu), 1);
    case op.OUT_R_16: return portOut(cpu, pc, dx(cpu), 2);
    case op.OUT_R_32:
    case op.OUT_R_64: return portOut(cpu, pc, dx(cpu), 4);
    default: return raise(cpu, UD);
  }
}
