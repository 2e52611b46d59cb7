// Shifts and rotates in all their shapes: by an immediate, by one, by CL.
import { FAULT, OK, RCX } from "../../layout/cpu";
import { OP_IMM, OP_SRC } from "../../layout/op";
import * as op from "../../generated/ops";
import { raise, UD } from "../exception";
import { destination, finish } from "./operand";
import { rotateCarryLeft, rotateCarryRight, rotateLeft, rotateRight } from "./rotate";
import { shiftArithmetic, shiftLeft, shiftLeftDouble, shiftRight, shiftRightDouble } from "./shift";

const ROL: u32 = 0;
const ROR: u32 = 1;
const RCL: u32 = 2;
const RCR: u32 = 3;
const SHL: u32 = 4;
const SHR: u32 = 5;
const SAR: u32 = 7;

function shift<T>(cpu: u32, pc: u32, kind: u32, memory: bool, count: u32): u32 {
  const at = destination<T>(cpu, pc, memory);
  if (!at) return FAULT;
  const value = load<T>(at);
  let result: T;
  switch (kind) {
    case ROL: result = rotateLeft<T>(cpu, value, count); break;
    case ROR: result = rotateRight<T>(cpu, value, count); break;
    case RCL: result = rotateCarryLeft<T>(cpu, value, count); break;
    case RCR: result = rotateCarryRight<T>(cpu, value, count); break;
    case SHL: result = shiftLeft<T>(cpu, value, count); break;
    case SHR: result = shiftRight<T>(cpu, value, count); break;
    default: result = shiftArithmetic<T>(cpu, value, count); break;
  }
  finish<T>(cpu, at, result, memory);
  return OK;
}

function double<T>(cpu: u32, pc: u32, left: bool, memory: bool, count: u32): u32 {
  const at = destination<T>(cpu, pc, memory);
  if (!at) return FAULT;
  const value = load<T>(at);
  const filler = load<T>(cpu + <u32>load<u16>(pc + OP_SRC));
  const result = left ? shiftLeftDouble<T>(cpu, value, filler, count) : shiftRightDouble<T>(cpu, value, filler, count);
  finish<T>(cpu, at, result, memory);
  return OK;
}

// @ts-ignore: decorator
@inline
function imm(pc: u32): u32 {
  return <u32>load<u8>(pc + OP_IMM);
}

// @ts-ignore: decorator
@inline
function cl(cpu: u32): u32 {
  return <u32>load<u8>(cpu + RCX);
}

export function execShift(cpu: u32, pc: u32, operation: u32): u32 {
  switch (operation) {
    case op.ROL_RI_8: return shift<u8>(cpu, pc, ROL, false, imm(pc));
    case op.ROL_R_8: return shift<u8>(cpu, pc, ROL, false, 1);
    case op.ROL_CL_R_8: return shift<u8>(cpu, pc, ROL, false, cl(cpu));
    case op.ROL_MI_8: return shift<u8>(cpu, pc, ROL, true, imm(pc));
    case op.ROL_M_8: return shift<u8>(cpu, pc, ROL, true, 1);
    case op.ROL_CL_M_8: return shift<u8>(cpu, pc, ROL, true, cl(cpu));
    case op.ROL_RI_16: return shift<u16>(cpu, pc, ROL, false, imm(pc));
    case op.ROL_R_16: return shift<u16>(cpu, pc, ROL, false, 1);
    case op.ROL_CL_R_16: return shift<u16>(cpu, pc, ROL, false, cl(cpu));
    case op.ROL_MI_16: return shift<u16>(cpu, pc, ROL, true, imm(pc));
    case op.ROL_M_16: return shift<u16>(cpu, pc, ROL, true, 1);
    case op.ROL_CL_M_16: return shift<u16>(cpu, pc, ROL, true, cl(cpu));
    case op.ROL_RI_32: return shift<u32>(cpu, pc, ROL, false, imm(pc));
    case op.ROL_R_32: return shift<u32>(cpu, pc, ROL, false, 1);
    case op.ROL_CL_R_32: return shift<u32>(cpu, pc, ROL, false, cl(cpu));
    case op.ROL_MI_32: return shift<u32>(cpu, pc, ROL, true, imm(pc));
    case op.ROL_M_32: return shift<u32>(cpu, pc, ROL, true, 1);
    case op.ROL_CL_M_32: return shift<u32>(cpu, pc, ROL, true, cl(cpu));
    case op.ROL_RI_64: return shift<u64>(cpu, pc, ROL, false, imm(pc));
    case op.ROL_R_64: return shift<u64>(cpu, pc, ROL, false, 1);
    case op.ROL_CL_R_64: return shift<u64>(cpu, pc, ROL, false, cl(cpu));
    case op.ROL_MI_64: return shift<u64>(cpu, pc, ROL, true, imm(pc));
    case op.ROL_M_64: return shift<u64>(cpu, pc, ROL, true, 1);
    case op.ROL_CL_M_64: return shift<u64>(cpu, pc, ROL, true, cl(cpu));
    case op.ROR_RI_8: return shift<u8>(cpu, pc, ROR, false, imm(pc));
    case op.ROR_R_8: return shift<u8>(cpu, pc, ROR, false, 1);
    case op.ROR_CL_R_8: return shift<u8>(cpu, pc, ROR, false, cl(cpu));
    case op.ROR_MI_8: return shift<u8>(cpu, pc, ROR, true, imm(pc));
    case op.ROR_M_8: return shift<u8>(cpu, pc, ROR, true, 1);
    case op.ROR_CL_M_8: return shift<u8>(cpu, pc, ROR, true, cl(cpu));
    case op.ROR_RI_16: return shift<u16>(cpu, pc, ROR, false, imm(pc));
    case op.ROR_R_16: return shift<u16>(cpu, pc, ROR, false, 1);
    case op.ROR_CL_R_16: return shift<u16>(cpu, pc, ROR, false, cl(cpu));
    case op.ROR_MI_16: return shift<u16>(cpu, pc, ROR, true, imm(pc));
    case op.ROR_M_16: return shift<u16>(cpu, pc, ROR, true, 1);
    case op.ROR_CL_M_16: return shift<u16>(cpu, pc, ROR, true, cl(cpu));
    case op.ROR_RI_32: return shift<u32>(cpu, pc, ROR, false, imm(pc));
    case op.ROR_R_32: return shift<u32>(cpu, pc, ROR, false, 1);
    case op.ROR_CL_R_32: return shift<u32>(cpu, pc, ROR, false, cl(cpu));
    case op.ROR_MI_32: return shift<u32>(cpu, pc, ROR, true, imm(pc));
    case op.ROR_M_32: return shift<u32>(cpu, pc, ROR, true, 1);
    case op.ROR_CL_M_32: return shift<u32>(cpu, pc, ROR, true, cl(cpu));
    case op.ROR_RI_64: return shift<u64>(cpu, pc, ROR, false, imm(pc));
    case op.ROR_R_64: return shift<u64>(cpu, pc, ROR, false, 1);
    case op.ROR_CL_R_64: return shift<u64>(cpu, pc, ROR, false, cl(cpu));
    case op.ROR_MI_64: return shift<u64>(cpu, pc, ROR, true, imm(pc));
    case op.ROR_M_64: return shift<u64>(cpu, pc, ROR, true, 1);
    case op.ROR_CL_M_64: return shift<u64>(cpu, pc, ROR, true, cl(cpu));
    case op.RCL_RI_8: return shift<u8>(cpu, pc, RCL, false, imm(pc));
    case op.RCL_R_8: return shift<u8>(cpu, pc, RCL, false, 1);
    case op.RCL_CL_R_8: return shift<u8>(cpu, pc, RCL, false, cl(cpu));
    case op.RCL_MI_8: return shift<u8>(cpu, pc, RCL, true, imm(pc));
    case op.RCL_M_8: return shift<u8>(cpu, pc, RCL, true, 1);
    case op.RCL_CL_M_8: return shift<u8>(cpu, pc, RCL, true, cl(cpu));
    case op.RCL_RI_16: return shift<u16>(cpu, pc, RCL, false, imm(pc));
    case op.RCL_R_16: return shift<u16>(cpu, pc, RCL, false, 1);
    case op.RCL_CL_R_16: return shift<u16>(cpu, pc, RCL, false, cl(cpu));
    case op.RCL_MI_16: return shift<u16>(cpu, pc, RCL, true, imm(pc));
    case op.RCL_M_16: return shift<u16>(cpu, pc, RCL, true, 1);
    case op.RCL_CL_M_16: return shift<u16>(cpu, pc, RCL, true, cl(cpu));
    case op.RCL_RI_32: return shift<u32>(cpu, pc, RCL, false, imm(pc));
    case op.RCL_R_32: return shift<u32>(cpu, pc, RCL, false, 1);
    case op.RCL_CL_R_32: return shift<u32>(cpu, pc, RCL, false, cl(cpu));
    case op.RCL_MI_32: return shift<u32>(cpu, pc, RCL, true, imm(pc));
    case op.RCL_M_32: return shift<u32>(cpu, pc, RCL, true, 1);
    case op.RCL_CL_M_32: return shift<u32>(cpu, pc, RCL, true, cl(cpu));
    case op.RCL_RI_64: return shift<u64>(cpu, pc, RCL, false, imm(pc));
    case op.RCL_R_64: return shift<u64>(cpu, pc, RCL, false, 1);
    case op.RCL_CL_R_64: return shift<u64>(cpu, pc, RCL, false, cl(cpu));
    case op.RCL_MI_64: return shift<u64>(cpu, pc, RCL, true, imm(pc));
    case op.RCL_M_64: return shift<u64>(cpu, pc, RCL, true, 1);
    case op.RCL_CL_M_64: return shift<u64>(cpu, pc, RCL, true, cl(cpu));
    case op.RCR_RI_8: return shift<u8>(cpu, pc, RCR, false, imm(pc));
    case op.RCR_R_8: return shift<u8>(cpu, pc, RCR, false, 1);
    case op.RCR_CL_R_8: return shift<u8>(cpu, pc, RCR, false, cl(cpu));
    case op.RCR_MI_8: return shift<u8>(cpu, pc, RCR, true, imm(pc));
    case op.RCR_M_8: return shift<u8>(cpu, pc, RCR, true, 1);
    case op.RCR_CL_M_8: return shift<u8>(cpu, pc, RCR, true, cl(cpu));
    case op.RCR_RI_16: return shift<u16>(cpu, pc, RCR, false, imm(pc));
    case op.RCR_R_16: return shift<u16>(cpu, pc, RCR, false, 1);
    case op.RCR_CL_R_16: return shift<u16>(cpu, pc, RCR, false, cl(cpu));
    case op.RCR_MI_16: return shift<u16>(cpu, pc, RCR, true, imm(pc));
    case op.RCR_M_16: return shift<u16>(cpu, pc, RCR, true, 1);
    case op.RCR_CL_M_16: return shift<u16>(cpu, pc, RCR, true, cl(cpu));
    case op.RCR_RI_32: return shift<u32>(cpu, pc, RCR, false, imm(pc));
    case op.RCR_R_32: return shift<u32>(cpu, pc, RCR, false, 1);
    case op.RCR_CL_R_32: return shift<u32>(cpu, pc, RCR, false, cl(cpu));
    case op.RCR_MI_32: return shift<u32>(cpu, pc, RCR, true, imm(pc));
    case op.RCR_M_32: return shift<u32>(cpu, pc, RCR, true, 1);
    case op.RCR_CL_M_32: return shift<u32>(cpu, pc, RCR, true, cl(cpu));
    case op.RCR_RI_64: return shift<u64>(cpu, pc, RCR, false, imm(pc));
    case op.RCR_R_64: return shift<u64>(cpu, pc, RCR, false, 1);
    case op.RCR_CL_R_64: return shift<u64>(cpu, pc, RCR, false, cl(cpu));
    case op.RCR_MI_64: return shift<u64>(cpu, pc, RCR, true, imm(pc));
    case op.RCR_M_64: return shift<u64>(cpu, pc, RCR, true, 1);
    case op.RCR_CL_M_64: return shift<u64>(cpu, pc, RCR, true, cl(cpu));
    case op.SHL_RI_8: return shift<u8>(cpu, pc, SHL, false, imm(pc));
    case op.SHL_R_8: return shift<u8>(cpu, pc, SHL, false, 1);
    case op.SHL_CL_R_8: return shift<u8>(cpu, pc, SHL, false, cl(cpu));
    case op.SHL_MI_8: return shift<u8>(cpu, pc, SHL, true, imm(pc));
    case op.SHL_M_8: return shift<u8>(cpu, pc, SHL, true, 1);
    case op.SHL_CL_M_8: return shift<u8>(cpu, pc, SHL, true, cl(cpu));
    case op.SHL_RI_16: return shift<u16>(cpu, pc, SHL, false, imm(pc));
    case op.SHL_R_16: return shift<u16>(cpu, pc, SHL, false, 1);
    case op.SHL_CL_R_16: return shift<u16>(cpu, pc, SHL, false, cl(cpu));
    case op.SHL_MI_16: return shift<u16>(cpu, pc, SHL, true, imm(pc));
    case op.SHL_M_16: return shift<u16>(cpu, pc, SHL, true, 1);
    case op.SHL_CL_M_16: return shift<u16>(cpu, pc, SHL, true, cl(cpu));
    case op.SHL_RI_32: return shift<u32>(cpu, pc, SHL, false, imm(pc));
    case op.SHL_R_32: return shift<u32>(cpu, pc, SHL, false, 1);
    case op.SHL_CL_R_32: return shift<u32>(cpu, pc, SHL, false, cl(cpu));
    case op.SHL_MI_32: return shift<u32>(cpu, pc, SHL, true, imm(pc));
    case op.SHL_M_32: return shift<u32>(cpu, pc, SHL, true, 1);
    case op.SHL_CL_M_32: return shift<u32>(cpu, pc, SHL, true, cl(cpu));
    case op.SHL_RI_64: return shift<u64>(cpu, pc, SHL, false, imm(pc));
    case op.SHL_R_64: return shift<u64>(cpu, pc, SHL, false, 1);
    case op.SHL_CL_R_64: return shift<u64>(cpu, pc, SHL, false, cl(cpu));
    case op.SHL_MI_64: return shift<u64>(cpu, pc, SHL, true, imm(pc));
    case op.SHL_M_64: return shift<u64>(cpu, pc, SHL, true, 1);
    case op.SHL_CL_M_64: return shift<u64>(cpu, pc, SHL, true, cl(cpu));
    case op.SHR_RI_8: return shift<u8>(cpu, pc, SHR, false, imm(pc));
    case op.SHR_R_8: return shift<u8>(cpu, pc, SHR, false, 1);
    case op.SHR_CL_R_8: return shift<u8>(cpu, pc, SHR, false, cl(cpu));
    case op.SHR_MI_8: return shift<u8>(cpu, pc, SHR, true, imm(pc));
    case op.SHR_M_8: return shift<u8>(cpu, pc, SHR, true, 1);
    case op.SHR_CL_M_8: return shift<u8>(cpu, pc, SHR, true, cl(cpu));
    case op.SHR_RI_16: return shift<u16>(cpu, pc, SHR, false, imm(pc));
    case op.SHR_R_16: return shift<u16>(cpu, pc, SHR, false, 1);
    case op.SHR_CL_R_16: return shift<u16>(cpu, pc, SHR, false, cl(cpu));
    case op.SHR_MI_16: return shift<u16>(cpu, pc, SHR, true, imm(pc));
    case op.SHR_M_16: return shift<u16>(cpu, pc, SHR, true, 1);
    case op.SHR_CL_M_16: return shift<u16>(cpu, pc, SHR, true, cl(cpu));
    case op.SHR_RI_32: return shift<u32>(cpu, pc, SHR, false, imm(pc));
    case op.SHR_R_32: return shift<u32>(cpu, pc, SHR, false, 1);
    case op.SHR_CL_R_32: return shift<u32>(cpu, pc, SHR, false, cl(cpu));
    case op.SHR_MI_32: return shift<u32>(cpu, pc, SHR, true, imm(pc));
    case op.SHR_M_32: return shift<u32>(cpu, pc, SHR, true, 1);
    case op.SHR_CL_M_32: return shift<u32>(cpu, pc, SHR, true, cl(cpu));
    case op.SHR_RI_64: return shift<u64>(cpu, pc, SHR, false, imm(pc));
    case op.SHR_R_64: return shift<u64>(cpu, pc, SHR, false, 1);
    case op.SHR_CL_R_64: return shift<u64>(cpu, pc, SHR, false, cl(cpu));
    case op.SHR_MI_64: return shift<u64>(cpu, pc, SHR, true, imm(pc));
    case op.SHR_M_64: return shift<u64>(cpu, pc, SHR, true, 1);
    case op.SHR_CL_M_64: return shift<u64>(cpu, pc, SHR, true, cl(cpu));
    case op.SAR_RI_8: return shift<u8>(cpu, pc, SAR, false, imm(pc));
    case op.SAR_R_8: return shift<u8>(cpu, pc, SAR, false, 1);
    case op.SAR_CL_R_8: return shift<u8>(cpu, pc, SAR, false, cl(cpu));
    case op.SAR_MI_8: return shift<u8>(cpu, pc, SAR, true, imm(pc));
    case op.SAR_M_8: return shift<u8>(cpu, pc, SAR, true, 1);
    case op.SAR_CL_M_8: return shift<u8>(cpu, pc, SAR, true, cl(cpu));
    case op.SAR_RI_16: return shift<u16>(cpu, pc, SAR, false, imm(pc));
    case op.SAR_R_16: return shift<u16>(cpu, pc, SAR, false, 1);
    case op.SAR_CL_R_16: return shift<u16>(cpu, pc, SAR, false, cl(cpu));
    case op.SAR_MI_16: return shift<u16>(cpu, pc, SAR, true, imm(pc));
    case op.SAR_M_16: return shift<u16>(cpu, pc, SAR, true, 1);
    case op.SAR_CL_M_16: return shift<u16>(cpu, pc, SAR, true, cl(cpu));
    case op.SAR_RI_32: return shift<u32>(cpu, pc, SAR, false, imm(pc));
    case op.SAR_R_32: return shift<u32>(cpu, pc, SAR, false, 1);
    case op.SAR_CL_R_32: return shift<u32>(cpu, pc, SAR, false, cl(cpu));
    case op.SAR_MI_32: return shift<u32>(cpu, pc, SAR, true, imm(pc));
    case op.SAR_M_32: return shift<u32>(cpu, pc, SAR, true, 1);
    case op.SAR_CL_M_32: return shift<u32>(cpu, pc, SAR, true, cl(cpu));
    case op.SAR_RI_64: return shift<u64>(cpu, pc, SAR, false, imm(pc));
    case op.SAR_R_64: return shift<u64>(cpu, pc, SAR, false, 1);
    case op.SAR_CL_R_64: return shift<u64>(cpu, pc, SAR, false, cl(cpu));
    case op.SAR_MI_64: return shift<u64>(cpu, pc, SAR, true, imm(pc));
    case op.SAR_M_64: return shift<u64>(cpu, pc, SAR, true, 1);
    case op.SAR_CL_M_64: return shift<u64>(cpu, pc, SAR, true, cl(cpu));
    case op.SHLD_RRI_16: return double<u16>(cpu, pc, true, false, imm(pc));
    case op.SHLD_CL_RR_16: return double<u16>(cpu, pc, true, false, cl(cpu));
    case op.SHLD_MRI_16: return double<u16>(cpu, pc, true, true, imm(pc));
    case op.SHLD_CL_MR_16: return double<u16>(cpu, pc, true, true, cl(cpu));
    case op.SHLD_RRI_32: return double<u32>(cpu, pc, true, false, imm(pc));
    case op.SHLD_CL_RR_32: return double<u32>(cpu, pc, true, false, cl(cpu));
    case op.SHLD_MRI_32: return double<u32>(cpu, pc, true, true, imm(pc));
    case op.SHLD_CL_MR_32: return double<u32>(cpu, pc, true, true, cl(cpu));
    case op.SHLD_RRI_64: return double<u64>(cpu, pc, true, false, imm(pc));
    case op.SHLD_CL_RR_64: return double<u64>(cpu, pc, true, false, cl(cpu));
    case op.SHLD_MRI_64: return double<u64>(cpu, pc, true, true, imm(pc));
    case op.SHLD_CL_MR_64: return double<u64>(cpu, pc, true, true, cl(cpu));
    case op.SHRD_RRI_16: return double<u16>(cpu, pc, false, false, imm(pc));
    case op.SHRD_CL_RR_16: return double<u16>(cpu, pc, false, false, cl(cpu));
    case op.SHRD_MRI_16: return double<u16>(cpu, pc, false, true, imm(pc));
    case op.SHRD_CL_MR_16: return double<u16>(cpu, pc, false, true, cl(cpu));
    case op.SHRD_RRI_32: return double<u32>(cpu, pc, false, false, imm(pc));
    case op.SHRD_CL_RR_32: return double<u32>(cpu, pc, false, false, cl(cpu));
    case op.SHRD_MRI_32: return double<u32>(cpu, pc, false, true, imm(pc));
    case op.SHRD_CL_MR_32: return double<u32>(cpu, pc, false, true, cl(cpu));
    case op.SHRD_RRI_64: return double<u64>(cpu, pc, false, false, imm(pc));
    case op.SHRD_CL_RR_64: return double<u64>(cpu, pc, false, false, cl(cpu));
    case op.SHRD_MRI_64: return double<u64>(cpu, pc, false, true, imm(pc));
    case op.SHRD_CL_MR_64: return double<u64>(cpu, pc, false, true, cl(cpu));
    default: return raise(cpu, UD);
  }
}
