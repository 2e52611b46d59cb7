// Breakpoints of the debug registers (Intel SDM vol. 3, 18.2–18.3): on instructions, data and I/O ports.
//
// Instruction breakpoints are faults: the loop asks `executionBreakpoint` before each instruction while STEP is set. Data
// and I/O breakpoints are traps: `noteAccess` and `notePort` collect hits in DEBUG_HITS while an instruction runs, and
// `debugTrap` raises #DB after it. A page that holds a data breakpoint gets no TLB entry (`watchesPage`), so that every
// access to it passes where it is noted. General detect (DR7.GD) is in system-debug.ts.
import { CR4, DEBUG_HITS, DR, OK, RFLAGS } from "../layout/cpu";
import { DB, raise, raiseTrap } from "./exception";
import { RF } from "./flags";

/** DR6: bits that always read 1; general detect; single step. */
export const DR6_FIXED: u32 = 0xffff0ff0;
export const DR6_BD: u32 = 0x2000;
export const DR6_BS: u32 = 0x4000;
const DR6_BREAKPOINTS: u32 = 0xf;
/** DR7: L0 G0 … L3 G3; general detect; the bit that always reads 1, and those that always read 0. */
export const DR7_ENABLES: u32 = 0xff;
export const DR7_GD: u32 = 0x2000;
export const DR7_FIXED: u32 = 0x400;
export const DR7_CLEAR: u32 = 0xd800;

const CR4_DE: u32 = 8;

/** R/W field: what a breakpoint is for. */
const EXECUTE: u32 = 0;
const WRITE: u32 = 1;
const IO: u32 = 2;
const ACCESS: u32 = 3;

@inline
function dr7(cpu: u32): u32 {
  return load<u32>(cpu + DR + 7 * 8);
}

@inline
function enabled(control: u32, n: u32): bool {
  return ((control >> (n * 2)) & 3) != 0;
}

@inline
function typeOf(control: u32, n: u32): u32 {
  return (control >> (16 + n * 4)) & 3;
}

/** Bytes that breakpoint `n` covers: LEN 0, 1, 2, 3 is 1, 2, 8, 4. */
@inline
function lengthOf(control: u32, n: u32): u64 {
  const code = (control >> (18 + n * 4)) & 3;
  return code == 2 ? 8 : <u64>code + 1;
}

/** Whether breakpoint `n` overlaps `size` bytes at `at` (a linear address or a port). */
function overlaps(cpu: u32, control: u32, n: u32, at: u64, size: u64): bool {
  const length = lengthOf(control, n);
  const start = load<u64>(cpu + DR + n * 8) & ~(length - 1);
  return at < start + length && start < at + size;
}

/** Whether a data breakpoint lies in the page of `va`. */
@inline
export function watchesPage(cpu: u32, va: u64): bool {
  return (dr7(cpu) & DR7_ENABLES) != 0 && watched(cpu, va & ~0xfff);
}

function watched(cpu: u32, page: u64): bool {
  const control = dr7(cpu);
  for (let n: u32 = 0; n < 4; n++) {
    if (enabled(control, n) && typeOf(control, n) & 1 && overlaps(cpu, control, n, page, 0x1000)) return true;
  }
  return false;
}

/** Note what the current instruction does to `size` bytes at linear address `va`. */
@inline
export function noteAccess(cpu: u32, va: u64, size: u32, write: bool): void {
  if (dr7(cpu) & DR7_ENABLES) note(cpu, va, size, write ? WRITE : ACCESS);
}

function note(cpu: u32, at: u64, size: u32, kind: u32): void {
  const control = dr7(cpu);
  let hits: u32 = 0;
  for (let n: u32 = 0; n < 4; n++) {
    const type = typeOf(control, n);
    const meant = type == kind || (kind == WRITE && type == ACCESS);
    if (enabled(control, n) && meant && overlaps(cpu, control, n, at, size)) hits |= 1 << n;
  }
  store<u32>(cpu + DEBUG_HITS, load<u32>(cpu + DEBUG_HITS) | hits);
}

/** Note that the current instruction uses a port. */
@inline
export function notePort(cpu: u32, port: u32, size: u32): void {
  if (dr7(cpu) & DR7_ENABLES && load<u32>(cpu + CR4) & CR4_DE) note(cpu, port, size, IO);
}

/**
 * Before an instruction in step mode, at linear address `linear`: forget what one that faulted hit, and answer whether this
 * one meets a breakpoint; then #DB is recorded as a fault. Not while RFLAGS.RF is set.
 */
export function executionBreakpoint(cpu: u32, linear: u64): bool {
  store<u32>(cpu + DEBUG_HITS, 0);
  const control = dr7(cpu);
  if (load<u32>(cpu + RFLAGS) & RF) return false;
  let hits: u32 = 0;
  for (let n: u32 = 0; n < 4; n++) {
    if (enabled(control, n) && typeOf(control, n) == EXECUTE && load<u64>(cpu + DR + n * 8) == linear) hits |= 1 << n;
  }
  if (!hits) return false;
  raiseDebug(cpu, hits, false);
  return true;
}

/**
 * After an instruction in step mode: record #DB as a trap (RIP is that of the next instruction) when it hit breakpoints
 * or was single-stepped. Returns OK or FAULT.
 */
export function debugTrap(cpu: u32, stepped: bool): u32 {
  const hits = load<u32>(cpu + DEBUG_HITS) | (stepped ? DR6_BS : 0);
  store<u32>(cpu + DEBUG_HITS, 0);
  return hits ? raiseDebug(cpu, hits, true) : OK;
}

/** Record #DB with its causes in DR6. General detect is switched off for the handler (Intel SDM vol. 3, 18.2.4). */
export function raiseDebug(cpu: u32, causes: u32, trap: bool): u32 {
  const status = cpu + DR + 6 * 8;
  store<u64>(status, <u64>((load<u32>(status) & ~DR6_BREAKPOINTS) | causes));
  store<u64>(cpu + DR + 7 * 8, <u64>(dr7(cpu) & ~DR7_GD));
  return trap ? raiseTrap(cpu, DB, false) : raise(cpu, DB);
}
