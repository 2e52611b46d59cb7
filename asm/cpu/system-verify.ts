// VERR, VERW, LAR, LSL: what can be known of a segment without loading it (Intel SDM vol. 3, 5.10).
import { CPL, FAULT, MODE, MODE_REAL, MODE_V86, OK, SYSTEM_SCRATCH } from "../layout/cpu";
import { OP_DST, OP_SRC } from "../layout/op";
import { readMemory } from "./access";
import {
  CODE, CONFORMING, descriptorAddress, isNull, longMode, NOT_SYSTEM, READABLE, wideRead, WRITABLE,
} from "./descriptor";
import { GP, raise, UD } from "./exception";
import { getFlags, setArithmetic, ZF } from "./flags";
import { NOWHERE } from "./linear";
import { systemTlb } from "./tlb";

/** System descriptor types that LAR and LSL accept, as bit masks: TSSs, LDT, and for LAR call and task gates. */
const LAR_LEGACY: u32 = 0x1a3e;
const LAR_LONG: u32 = 0x1a04;
const LSL_LEGACY: u32 = 0x0a0e;
const LSL_LONG: u32 = 0x0a04;

/** What LAR shows of a descriptor's high word. */
const ACCESS_RIGHTS: u32 = 0x00ffff00;

const VISIBLE: u32 = 0;
const HIDDEN: u32 = 1;
const FAULTED: u32 = 2;

/**
 * Read the descriptor of `selector` to SYSTEM_SCRATCH if it exists, has one of the `types` (bit mask) in case it is a system
 * descriptor, and the privilege levels let it be seen: VISIBLE, HIDDEN, or FAULTED by reading the table.
 */
function inspect(cpu: u32, selector: u32, types: u32): u32 {
  if (isNull(selector)) return HIDDEN;
  const address = descriptorAddress(cpu, selector, 8);
  if (address == NOWHERE) return HIDDEN;
  const at = wideRead(cpu, systemTlb(cpu), address, 8, GP);
  if (!at) return FAULTED;
  const descriptor = load<u64>(at);
  store<u64>(cpu + SYSTEM_SCRATCH, descriptor);
  const attributes = <u32>(descriptor >> 40);
  if (!(attributes & NOT_SYSTEM) && !((types >> (attributes & 15)) & 1)) return HIDDEN;
  const conforming = NOT_SYSTEM | CODE | CONFORMING;
  if ((attributes & conforming) == conforming) return VISIBLE;
  const dpl = (attributes >> 5) & 3;
  return load<u32>(cpu + CPL) <= dpl && (selector & 3) <= dpl ? VISIBLE : HIDDEN;
}

/** Linear-memory address of the selector operand; 0 with a fault recorded. These instructions need protected mode. */
function selectorOperand(cpu: u32, pc: u32, fromMemory: bool, register: u32): u32 {
  if (load<u32>(cpu + MODE) & (MODE_REAL | MODE_V86)) {
    raise(cpu, UD);
    return 0;
  }
  return fromMemory ? readMemory(cpu, pc, 2) : cpu + load<u16>(pc + register);
}

function answerZF(cpu: u32, set: bool): u32 {
  const flags = getFlags(cpu);
  setArithmetic(cpu, set ? flags | ZF : flags & ~ZF);
  return OK;
}

/** VERR and VERW: ZF says whether the segment can be read, or written. */
export function verify(cpu: u32, pc: u32, fromMemory: bool, write: bool): u32 {
  const operand = selectorOperand(cpu, pc, fromMemory, OP_DST);
  if (!operand) return FAULT;
  const seen = inspect(cpu, load<u16>(operand), 0);
  if (seen == FAULTED) return FAULT;
  const attributes = load<u32>(cpu + SYSTEM_SCRATCH + 4) >> 8;
  const code = (attributes & CODE) != 0;
  const fits = write ? !code && (attributes & WRITABLE) != 0 : !code || (attributes & READABLE) != 0;
  return answerZF(cpu, seen == VISIBLE && fits);
}

@inline
function storeResult(cpu: u32, pc: u32, value: u32, size16: bool): void {
  const to = cpu + load<u16>(pc + OP_DST);
  if (size16) store<u16>(to, <u16>value);
  else store<u64>(to, <u64>value);
}

/** LAR: access rights, masked as AMD processors do. */
export function lar(cpu: u32, pc: u32, fromMemory: bool, size16: bool): u32 {
  const operand = selectorOperand(cpu, pc, fromMemory, OP_SRC);
  if (!operand) return FAULT;
  const seen = inspect(cpu, load<u16>(operand), longMode(cpu) ? LAR_LONG : LAR_LEGACY);
  if (seen == FAULTED) return FAULT;
  if (seen == VISIBLE) storeResult(cpu, pc, load<u32>(cpu + SYSTEM_SCRATCH + 4) & ACCESS_RIGHTS, size16);
  return answerZF(cpu, seen == VISIBLE);
}

/** LSL: limit in bytes. */
export function lsl(cpu: u32, pc: u32, fromMemory: bool, size16: bool): u32 {
  const operand = selectorOperand(cpu, pc, fromMemory, OP_SRC);
  if (!operand) return FAULT;
  const seen = inspect(cpu, load<u16>(operand), longMode(cpu) ? LSL_LONG : LSL_LEGACY);
  if (seen == FAULTED) return FAULT;
  if (seen == VISIBLE) {
    const high = load<u32>(cpu + SYSTEM_SCRATCH + 4);
    const limit = <u32>load<u16>(cpu + SYSTEM_SCRATCH) | (high & 0xf0000);
    storeResult(cpu, pc, high & 0x800000 ? (limit << 12) | 0xfff : limit, size16);
  }
  return answerZF(cpu, seen == VISIBLE);
}
