// Multiplication, division, exchange-and-add, compare-and-exchange, decimal adjustment.
import { OP_IMM } from "../../layout/op";
import * as op from "../../generated/ops";
import { raise, UD } from "../exception";
import {
  adjustAdd, adjustAsciiAdd, adjustAsciiSubtract, adjustSubtract, asciiDivide, asciiMultiply,
} from "./decimal";
import { compareExchange, compareExchange16, compareExchange8, exchangeAdd } from "./exchange";
import { divOp, idivOp, imulOp, imulThree, imulTwo, mulOp } from "./multiply";
import { immediate } from "./operand";

export function execArithmetic(cpu: u32, pc: u32, operation: u32): u32 {
  switch (operation) {
    case op.MUL_R_8: return mulOp<u8>(cpu, pc, false);
    case op.MUL_M_8: return mulOp<u8>(cpu, pc, true);
    case op.MUL_R_16: return mulOp<u16>(cpu, pc, false);
    case op.MUL_M_16: return mulOp<u16>(cpu, pc, true);
    case op.MUL_R_32: return mulOp<u32>(cpu, pc, false);
    case op.MUL_M_32: return mulOp<u32>(cpu, pc, true);
    case op.MUL_R_64: return mulOp<u64>(cpu, pc, false);
    case op.MUL_M_64: return mulOp<u64>(cpu, pc, true);
    case op.IMUL1_R_8: return imulOp<i8>(cpu, pc, false);
    case op.IMUL1_M_8: return imulOp<i8>(cpu, pc, true);
    case op.IMUL1_R_16: return imulOp<i16>(cpu, pc, false);
    case op.IMUL1_M_16: return imulOp<i16>(cpu, pc, true);
    case op.IMUL1_R_32: return imulOp<i32>(cpu, pc, false);
    case op.IMUL1_M_32: return imulOp<i32>(cpu, pc, true);
    case op.IMUL1_R_64: return imulOp<i64>(cpu, pc, false);
    case op.IMUL1_M_64: return imulOp<i64>(cpu, pc, true);
    case op.DIV_R_8: return divOp<u8>(cpu, pc, false);
    case op.DIV_M_8: return divOp<u8>(cpu, pc, true);
    case op.DIV_R_16: return divOp<u16>(cpu, pc, false);
    case op.DIV_M_16: return divOp<u16>(cpu, pc, true);
    case op.DIV_R_32: return divOp<u32>(cpu, pc, false);
    case op.DIV_M_32: return divOp<u32>(cpu, pc, true);
    case op.DIV_R_64: return divOp<u64>(cpu, pc, false);
    case op.DIV_M_64: return divOp<u64>(cpu, pc, true);
    case op.IDIV_R_8: return idivOp<i8>(cpu, pc, false);
    case op.IDIV_M_8: return idivOp<i8>(cpu, pc, true);
    case op.IDIV_R_16: return idivOp<i16>(cpu, pc, false);
    case op.IDIV_M_16: return idivOp<i16>(cpu, pc, true);
    case op.IDIV_R_32: return idivOp<i32>(cpu, pc, false);
    case op.IDIV_M_32: return idivOp<i32>(cpu, pc, true);
    case op.IDIV_R_64: return idivOp<i64>(cpu, pc, false);
    case op.IDIV_M_64: return idivOp<i64>(cpu, pc, true);
    case op.IMUL_RR_16: return imulTwo<i16>(cpu, pc, false);
    case op.IMUL_RM_16: return imulTwo<i16>(cpu, pc, true);
    case op.IMUL_RR_32: return imulTwo<i32>(cpu, pc, false);
    case op.IMUL_RM_32: return imulTwo<i32>(cpu, pc, true);
    case op.IMUL_RR_64: return imulTwo<i64>(cpu, pc, false);
    case op.IMUL_RM_64: return imulTwo<i64>(cpu, pc, true);
    case op.IMUL_RRI_16: return imulThree<i16>(cpu, pc, false, load<i16>(pc + OP_IMM));
    case op.IMUL_RMI_16: return imulThree<i16>(cpu, pc, true, load<i16>(pc + OP_IMM));
    case op.IMUL_RRI_32: return imulThree<i32>(cpu, pc, false, load<i32>(pc + OP_IMM));
    case op.IMUL_RMI_32: return imulThree<i32>(cpu, pc, true, load<i32>(pc + OP_IMM));
    case op.IMUL_RRI_64: return imulThree<i64>(cpu, pc, false, load<i64>(pc + OP_IMM));
    case op.IMUL_RMI_64: return imulThree<i64>(cpu, pc, true, load<i64>(pc + OP_IMM));
    case op.XADD_RR_8: return exchangeAdd<u8>(cpu, pc, false);
    case op.XADD_MR_8: return exchangeAdd<u8>(cpu, pc, true);
    case op.XADD_RR_16: return exchangeAdd<u16>(cpu, pc, false);
    case op.XADD_MR_16: return exchangeAdd<u16>(cpu, pc, true);
    case op.XADD_RR_32: return exchangeAdd<u32>(cpu, pc, false);
    case op.XADD_MR_32: return exchangeAdd<u32>(cpu, pc, true);
    case op.XADD_RR_64: return exchangeAdd<u64>(cpu, pc, false);
    case op.XADD_MR_64: return exchangeAdd<u64>(cpu, pc, true);
    case op.CMPXCHG_RR_8: return compareExchange<u8>(cpu, pc, false);
    case op.CMPXCHG_MR_8: return compareExchange<u8>(cpu, pc, true);
    case op.CMPXCHG_RR_16: return compareExchange<u16>(cpu, pc, false);
    case op.CMPXCHG_MR_16: return compareExchange<u16>(cpu, pc, true);
    case op.CMPXCHG_RR_32: return compareExchange<u32>(cpu, pc, false);
    case op.CMPXCHG_MR_32: return compareExchange<u32>(cpu, pc, true);
    case op.CMPXCHG_RR_64: return compareExchange<u64>(cpu, pc, false);
    case op.CMPXCHG_MR_64: return compareExchange<u64>(cpu, pc, true);
    case op.CMPXCHG8B_M_32: return compareExchange8(cpu, pc);
    case op.CMPXCHG8B_M_64: return compareExchange16(cpu, pc);
    case op.DAA: return adjustAdd(cpu);
    case op.DAS: return adjustSubtract(cpu);
    case op.AAA: return adjustAsciiAdd(cpu);
    case op.AAS: return adjustAsciiSubtract(cpu);
    case op.AAM_I: return asciiDivide(cpu, immediate(pc));
    case op.AAD_I: return asciiMultiply(cpu, immediate(pc));
    default: return raise(cpu, UD);
  }
}
