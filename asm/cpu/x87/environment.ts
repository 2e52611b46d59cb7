// Control word, status word and environment in memory (Intel SDM vol. 1, 8.1.10): FLDENV, FNSTENV, FNSAVE, FRSTOR.
import {
  FAULT, FCS, FCW, FDP, FDS, FIP, FOP, FPR, FSW, FTW, MODE, MODE_REAL, OK,
} from "../../layout/cpu";
import { OP_PREFIX, PFX_OPERAND_SHIFT } from "../../layout/op";
import { commit, readMemory, writeMemory } from "../access";
import { EXCEPTIONS, EXPONENT, INTEGER_BIT, st, summarised } from "./state";

const FCW_WRITABLE: u32 = 0x1f3f;
/** Reads as 1 whatever was written. */
const FCW_ONE: u32 = 0x40;
const FCW_INITIAL: u16 = 0x37f;
const FOP_MASK: u32 = 0x7ff;

/** Set the control word, and the summary bits that follow from it. */
export function setControl(cpu: u32, fcw: u32): void {
  setControlAndStatus(cpu, fcw, load<u16>(cpu + FSW));
}

export function setControlAndStatus(cpu: u32, fcw: u32, fsw: u32): void {
  const control = (fcw & FCW_WRITABLE) | FCW_ONE;
  store<u16>(cpu + FCW, <u16>control);
  store<u16>(cpu + FSW, <u16>summarised(fsw, control));
}

/** FNINIT (Intel SDM vol. 1, 8.1.4; the registers' contents stay). */
export function initialise(cpu: u32): void {
  store<u16>(cpu + FCW, FCW_INITIAL);
  store<u16>(cpu + FSW, 0);
  store<u16>(cpu + FTW, 0xffff);
  store<u16>(cpu + FOP, 0);
  store<u64>(cpu + FIP, 0);
  store<u64>(cpu + FDP, 0);
  store<u16>(cpu + FCS, 0);
  store<u16>(cpu + FDS, 0);
}

/** The tag word with valid (0), zero (1), special (2) and empty (3) told apart, as memory shows it. */
function fullTags(cpu: u32): u32 {
  const kept = <u32>load<u16>(cpu + FTW);
  let tags: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) tags |= tagOf(cpu + FPR + i * 16, (kept >> (2 * i)) & 3) << (2 * i);
  return tags;
}

function tagOf(at: u32, kept: u32): u32 {
  if (kept == 3) return 3;
  const exp = <u32>load<u16>(at + 8) & EXPONENT;
  const sig = load<u64>(at);
  if (exp == 0 && sig == 0) return 1;
  return exp == 0 || exp == EXPONENT || sig < INTEGER_BIT ? 2 : 0;
}

/** Tags from memory: only empty or not counts. */
function setTags(cpu: u32, tags: u32): void {
  const empty = tags & (tags >> 1) & 0x5555;
  store<u16>(cpu + FTW, <u16>(empty | (empty << 1)));
}

@inline
function isWide(pc: u32): bool {
  return ((<u32>load<u16>(pc + OP_PREFIX) >> PFX_OPERAND_SHIFT) & 3) != 0;
}

@inline
function environmentSize(pc: u32): u32 {
  return isWide(pc) ? 28 : 14;
}

/** Write the environment in the layout that operand size and mode call for. */
function writeEnvironment(cpu: u32, pc: u32, p: u32): void {
  if (isWide(pc)) writeWide(cpu, p);
  else writeNarrow(cpu, p);
}

function writeWide(cpu: u32, p: u32): void {
  store<u32>(p, 0xffff0000 | <u32>load<u16>(cpu + FCW));
  store<u32>(p + 4, 0xffff0000 | <u32>load<u16>(cpu + FSW));
  store<u32>(p + 8, 0xffff0000 | fullTags(cpu));
  const fop = <u32>load<u16>(cpu + FOP) & FOP_MASK;
  if (load<u32>(cpu + MODE) & MODE_REAL) {
    const ip = linearPointer(cpu, FIP, FCS);
    const dp = linearPointer(cpu, FDP, FDS);
    store<u32>(p + 12, 0xffff0000 | ip);
    store<u32>(p + 16, ((ip >> 16) << 12) | fop);
    store<u32>(p + 20, 0xffff0000 | dp);
    store<u32>(p + 24, (dp >> 16) << 12);
    return;
  }
  store<u32>(p + 12, load<u32>(cpu + FIP));
  store<u32>(p + 16, (fop << 16) | <u32>load<u16>(cpu + FCS));
  store<u32>(p + 20, load<u32>(cpu + FDP));
  store<u32>(p + 24, 0xffff0000 | <u32>load<u16>(cpu + FDS));
}

function writeNarrow(cpu: u32, p: u32): void {
  store<u16>(p, load<u16>(cpu + FCW));
  store<u16>(p + 2, load<u16>(cpu + FSW));
  store<u16>(p + 4, <u16>fullTags(cpu));
  if (load<u32>(cpu + MODE) & MODE_REAL) {
    const ip = linearPointer(cpu, FIP, FCS);
    const dp = linearPointer(cpu, FDP, FDS);
    store<u16>(p + 6, <u16>ip);
    store<u16>(p + 8, <u16>(((ip >> 4) & 0xf000) | (<u32>load<u16>(cpu + FOP) & FOP_MASK)));
    store<u16>(p + 10, <u16>dp);
    store<u16>(p + 12, <u16>((dp >> 4) & 0xf000));
    return;
  }
  store<u16>(p + 6, load<u16>(cpu + FIP));
  store<u16>(p + 8, load<u16>(cpu + FCS));
  store<u16>(p + 10, load<u16>(cpu + FDP));
  store<u16>(p + 12, load<u16>(cpu + FDS));
}

/** Real-mode layouts hold linear addresses in place of selector and offset. */
@inline
function linearPointer(cpu: u32, offset: u32, selector: u32): u32 {
  return (<u32>load<u16>(cpu + selector) << 4) + load<u32>(cpu + offset);
}

function readEnvironment(cpu: u32, pc: u32, p: u32): void {
  if (isWide(pc)) readWide(cpu, p);
  else readNarrow(cpu, p);
}

function readWide(cpu: u32, p: u32): void {
  setControlAndStatus(cpu, load<u16>(p), load<u16>(p + 4));
  setTags(cpu, load<u16>(p + 8));
  const second = load<u32>(p + 16);
  if (load<u32>(cpu + MODE) & MODE_REAL) {
    const ip = <u32>load<u16>(p + 12) | ((second << 4) & 0xffff0000);
    const dp = <u32>load<u16>(p + 20) | ((load<u32>(p + 24) << 4) & 0xffff0000);
    setPointers(cpu, second, ip, 0, dp, 0);
    return;
  }
  setPointers(cpu, second >> 16, load<u32>(p + 12), second, load<u32>(p + 20), load<u16>(p + 24));
}

function readNarrow(cpu: u32, p: u32): void {
  setControlAndStatus(cpu, load<u16>(p), load<u16>(p + 2));
  setTags(cpu, load<u16>(p + 4));
  const ip = <u32>load<u16>(p + 6);
  const second = <u32>load<u16>(p + 8);
  const dp = <u32>load<u16>(p + 10);
  const last = <u32>load<u16>(p + 12);
  if (load<u32>(cpu + MODE) & MODE_REAL) {
    setPointers(cpu, second, ip | ((second & 0xf000) << 4), 0, dp | ((last & 0xf000) << 4), 0);
  } else setPointers(cpu, 0, ip, second, dp, last);
}

function setPointers(cpu: u32, fop: u32, fip: u32, fcs: u32, fdp: u32, fds: u32): void {
  store<u16>(cpu + FOP, <u16>(fop & FOP_MASK));
  store<u64>(cpu + FIP, fip);
  store<u16>(cpu + FCS, <u16>fcs);
  store<u64>(cpu + FDP, fdp);
  store<u16>(cpu + FDS, <u16>fds);
}

/** FNSTENV: all exceptions are masked afterwards. */
export function storeEnvironment(cpu: u32, pc: u32): u32 {
  const p = writeMemory(cpu, pc, environmentSize(pc));
  if (!p) return FAULT;
  writeEnvironment(cpu, pc, p);
  commit(cpu, p);
  setControl(cpu, <u32>load<u16>(cpu + FCW) | EXCEPTIONS);
  return OK;
}

/** FLDENV. */
export function loadEnvironment(cpu: u32, pc: u32): u32 {
  const p = readMemory(cpu, pc, environmentSize(pc));
  if (!p) return FAULT;
  readEnvironment(cpu, pc, p);
  return OK;
}

/** FNSAVE: environment and registers, ST(0) first; then FNINIT. */
export function saveAll(cpu: u32, pc: u32): u32 {
  const size = environmentSize(pc);
  const p = writeMemory(cpu, pc, size + 80);
  if (!p) return FAULT;
  writeEnvironment(cpu, pc, p);
  for (let i: u32 = 0; i < 8; i++) {
    const from = st(cpu, i);
    store<u64>(p + size + i * 10, load<u64>(from));
    store<u16>(p + size + i * 10 + 8, load<u16>(from + 8));
  }
  commit(cpu, p);
  initialise(cpu);
  return OK;
}

/** FRSTOR. */
export function restoreAll(cpu: u32, pc: u32): u32 {
  const size = environmentSize(pc);
  const p = readMemory(cpu, pc, size + 80);
  if (!p) return FAULT;
  readEnvironment(cpu, pc, p);
  for (let i: u32 = 0; i < 8; i++) {
    const to = st(cpu, i);
    store<u64>(to, load<u64>(p + size + i * 10));
    store<u16>(to + 8, load<u16>(p + size + i * 10 + 8));
  }
  return OK;
}

/** One bit a physical register, 1 for non-empty, as FXSAVE has it. */
export function shortTags(cpu: u32): u32 {
  const kept = <u32>load<u16>(cpu + FTW);
  let tags: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) tags |= u32(((kept >> (2 * i)) & 3) != 3) << i;
  return tags;
}

export function setShortTags(cpu: u32, tags: u32): void {
  let full: u32 = 0;
  for (let i: u32 = 0; i < 8; i++) full |= (tags >> i) & 1 ? 0 : 3 << (2 * i);
  store<u16>(cpu + FTW, <u16>full);
}
