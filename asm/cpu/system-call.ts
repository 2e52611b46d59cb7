// Fast system calls as AMD processors have them (AMD APM vol. 3, SYSCALL, SYSRET, SYSENTER, SYSEXIT; the latter two do not
// exist in long mode), and what kernels do beside them: SWAPGS, INVLPG.
import {
  CPL, CR0, CS, EFER, FS, GS, JUMP, MODE, MODE_LONG64, MSR_CSTAR, MSR_KERNEL_GS_BASE, MSR_LSTAR, MSR_SFMASK, MSR_STAR,
  MSR_SYSENTER_CS, MSR_SYSENTER_EIP, MSR_SYSENTER_ESP, OK, R11, RCX, RDX, RFLAGS, RIP, RSP, SEG, SEG_BASE, SEG_SIZE, SS,
  STEP_OF, STEP_TF,
} from "../layout/cpu";
import { OP_SEG } from "../layout/op";
import { effectiveAddress } from "./access";
import { longMode } from "./descriptor";
import { GP, raise, raiseError, UD } from "./exception";
import { getFlags, IF, RF, setFlags, TF, VM } from "./flags";
import { updateMode } from "./mode";
import { nextRip } from "./rip";
import { setFlatSegment } from "./segment";
import { goOnAfresh, unprivileged } from "./system-common";
import { flushPage } from "./tlb";

const SCE: u32 = 1;
const PE: u32 = 1;

/** Attributes of flat code and data segments for privilege level 0; DPL in bits 5–6. */
const CODE_64: u32 = 0xa09b;
const CODE_32: u32 = 0xc09b;
const DATA_32: u32 = 0xc093;
const DPL_3: u32 = 0x60;

/** Flags that SYSRET takes from R11: all that exist but RF and VM. */
const SYSRET_FLAGS: u32 = 0x3c7fd7;

@inline
function enter(cpu: u32, selector: u32, code: u32): void {
  setFlatSegment(cpu, CS, selector & 0xfffc, code);
  setFlatSegment(cpu, SS, (selector & 0xfffc) + 8, DATA_32);
  store<u32>(cpu + CPL, 0);
  updateMode(cpu);
}

/** Back to privilege level 3. SS gets its attributes too, which AMD leaves as they were, as every kernel would have them. */
@inline
function leave(cpu: u32, code: u32, codeSelector: u32, stackSelector: u32): void {
  setFlatSegment(cpu, CS, (codeSelector & 0xffff) | 3, code | DPL_3);
  setFlatSegment(cpu, SS, (stackSelector & 0xffff) | 3, DATA_32 | DPL_3);
  store<u32>(cpu + CPL, 3);
  updateMode(cpu);
}

export function syscall(cpu: u32, pc: u32): u32 {
  if (!(load<u32>(cpu + EFER) & SCE)) return raise(cpu, UD);
  const star = load<u64>(cpu + MSR_STAR);
  const flags = getFlags(cpu) & ~RF;
  const long = longMode(cpu);
  const target = !long ? star & 0xffffffff : load<u64>(cpu + (load<u32>(cpu + MODE) & MODE_LONG64 ? MSR_LSTAR : MSR_CSTAR));
  store<u64>(cpu + RCX, nextRip(cpu, pc));
  if (long) {
    store<u64>(cpu + R11, <u64>flags);
    setFlags(cpu, flags & ~load<u32>(cpu + MSR_SFMASK));
    // Single-stepping ends at the entry when the kernel masks TF: no trap after the SYSCALL.
    if (!(load<u32>(cpu + RFLAGS) & TF)) store<u32>(cpu + STEP_OF, load<u32>(cpu + STEP_OF) & ~STEP_TF);
  } else setFlags(cpu, flags & ~(IF | VM));
  enter(cpu, <u32>(star >> 32), long ? CODE_64 : CODE_32);
  store<u64>(cpu + RIP, target);
  return JUMP;
}

/** A return address that is not canonical faults when it is fetched from, at privilege level 3. */
export function sysret(cpu: u32, to64: bool): u32 {
  if (!(load<u32>(cpu + EFER) & SCE)) return raise(cpu, UD);
  if (unprivileged(cpu) || !(load<u32>(cpu + CR0) & PE)) return raiseError(cpu, GP, 0);
  const base = <u32>(load<u64>(cpu + MSR_STAR) >> 48);
  const target = load<u64>(cpu + RCX);
  setFlags(cpu, longMode(cpu) ? load<u32>(cpu + R11) & SYSRET_FLAGS : getFlags(cpu) | IF);
  leave(cpu, to64 ? CODE_64 : CODE_32, to64 ? base + 16 : base, base + 8);
  store<u64>(cpu + RIP, to64 ? target : target & 0xffffffff);
  return JUMP;
}

export function sysenter(cpu: u32): u32 {
  if (longMode(cpu)) return raise(cpu, UD);
  const selector = load<u32>(cpu + MSR_SYSENTER_CS);
  if (!(load<u32>(cpu + CR0) & PE) || !(selector & 0xfffc)) return raiseError(cpu, GP, 0);
  setFlags(cpu, getFlags(cpu) & ~(IF | VM | RF));
  enter(cpu, selector, CODE_32);
  store<u64>(cpu + RSP, <u64>load<u32>(cpu + MSR_SYSENTER_ESP));
  store<u64>(cpu + RIP, <u64>load<u32>(cpu + MSR_SYSENTER_EIP));
  return JUMP;
}

export function sysexit(cpu: u32): u32 {
  if (unprivileged(cpu)) return raiseError(cpu, GP, 0);
  if (longMode(cpu)) return raise(cpu, UD);
  const selector = load<u32>(cpu + MSR_SYSENTER_CS) & 0xffff;
  if (!(load<u32>(cpu + CR0) & PE) || !(selector & 0xfffc)) return raiseError(cpu, GP, 0);
  leave(cpu, CODE_32, selector + 16, selector + 24);
  store<u64>(cpu + RSP, <u64>load<u32>(cpu + RCX));
  store<u64>(cpu + RIP, <u64>load<u32>(cpu + RDX));
  return JUMP;
}

export function swapgs(cpu: u32): u32 {
  if (unprivileged(cpu)) return raiseError(cpu, GP, 0);
  const gs = cpu + SEG + GS * SEG_SIZE + SEG_BASE;
  const base = load<u64>(gs);
  store<u64>(gs, load<u64>(cpu + MSR_KERNEL_GS_BASE));
  store<u64>(cpu + MSR_KERNEL_GS_BASE, base);
  return OK;
}

/** INVLPG takes any address: the segment's limit is not checked, and one that is not canonical names no page. */
export function invlpg(cpu: u32, pc: u32): u32 {
  if (unprivileged(cpu)) return raiseError(cpu, GP, 0);
  const segment = <u32>load<u8>(pc + OP_SEG);
  const long = (load<u32>(cpu + MODE) & MODE_LONG64) != 0;
  const base = long && segment < FS ? 0 : load<u64>(cpu + SEG + segment * SEG_SIZE + SEG_BASE);
  const address = effectiveAddress(cpu, pc) + base;
  flushPage(cpu, long ? address : address & 0xffffffff);
  return goOnAfresh(cpu, pc);
}
