// FXSAVE and FXRSTOR (AMD APM vol. 2, 11.5.4 for the layout). As on AMD processors, the last-instruction pointers are
// stored only while an unmasked exception is pending, and zeroes otherwise.
import { CR4, FAULT, FCS, FCW, FDP, FDS, FIP, FOP, FSW, MODE, MODE_LONG64, MXCSR, OK, XMM } from "../../layout/cpu";
import { OP_EA, OP_PREFIX, OP_SEG, PFX_REX_W, EA_FLAT32 } from "../../layout/op";
import { commit, effectiveAddress, modifyMemory, readMemory } from "../access";
import { GP, raiseError } from "../exception";
import { NOWHERE } from "../linear";
import { segmentAddress } from "../segment-check";
import { setControlAndStatus, setShortTags, shortTags } from "./environment";
import { ES, st } from "./state";

const SIZE: u32 = 512;
/** Writable bits of MXCSR. */
const MXCSR_MASK: u32 = 0xffff;
const CR4_OSFXSR: u32 = 0x200;
/** Offsets in the image. */
const AT_FTW: u32 = 4;
const AT_FOP: u32 = 6;
const AT_FIP: u32 = 8;
const AT_FDP: u32 = 16;
const AT_MXCSR: u32 = 24;
const AT_ST: u32 = 32;
const AT_XMM: u32 = 160;

/** #GP(0) unless the operand is aligned to 16 bytes. OK or FAULT. */
function aligned(cpu: u32, pc: u32): u32 {
  const ea = effectiveAddress(cpu, pc);
  const va = load<u8>(pc + OP_EA) == EA_FLAT32 ? ea : segmentAddress(cpu, load<u8>(pc + OP_SEG), ea, SIZE, false);
  if (va == NOWHERE) return FAULT;
  return va & 15 ? raiseError(cpu, GP, 0) : OK;
}

@inline
function xmmCount(cpu: u32): u32 {
  if (!(load<u32>(cpu + CR4) & CR4_OSFXSR)) return 0;
  return load<u32>(cpu + MODE) & MODE_LONG64 ? 16 : 8;
}

export function fxsave(cpu: u32, pc: u32): u32 {
  if (aligned(cpu, pc)) return FAULT;
  // What the image does not define keeps its bytes.
  const p = modifyMemory(cpu, pc, SIZE);
  if (!p) return FAULT;
  store<u16>(p, load<u16>(cpu + FCW));
  store<u16>(p + 2, load<u16>(cpu + FSW));
  store<u16>(p + AT_FTW, <u16>shortTags(cpu));
  storePointers(cpu, pc, p);
  store<u32>(p + AT_MXCSR, load<u32>(cpu + MXCSR));
  store<u32>(p + AT_MXCSR + 4, MXCSR_MASK);
  for (let i: u32 = 0; i < 8; i++) {
    const from = st(cpu, i);
    store<u64>(p + AT_ST + 16 * i, load<u64>(from));
    store<u64>(p + AT_ST + 16 * i + 8, load<u16>(from + 8));
  }
  const count = xmmCount(cpu);
  for (let i: u32 = 0; i < count; i++) v128.store(p + AT_XMM + 16 * i, v128.load(cpu + XMM + 16 * i));
  commit(cpu, p);
  return OK;
}

function storePointers(cpu: u32, pc: u32, p: u32): void {
  const stale = !(<u32>load<u16>(cpu + FSW) & ES);
  store<u16>(p + AT_FOP, stale ? 0 : load<u16>(cpu + FOP));
  storePointer(cpu, pc, p + AT_FIP, stale, FIP, FCS);
  storePointer(cpu, pc, p + AT_FDP, stale, FDP, FDS);
}

/** 64 bits of offset with REX.W, else 32 and a selector. */
function storePointer(cpu: u32, pc: u32, at: u32, stale: bool, offset: u32, selector: u32): void {
  if (stale) store<u64>(at, 0);
  else if (<u32>load<u16>(pc + OP_PREFIX) & PFX_REX_W) store<u64>(at, load<u64>(cpu + offset));
  else store<u64>(at, <u64>load<u32>(cpu + offset) | (<u64>load<u16>(cpu + selector) << 32));
}

export function fxrstor(cpu: u32, pc: u32): u32 {
  if (aligned(cpu, pc)) return FAULT;
  const p = readMemory(cpu, pc, SIZE);
  if (!p) return FAULT;
  const count = xmmCount(cpu);
  if (count && load<u32>(p + AT_MXCSR) & ~MXCSR_MASK) return raiseError(cpu, GP, 0);
  setControlAndStatus(cpu, load<u16>(p), load<u16>(p + 2));
  setShortTags(cpu, load<u8>(p + AT_FTW));
  store<u16>(cpu + FOP, load<u16>(p + AT_FOP) & 0x7ff);
  loadPointer(cpu, pc, p + AT_FIP, FIP, FCS);
  loadPointer(cpu, pc, p + AT_FDP, FDP, FDS);
  for (let i: u32 = 0; i < 8; i++) {
    const to = st(cpu, i);
    store<u64>(to, load<u64>(p + AT_ST + 16 * i));
    store<u16>(to + 8, load<u16>(p + AT_ST + 16 * i + 8));
  }
  if (count) store<u32>(cpu + MXCSR, load<u32>(p + AT_MXCSR));
  for (let i: u32 = 0; i < count; i++) v128.store(cpu + XMM + 16 * i, v128.load(p + AT_XMM + 16 * i));
  return OK;
}

function loadPointer(cpu: u32, pc: u32, at: u32, offset: u32, selector: u32): void {
  const wide = (<u32>load<u16>(pc + OP_PREFIX) & PFX_REX_W) != 0;
  store<u64>(cpu + offset, wide ? load<u64>(at) : <u64>load<u32>(at));
  store<u16>(cpu + selector, wide ? 0 : load<u16>(at + 4));
}
