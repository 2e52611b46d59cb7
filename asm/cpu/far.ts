// Segment registers, far transfers, interrupts: the executor of the 'far' group of the opcode table.
import {
  CS, DS, ES, EXC_SOFTWARE, EXC_TRAP, FAULT, FS, GS, JUMP, MODE, MODE_REAL, MODE_V86, OK, SEG_SELECTOR, SHADOW,
  SHADOW_SET, SHADOW_SS, SS,
} from "../layout/cpu";
import { OP_DST, OP_IMM, OP_SRC } from "../layout/op";
import * as op from "../generated/ops";
import { commit, modifyMemory, readMemory, writeMemory } from "./access";
import { segment } from "./descriptor";
import { BP, BR, DB, OF, raise, UD } from "./exception";
import { returnFar } from "./far-return";
import { slotAt } from "./far-stack";
import { transfer } from "./far-transfer";
import { getFlags, getOF, setArithmetic, ZF } from "./flags";
import { softwareInterrupt, vectoredInterrupt } from "./interrupt";
import { returnFromInterrupt } from "./iret";
import { nextRip, storeNextRip } from "./rip";
import { loadSegment } from "./segment";

export function execFar(cpu: u32, pc: u32, operation: u32): u32 {
  switch (operation) {
    case op.CALLF_A_16: return transferDirect(cpu, pc, 2, true);
    case op.CALLF_A_32: return transferDirect(cpu, pc, 4, true);
    case op.JMPF_A_16: return transferDirect(cpu, pc, 2, false);
    case op.JMPF_A_32: return transferDirect(cpu, pc, 4, false);
    case op.CALLF_M_16: return transferIndirect(cpu, pc, 2, true);
    case op.CALLF_M_32: return transferIndirect(cpu, pc, 4, true);
    case op.CALLF_M_64: return transferIndirect(cpu, pc, 8, true);
    case op.JMPF_M_16: return transferIndirect(cpu, pc, 2, false);
    case op.JMPF_M_32: return transferIndirect(cpu, pc, 4, false);
    case op.JMPF_M_64: return transferIndirect(cpu, pc, 8, false);
    case op.RETF_16: return returnFar(cpu, 2, 0);
    case op.RETF_32: return returnFar(cpu, 4, 0);
    case op.RETF_64: return returnFar(cpu, 8, 0);
    case op.RETF_I_16: return returnFar(cpu, 2, load<u16>(pc + OP_IMM));
    case op.RETF_I_32: return returnFar(cpu, 4, load<u16>(pc + OP_IMM));
    case op.RETF_I_64: return returnFar(cpu, 8, load<u16>(pc + OP_IMM));
    case op.INT3: return softwareInterrupt(cpu, pc, BP, EXC_SOFTWARE);
    case op.INT_I: return vectoredInterrupt(cpu, pc, load<u8>(pc + OP_IMM));
    case op.INTO: return getOF(cpu) ? softwareInterrupt(cpu, pc, OF, EXC_SOFTWARE) : OK;
    case op.INT1: return softwareInterrupt(cpu, pc, DB, EXC_TRAP);
    case op.IRET_16: return returnFromInterrupt(cpu, 2, nextRip(cpu, pc));
    case op.IRET_32: return returnFromInterrupt(cpu, 4, nextRip(cpu, pc));
    case op.IRET_64: return returnFromInterrupt(cpu, 8, nextRip(cpu, pc));
    case op.MOV_FROM_SREG_RR_16: return moveFromSegment(cpu, pc, 2);
    case op.MOV_FROM_SREG_RR_32:
    case op.MOV_FROM_SREG_RR_64: return moveFromSegment(cpu, pc, 8);
    case op.MOV_FROM_SREG_MR_16:
    case op.MOV_FROM_SREG_MR_32:
    case op.MOV_FROM_SREG_MR_64: return storeSegment(cpu, pc);
    case op.MOV_TO_SREG_RR: return moveToSegment(cpu, pc, load<u16>(cpu + load<u16>(pc + OP_SRC)));
    case op.MOV_TO_SREG_RM: return moveToSegmentFromMemory(cpu, pc);
    default: return execFarPointer(cpu, pc, operation);
  }
}

function execFarPointer(cpu: u32, pc: u32, operation: u32): u32 {
  switch (operation) {
    case op.LES_RM_16: return loadPointer(cpu, pc, ES, 2);
    case op.LES_RM_32: return loadPointer(cpu, pc, ES, 4);
    case op.LDS_RM_16: return loadPointer(cpu, pc, DS, 2);
    case op.LDS_RM_32: return loadPointer(cpu, pc, DS, 4);
    case op.LSS_RM_16: return loadPointer(cpu, pc, SS, 2);
    case op.LSS_RM_32:
    case op.LSS_RM_64: return loadPointer(cpu, pc, SS, 4);
    case op.LFS_RM_16: return loadPointer(cpu, pc, FS, 2);
    case op.LFS_RM_32:
    case op.LFS_RM_64: return loadPointer(cpu, pc, FS, 4);
    case op.LGS_RM_16: return loadPointer(cpu, pc, GS, 2);
    case op.LGS_RM_32:
    case op.LGS_RM_64: return loadPointer(cpu, pc, GS, 4);
    case op.BOUND_RM_16: return bound(cpu, pc, 2);
    case op.BOUND_RM_32: return bound(cpu, pc, 4);
    case op.ARPL_RR_16: return adjustRegister(cpu, pc);
    case op.ARPL_MR_16: return adjustMemory(cpu, pc);
    default: return raise(cpu, UD);
  }
}

function transferDirect(cpu: u32, pc: u32, size: u32, call: bool): u32 {
  const pointer = load<u64>(pc + OP_IMM);
  return transfer(cpu, pc, <u32>(pointer >> 32) & 0xffff, pointer & (size == 2 ? 0xffff : 0xffffffff), size, call);
}

/** AMD processors know no 64-bit offsets in far pointers: with REX.W they are m16:32, and CALL pushes 8-byte slots. */
function transferIndirect(cpu: u32, pc: u32, size: u32, call: bool): u32 {
  const bytes = size == 2 ? 2 : 4;
  const at = readMemory(cpu, pc, bytes + 2);
  if (!at) return FAULT;
  return transfer(cpu, pc, load<u16>(at + bytes), slotAt(at, bytes), size, call);
}

function moveFromSegment(cpu: u32, pc: u32, size: u32): u32 {
  const index = load<u16>(pc + OP_SRC) & 7;
  if (index > GS) return raise(cpu, UD);
  const selector = load<u32>(segment(cpu, index) + SEG_SELECTOR);
  const register = cpu + load<u16>(pc + OP_DST);
  if (size == 2) store<u16>(register, <u16>selector);
  else store<u64>(register, <u64>selector);
  return OK;
}

/** A selector in memory is two bytes, whatever the operand size. */
function storeSegment(cpu: u32, pc: u32): u32 {
  const index = load<u16>(pc + OP_SRC) & 7;
  if (index > GS) return raise(cpu, UD);
  const at = writeMemory(cpu, pc, 2);
  if (!at) return FAULT;
  store<u16>(at, load<u16>(segment(cpu, index) + SEG_SELECTOR));
  commit(cpu, at);
  return OK;
}

function moveToSegmentFromMemory(cpu: u32, pc: u32): u32 {
  const at = readMemory(cpu, pc, 2);
  return at ? moveToSegment(cpu, pc, load<u16>(at)) : FAULT;
}

function moveToSegment(cpu: u32, pc: u32, selector: u32): u32 {
  const index = load<u16>(pc + OP_DST) & 7;
  if (index == CS || index > GS) return raise(cpu, UD);
  const mode = load<u32>(cpu + MODE);
  if (loadSegment(cpu, index, selector) != OK) return FAULT;
  if (index == SS) {
    store<u32>(cpu + SHADOW, SHADOW_SS);
    store<u32>(cpu + SHADOW_SET, 1);
  }
  return afterLoad(cpu, pc, mode);
}

/** Code decoded for another MODE is not to be gone on with. */
function afterLoad(cpu: u32, pc: u32, mode: u32): u32 {
  if (load<u32>(cpu + MODE) == mode) return OK;
  storeNextRip(cpu, pc);
  return JUMP;
}

/** LES, LDS, LSS, LFS, LGS; with REX.W the offset is 32 bits nevertheless, zero-extended, as AMD processors have it. */
function loadPointer(cpu: u32, pc: u32, index: u32, size: u32): u32 {
  const at = readMemory(cpu, pc, size + 2);
  if (!at) return FAULT;
  const offset = slotAt(at, size);
  const mode = load<u32>(cpu + MODE);
  if (loadSegment(cpu, index, load<u16>(at + size)) != OK) return FAULT;
  const register = cpu + load<u16>(pc + OP_DST);
  if (size == 2) store<u16>(register, <u16>offset);
  else store<u64>(register, offset);
  return afterLoad(cpu, pc, mode);
}

function bound(cpu: u32, pc: u32, size: u32): u32 {
  const at = readMemory(cpu, pc, 2 * size);
  if (!at) return FAULT;
  const register = cpu + load<u16>(pc + OP_DST);
  const good = size == 2
    ? load<i16>(register) >= load<i16>(at) && load<i16>(register) <= load<i16>(at, 2)
    : load<i32>(register) >= load<i32>(at) && load<i32>(register) <= load<i32>(at, 4);
  return good ? OK : raise(cpu, BR);
}

/** ARPL's result, with ZF set when it raised the RPL of `selector` to that of the source register. */
function adjusted(cpu: u32, pc: u32, selector: u32): u32 {
  const rpl = load<u16>(cpu + load<u16>(pc + OP_SRC)) & 3;
  const raised = (selector & 3) < rpl;
  setArithmetic(cpu, raised ? getFlags(cpu) | ZF : getFlags(cpu) & ~ZF);
  return raised ? (selector & 0xfffc) | rpl : selector;
}

function adjustRegister(cpu: u32, pc: u32): u32 {
  if (load<u32>(cpu + MODE) & (MODE_REAL | MODE_V86)) return raise(cpu, UD);
  const register = cpu + load<u16>(pc + OP_DST);
  store<u16>(register, <u16>adjusted(cpu, pc, load<u16>(register)));
  return OK;
}

function adjustMemory(cpu: u32, pc: u32): u32 {
  if (load<u32>(cpu + MODE) & (MODE_REAL | MODE_V86)) return raise(cpu, UD);
  const at = modifyMemory(cpu, pc, 2);
  if (!at) return FAULT;
  store<u16>(at, <u16>adjusted(cpu, pc, load<u16>(at)));
  commit(cpu, at);
  return OK;
}
