// Descriptor-table registers (Intel SDM vol. 2, SGDT, SIDT, LGDT, LIDT, SLDT, STR, LLDT, LTR).
import { FAULT, MODE, MODE_LONG64, MODE_REAL, MODE_V86, OK, SEG, SEG_SELECTOR, SEG_SIZE } from "../layout/cpu";
import { OP_DST, OP_PREFIX, PFX_OPERAND_SHIFT } from "../layout/op";
import { commit, readMemory, writeMemory } from "./access";
import { GP, raise, raiseError, UD } from "./exception";
import { canonical } from "./linear";
import { loadLdt, loadTr } from "./segment";
import { unprivileged } from "./system-common";

/** From a table register's base to its limit in the vCPU block. */
const TABLE_LIMIT: u32 = 8;
/** Bases are 24 bits wide with a 16-bit operand size when loaded; they are stored whole. */
const BASE_24: u64 = 0xffffff;

/** SGDT, SIDT: 2 bytes of limit, then 4 of base, or 8 in 64-bit mode. */
export function storeTable(cpu: u32, pc: u32, table: u32): u32 {
  const long = (load<u32>(cpu + MODE) & MODE_LONG64) != 0;
  const at = writeMemory(cpu, pc, long ? 10 : 6);
  if (!at) return FAULT;
  const base = load<u64>(cpu + table);
  store<u16>(at, load<u16>(cpu + table + TABLE_LIMIT));
  if (long) store<u64>(at + 2, base);
  else store<u32>(at + 2, <u32>base);
  commit(cpu, at);
  return OK;
}

/** LGDT, LIDT. */
export function loadTable(cpu: u32, pc: u32, table: u32): u32 {
  if (unprivileged(cpu)) return raiseError(cpu, GP, 0);
  const long = (load<u32>(cpu + MODE) & MODE_LONG64) != 0;
  const at = readMemory(cpu, pc, long ? 10 : 6);
  if (!at) return FAULT;
  let base = long ? load<u64>(at + 2) : <u64>load<u32>(at + 2);
  if (long && !canonical(base)) return raiseError(cpu, GP, 0);
  const size16 = ((<u32>load<u16>(pc + OP_PREFIX) >> PFX_OPERAND_SHIFT) & 3) == 0;
  if (!long && size16) base &= BASE_24;
  store<u64>(cpu + table, base);
  store<u32>(cpu + table + TABLE_LIMIT, <u32>load<u16>(at));
  return OK;
}

/** Whether the mode has no LDTR and TR to speak of. */
@inline
function unprotected(cpu: u32): bool {
  return (load<u32>(cpu + MODE) & (MODE_REAL | MODE_V86)) != 0;
}

/** SLDT, STR to a register of `width` bytes (2, or 8 for a zero-extended one), or with width 0 to memory, 16 bits always. */
export function storeSelector(cpu: u32, pc: u32, segment: u32, width: u32): u32 {
  if (unprotected(cpu)) return raise(cpu, UD);
  const selector = load<u32>(cpu + SEG + segment * SEG_SIZE + SEG_SELECTOR);
  if (width == 2) store<u16>(cpu + load<u16>(pc + OP_DST), <u16>selector);
  else if (width == 8) store<u64>(cpu + load<u16>(pc + OP_DST), <u64>selector);
  else {
    const at = writeMemory(cpu, pc, 2);
    if (!at) return FAULT;
    store<u16>(at, <u16>selector);
    commit(cpu, at);
  }
  return OK;
}

/** Linear-memory address of the selector operand of LLDT or LTR; 0 with a fault recorded. */
function selectorOperand(cpu: u32, pc: u32, fromMemory: bool): u32 {
  if (unprotected(cpu)) raise(cpu, UD);
  else if (unprivileged(cpu)) raiseError(cpu, GP, 0);
  else return fromMemory ? readMemory(cpu, pc, 2) : cpu + load<u16>(pc + OP_DST);
  return 0;
}

export function lldt(cpu: u32, pc: u32, fromMemory: bool): u32 {
  const at = selectorOperand(cpu, pc, fromMemory);
  return at ? loadLdt(cpu, load<u16>(at), GP) : FAULT;
}

export function ltr(cpu: u32, pc: u32, fromMemory: bool): u32 {
  const at = selectorOperand(cpu, pc, fromMemory);
  return at ? loadTr(cpu, load<u16>(at)) : FAULT;
}
