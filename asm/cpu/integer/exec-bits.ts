// BT BTS BTR BTC, BSF BSR, BSWAP.
import * as op from "../../generated/ops";
import { raise, UD } from "../exception";
import {
  bitInMemory, bitInRegister, BT, BTC, BTR, BTS, immediateOffset, registerOffset, scanBits, swapBytes,
} from "./bits";

export function execBits(cpu: u32, pc: u32, operation: u32): u32 {
  switch (operation) {
    case op.BT_RR_16: return bitInRegister<u16>(cpu, pc, BT, <u32>registerOffset<i16>(cpu, pc));
    case op.BT_MR_16: return bitInMemory<u16>(cpu, pc, BT, registerOffset<i16>(cpu, pc));
    case op.BT_RI_16: return bitInRegister<u16>(cpu, pc, BT, immediateOffset<u16>(pc));
    case op.BT_MI_16: return bitInMemory<u16>(cpu, pc, BT, <i64>immediateOffset<u16>(pc));
    case op.BT_RR_32: return bitInRegister<u32>(cpu, pc, BT, <u32>registerOffset<i32>(cpu, pc));
    case op.BT_MR_32: return bitInMemory<u32>(cpu, pc, BT, registerOffset<i32>(cpu, pc));
    case op.BT_RI_32: return bitInRegister<u32>(cpu, pc, BT, immediateOffset<u32>(pc));
    case op.BT_MI_32: return bitInMemory<u32>(cpu, pc, BT, <i64>immediateOffset<u32>(pc));
    case op.BT_RR_64: return bitInRegister<u64>(cpu, pc, BT, <u32>registerOffset<i64>(cpu, pc));
    case op.BT_MR_64: return bitInMemory<u64>(cpu, pc, BT, registerOffset<i64>(cpu, pc));
    case op.BT_RI_64: return bitInRegister<u64>(cpu, pc, BT, immediateOffset<u64>(pc));
    case op.BT_MI_64: return bitInMemory<u64>(cpu, pc, BT, <i64>immediateOffset<u64>(pc));
    case op.BTS_RR_16: return bitInRegister<u16>(cpu, pc, BTS, <u32>registerOffset<i16>(cpu, pc));
    case op.BTS_MR_16: return bitInMemory<u16>(cpu, pc, BTS, registerOffset<i16>(cpu, pc));
    case op.BTS_RI_16: return bitInRegister<u16>(cpu, pc, BTS, immediateOffset<u16>(pc));
    case op.BTS_MI_16: return bitInMemory<u16>(cpu, pc, BTS, <i64>immediateOffset<u16>(pc));
    case op.BTS_RR_32: return bitInRegister<u32>(cpu, pc, BTS, <u32>registerOffset<i32>(cpu, pc));
    case op.BTS_MR_32: return bitInMemory<u32>(cpu, pc, BTS, registerOffset<i32>(cpu, pc));
    case op.BTS_RI_32: return bitInRegister<u32>(cpu, pc, BTS, immediateOffset<u32>(pc));
    case op.BTS_MI_32: return bitInMemory<u32>(cpu, pc, BTS, <i64>immediateOffset<u32>(pc));
    case op.BTS_RR_64: return bitInRegister<u64>(cpu, pc, BTS, <u32>registerOffset<i64>(cpu, pc));
    case op.BTS_MR_64: return bitInMemory<u64>(cpu, pc, BTS, registerOffset<i64>(cpu, pc));
    case op.BTS_RI_64: return bitInRegister<u64>(cpu, pc, BTS, immediateOffset<u64>(pc));
    case op.BTS_MI_64: return bitInMemory<u64>(cpu, pc, BTS, <i64>immediateOffset<u64>(pc));
    case op.BTR_RR_16: return bitInRegister<u16>(cpu, pc, BTR, <u32>registerOffset<i16>(cpu, pc));
    case op.BTR_MR_16: return bitInMemory<u16>(cpu, pc, BTR, registerOffset<i16>(cpu, pc));
    case op.BTR_RI_16: return bitInRegister<u16>(cpu, pc, BTR, immediateOffset<u16>(pc));
    case op.BTR_MI_16: return bitInMemory<u16>(cpu, pc, BTR, <i64>immediateOffset<u16>(pc));
    case op.BTR_RR_32: return bitInRegister<u32>(cpu, pc, BTR, <u32>registerOffset<i32>(cpu, pc));
    case op.BTR_MR_32: return bitInMemory<u32>(cpu, pc, BTR, registerOffset<i32>(cpu, pc));
    case op.BTR_RI_32: return bitInRegister<u32>(cpu, pc, BTR, immediateOffset<u32>(pc));
    case op.BTR_MI_32: return bitInMemory<u32>(cpu, pc, BTR, <i64>immediateOffset<u32>(pc));
    case op.BTR_RR_64: return bitInRegister<u64>(cpu, pc, BTR, <u32>registerOffset<i64>(cpu, pc));
    case op.BTR_MR_64: return bitInMemory<u64>(cpu, pc, BTR, registerOffset<i64>(cpu, pc));
    case op.BTR_RI_64: return bitInRegister<u64>(cpu, pc, BTR, immediateOffset<u64>(pc));
    case op.BTR_MI_64: return bitInMemory<u64>(cpu, pc, BTR, <i64>immediateOffset<u64>(pc));
    case op.BTC_RR_16: return bitInRegister<u16>(cpu, pc, BTC, <u32>registerOffset<i16>(cpu, pc));
    case op.BTC_MR_16: return bitInMemory<u16>(cpu, pc, BTC, registerOffset<i16>(cpu, pc));
    case op.BTC_RI_16: return bitInRegister<u16>(cpu, pc, BTC, immediateOffset<u16>(pc));
    case op.BTC_MI_16: return bitInMemory<u16>(cpu, pc, BTC, <i64>immediateOffset<u16>(pc));
    case op.BTC_RR_32: return bitInRegister<u32>(cpu, pc, BTC, <u32>registerOffset<i32>(cpu, pc));
    case op.BTC_MR_32: return bitInMemory<u32>(cpu, pc, BTC, registerOffset<i32>(cpu, pc));
    case op.BTC_RI_32: return bitInRegister<u32>(cpu, pc, BTC, immediateOffset<u32>(pc));
    case op.BTC_MI_32: return bitInMemory<u32>(cpu, pc, BTC, <i64>immediateOffset<u32>(pc));
    case op.BTC_RR_64: return bitInRegister<u64>(cpu, pc, BTC, <u32>registerOffset<i64>(cpu, pc));
    case op.BTC_MR_64: return bitInMemory<u64>(cpu, pc, BTC, registerOffset<i64>(cpu, pc));
    case op.BTC_RI_64: return bitInRegister<u64>(cpu, pc, BTC, immediateOffset<u64>(pc));
    case op.BTC_MI_64: return bitInMemory<u64>(cpu, pc, BTC, <i64>immediateOffset<u64>(pc));
    case op.BSF_RR_16: return scanBits<u16>(cpu, pc, true, false);
    case op.BSF_RM_16: return scanBits<u16>(cpu, pc, true, true);
    case op.BSF_RR_32: return scanBits<u32>(cpu, pc, true, false);
    case op.BSF_RM_32: return scanBits<u32>(cpu, pc, true, true);
    case op.BSF_RR_64: return scanBits<u64>(cpu, pc, true, false);
    case op.BSF_RM_64: return scanBits<u64>(cpu, pc, true, true);
    case op.BSR_RR_16: return scanBits<u16>(cpu, pc, false, false);
    case op.BSR_RM_16: return scanBits<u16>(cpu, pc, false, true);
    case op.BSR_RR_32: return scanBits<u32>(cpu, pc, false, false);
    case op.BSR_RM_32: return scanBits<u32>(cpu, pc, false, true);
    case op.BSR_RR_64: return scanBits<u64>(cpu, pc, false, false);
    case op.BSR_RM_64: return scanBits<u64>(cpu, pc, false, true);
    case op.BSWAP_R_16: return swapBytes<u16>(cpu, pc);
    case op.BSWAP_R_32: return swapBytes<u32>(cpu, pc);
    case op.BSWAP_R_64: return swapBytes<u64>(cpu, pc);
    default: return raise(cpu, UD);
  }
}
