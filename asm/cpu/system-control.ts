// Control registers (Intel SDM vol. 3, 2.5; AMD APM vol. 2, 3.1), and with them the switches between processor modes.
import { CR0, CR2, CR3, CR4, CS, EFER, FAULT, MODE, MODE_LONG64, OK, SEG, SEG_ATTR, SEG_SIZE } from "../layout/cpu";
import { OP_DST, OP_SRC } from "../layout/op";
import { commit, readMemory, writeMemory } from "./access";
import { GP, raise, raiseError, UD } from "./exception";
import { lapicTpr, setLapicTpr } from "./lapic";
import { PHYSICAL_BITS } from "./mmu";
import { updateMode } from "./mode";
import { goOn, goOnAfresh, unprivileged } from "./system-common";
import { flushTlb } from "./tlb";

const PE: u64 = 0x1;
const TS: u64 = 0x8;
const ET: u64 = 0x10;
const WP: u64 = 0x10000;
const NW: u64 = 0x20000000;
const CD: u64 = 0x40000000;
const PG: u64 = 0x80000000;
/** PE MP EM TS ET NE WP AM NW CD PG; writes of the others are ignored. */
const CR0_BITS: u64 = 0xe005003f;
/** PE MP EM TS, which LMSW writes. */
const MSW: u64 = 0xf;

const PAE: u64 = 0x20;
/** TSD DE PSE PAE PGE PCE OSFXSR OSXMMEXCPT SMEP: what CPUID announces. */
const CR4_BITS: u64 = 0x1007bc;
/** PSE PAE PGE SMEP: translations depend on them. */
const CR4_TRANSLATION: u64 = 0x1000b0;

const LME: u64 = 0x100;
const LMA: u64 = 0x400;
const ATTR_LONG: u32 = 0x2000;

/** MOV from CR: 64 bits wide in 64-bit mode whatever the prefixes, else 32. */
export function readControl(cpu: u32, pc: u32): u32 {
  const to = cpu + load<u16>(pc + OP_DST);
  let value: u64;
  switch (load<u16>(pc + OP_SRC)) {
    case 0: value = load<u64>(cpu + CR0); break;
    case 2: value = load<u64>(cpu + CR2); break;
    case 3: value = load<u64>(cpu + CR3); break;
    case 4: value = load<u64>(cpu + CR4); break;
    case 8: value = <u64>(lapicTpr(cpu) >> 4); break;
    default: return raise(cpu, UD);
  }
  if (unprivileged(cpu)) return raiseError(cpu, GP, 0);
  store<u64>(to, value);
  return OK;
}

export function writeControl(cpu: u32, pc: u32): u32 {
  const number = <u32>load<u16>(pc + OP_DST);
  const from = cpu + load<u16>(pc + OP_SRC);
  const value = load<u32>(cpu + MODE) & MODE_LONG64 ? load<u64>(from) : <u64>load<u32>(from);
  if (number != 0 && number != 2 && number != 3 && number != 4 && number != 8) return raise(cpu, UD);
  if (unprivileged(cpu)) return raiseError(cpu, GP, 0);
  switch (number) {
    case 0: return writeCr0(cpu, pc, value);
    case 2: store<u64>(cpu + CR2, value); return OK;
    case 3: return writeCr3(cpu, pc, value);
    case 4: return writeCr4(cpu, pc, value);
    default: return writeCr8(cpu, pc, value);
  }
}

/** CR0: paging needs protection, no-write-through needs cache-disable; PG with EFER.LME makes or ends long mode. */
function writeCr0(cpu: u32, pc: u32, wanted: u64): u32 {
  if (wanted >> 32) return raiseError(cpu, GP, 0);
  const old = load<u64>(cpu + CR0);
  const value = (wanted & CR0_BITS) | ET;
  if ((value & (PG | PE)) == PG || (value & (NW | CD)) == NW) return raiseError(cpu, GP, 0);
  if ((old ^ value) & PG && switchLongMode(cpu, (value & PG) != 0) != OK) return FAULT;
  store<u64>(cpu + CR0, value);
  if ((old ^ value) & (PG | WP | PE)) flushTlb(cpu, false);
  updateMode(cpu);
  return goOnAfresh(cpu, pc);
}

/** Paging goes on or off: with EFER.LME, long mode does (AMD APM vol. 2, 14.6). It needs PAE, and 64-bit code cannot leave it. */
function switchLongMode(cpu: u32, on: bool): u32 {
  const efer = load<u64>(cpu + EFER);
  if (!(efer & LME)) return OK;
  if (on) {
    const cs = load<u32>(cpu + SEG + CS * SEG_SIZE + SEG_ATTR);
    if (!(load<u64>(cpu + CR4) & PAE) || cs & ATTR_LONG) return raiseError(cpu, GP, 0);
    store<u64>(cpu + EFER, efer | LMA);
  } else {
    if (load<u32>(cpu + MODE) & MODE_LONG64) return raiseError(cpu, GP, 0);
    store<u64>(cpu + EFER, efer & ~LMA);
  }
  return OK;
}

function writeCr3(cpu: u32, pc: u32, value: u64): u32 {
  if (value >> PHYSICAL_BITS) return raiseError(cpu, GP, 0);
  store<u64>(cpu + CR3, value);
  flushTlb(cpu, true);
  return goOnAfresh(cpu, pc);
}

function writeCr4(cpu: u32, pc: u32, value: u64): u32 {
  if (value & ~CR4_BITS) return raiseError(cpu, GP, 0);
  if (!(value & PAE) && load<u64>(cpu + EFER) & LMA) return raiseError(cpu, GP, 0);
  const changed = load<u64>(cpu + CR4) ^ value;
  store<u64>(cpu + CR4, value);
  if (changed & CR4_TRANSLATION) flushTlb(cpu, false);
  return goOnAfresh(cpu, pc);
}

/** CR8 is the upper half of the local APIC's task priority. */
function writeCr8(cpu: u32, pc: u32, value: u64): u32 {
  if (value >> 4) return raiseError(cpu, GP, 0);
  setLapicTpr(cpu, <u32>value << 4);
  return goOn(cpu, pc);
}

/** SMSW to a register of `width` bytes (2, or 8 for a zero-extended one), or with width 0 to memory, 16 bits always. */
export function smsw(cpu: u32, pc: u32, width: u32): u32 {
  const value = load<u32>(cpu + CR0);
  if (width == 2) store<u16>(cpu + load<u16>(pc + OP_DST), <u16>value);
  else if (width == 8) store<u64>(cpu + load<u16>(pc + OP_DST), <u64>value);
  else {
    const at = writeMemory(cpu, pc, 2);
    if (!at) return FAULT;
    store<u16>(at, <u16>value);
    commit(cpu, at);
  }
  return OK;
}

/** LMSW can set PE but not clear it. */
export function lmsw(cpu: u32, pc: u32, fromMemory: bool): u32 {
  if (unprivileged(cpu)) return raiseError(cpu, GP, 0);
  const at = fromMemory ? readMemory(cpu, pc, 2) : cpu + load<u16>(pc + OP_DST);
  if (!at) return FAULT;
  const old = load<u64>(cpu + CR0);
  return writeCr0(cpu, pc, (old & ~(MSW & ~PE)) | (<u64>load<u16>(at) & MSW));
}

export function clts(cpu: u32): u32 {
  if (unprivileged(cpu)) return raiseError(cpu, GP, 0);
  store<u64>(cpu + CR0, load<u64>(cpu + CR0) & ~TS);
  return OK;
}
