// XADD, CMPXCHG and its double-width forms. LOCK needs nothing more while a vCPU's memory is touched by no other.
import { FAULT, OK, RAX, RBX, RCX, RDX, TLB_NOW } from "../../layout/cpu";
import { OP_SRC } from "../../layout/op";
import { commit, modifyLinear, modifyMemory, operandLinear, operandVector } from "../access";
import { GP, raiseError } from "../exception";
import { flagsAdd, flagsSub, getFlags, setFlags, ZF } from "../flags";
import { NOWHERE } from "../linear";
import { destination, finish, setRegister } from "./operand";

export function exchangeAdd<T>(cpu: u32, pc: u32, memory: bool): u32 {
  const at = destination<T>(cpu, pc, memory);
  if (!at) return FAULT;
  const from = cpu + <u32>load<u16>(pc + OP_SRC);
  const a = load<T>(at);
  const sum = <T>(a + load<T>(from));
  // The destination is written last: it wins when both are the same register.
  setRegister<T>(from, a);
  finish<T>(cpu, at, sum, memory);
  flagsAdd<T>(cpu, a, sum);
  return OK;
}

/** CMPXCHG. As on AMD, whatever is not exchanged keeps even its upper half; memory is written back unchanged. */
export function compareExchange<T>(cpu: u32, pc: u32, memory: bool): u32 {
  const at = destination<T>(cpu, pc, memory);
  if (!at) return FAULT;
  const accumulator = load<T>(cpu + RAX);
  const old = load<T>(at);
  if (old == accumulator) finish<T>(cpu, at, load<T>(cpu + <u32>load<u16>(pc + OP_SRC)), memory);
  else {
    if (memory) finish<T>(cpu, at, old, memory);
    setRegister<T>(cpu + RAX, old);
  }
  flagsSub<T>(cpu, accumulator, <T>(accumulator - old));
  return OK;
}

function setZero(cpu: u32, equal: bool): void {
  setFlags(cpu, (getFlags(cpu) & ~ZF) | (equal ? ZF : 0));
}

/** CMPXCHG8B. */
export function compareExchange8(cpu: u32, pc: u32): u32 {
  const at = modifyMemory(cpu, pc, 8);
  if (!at) return FAULT;
  const old = load<u64>(at);
  const equal = old == (<u64>load<u32>(cpu + RAX) | (<u64>load<u32>(cpu + RDX) << 32));
  if (equal) store<u64>(at, <u64>load<u32>(cpu + RBX) | (<u64>load<u32>(cpu + RCX) << 32));
  else {
    store<u64>(cpu + RAX, old & 0xffffffff);
    store<u64>(cpu + RDX, old >> 32);
  }
  commit(cpu, at);
  setZero(cpu, equal);
  return OK;
}

/** CMPXCHG16B: the operand must be aligned. */
export function compareExchange16(cpu: u32, pc: u32): u32 {
  const va = operandLinear(cpu, pc, 16, true);
  if (va == NOWHERE) return FAULT;
  if (va & 15) return raiseError(cpu, GP, 0);
  const at = modifyLinear(cpu, load<u32>(cpu + TLB_NOW), va, 16, operandVector(cpu, pc));
  if (!at) return FAULT;
  const low = load<u64>(at);
  const high = load<u64>(at, 8);
  const equal = low == load<u64>(cpu + RAX) && high == load<u64>(cpu + RDX);
  if (equal) {
    store<u64>(at, load<u64>(cpu + RBX));
    store<u64>(at, load<u64>(cpu + RCX), 8);
  } else {
    store<u64>(cpu + RAX, low);
    store<u64>(cpu + RDX, high);
  }
  commit(cpu, at);
  setZero(cpu, equal);
  return OK;
}
