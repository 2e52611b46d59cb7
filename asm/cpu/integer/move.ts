// XCHG, conversions, XLAT, conditional moves and sets, flag instructions.
import { FAULT, OK, RAX, RBX, RDX, RFLAGS, TLB_NOW } from "../../layout/cpu";
import { OP_DST, OP_SRC } from "../../layout/op";
import { commit, readLinear, writeMemory } from "../access";
import { AF, CF, condition, DF, getCF, getFlags, OF, PF, setArithmetic, SF, ZF } from "../flags";
import { NOWHERE } from "../linear";
import { segmentAddress } from "../segment-check";
import { addressMask, destination, finish, impliedSegment, segmentVector, setRegister, source } from "./operand";

export function exchange<T>(cpu: u32, pc: u32, memory: bool): u32 {
  const at = destination<T>(cpu, pc, memory);
  if (!at) return FAULT;
  const register = cpu + <u32>load<u16>(pc + OP_SRC);
  const value = load<T>(register);
  setRegister<T>(register, load<T>(at));
  finish<T>(cpu, at, value, memory);
  return OK;
}

/** 90+r: with rAX itself it is NOP, which keeps the upper half. */
export function exchangeAccumulator<T>(cpu: u32, pc: u32): u32 {
  const other = <u32>load<u16>(pc + OP_DST);
  if (other == RAX) return OK;
  const value = load<T>(cpu + other);
  setRegister<T>(cpu + other, load<T>(cpu + RAX));
  setRegister<T>(cpu + RAX, value);
  return OK;
}

/** CWD, CDQ, CQO: rDX = sign of rAX. `T` is signed. */
export function signToData<T>(cpu: u32): u32 {
  setRegister<T>(cpu + RDX, load<T>(cpu + RAX) >> <T>(sizeof<T>() * 8 - 1));
  return OK;
}

/** XLAT: AL = byte at rBX + AL in DS or the overriding segment. */
export function translateByte(cpu: u32, pc: u32): u32 {
  const segment = impliedSegment(pc);
  const ea = (load<u64>(cpu + RBX) + <u64>load<u8>(cpu + RAX)) & addressMask(pc);
  const va = segmentAddress(cpu, segment, ea, 1, false);
  if (va == NOWHERE) return FAULT;
  const at = readLinear(cpu, load<u32>(cpu + TLB_NOW), va, 1, segmentVector(segment));
  if (!at) return FAULT;
  store<u8>(cpu + RAX, load<u8>(at));
  return OK;
}

/** CMOVcc: memory is read, and the upper half of a 32-bit destination cleared, whatever the condition. */
export function moveIf<T>(cpu: u32, pc: u32, memory: bool, code: u32): u32 {
  const from = source<T>(cpu, pc, memory);
  if (!from) return FAULT;
  const value = load<T>(from);
  const to = cpu + <u32>load<u16>(pc + OP_DST);
  setRegister<T>(to, condition(cpu, code) ? value : load<T>(to));
  return OK;
}

/** SETcc on a register, then on memory. */
export function setIf(cpu: u32, pc: u32, code: u32): u32 {
  store<u8>(cpu + <u32>load<u16>(pc + OP_DST), u8(condition(cpu, code)));
  return OK;
}

export function setMemoryIf(cpu: u32, pc: u32, code: u32): u32 {
  const at = writeMemory(cpu, pc, 1);
  if (!at) return FAULT;
  store<u8>(at, u8(condition(cpu, code)));
  commit(cpu, at);
  return OK;
}

/** The flags that LAHF and SAHF carry. */
const LOW: u32 = CF | PF | AF | ZF | SF;

export function loadFlags(cpu: u32): u32 {
  store<u8>(cpu + RAX + 1, <u8>((getFlags(cpu) & LOW) | 2));
  return OK;
}

export function storeFlags(cpu: u32): u32 {
  setArithmetic(cpu, (getFlags(cpu) & OF) | (<u32>load<u8>(cpu + RAX + 1) & LOW));
  return OK;
}

/** CLD (0) and STD (DF). */
export function setDirection(cpu: u32, direction: u32): u32 {
  store<u32>(cpu + RFLAGS, (load<u32>(cpu + RFLAGS) & ~DF) | direction);
  return OK;
}

/** SALC (undocumented): AL = CF ? 0xff : 0. */
export function carryToByte(cpu: u32): u32 {
  store<u8>(cpu + RAX, <u8>(0 - getCF(cpu)));
  return OK;
}
