// Interrupts and exceptions in long mode: 16-byte gates, 64-bit frames, the interrupt stack table (Intel SDM vol. 3, 6.14;
// AMD APM vol. 2, 8.9). The way into a 64-bit kernel, so kept apart from what older modes need.
import {
  CPL, CS, EXC_HAS_ERROR, EXC_SOFTWARE, FAULT, IDT_BASE, IDT_LIMIT, OK, RIP, RSP, SEG_SELECTOR, SS, TLB_NOW,
} from "../layout/cpu";
import { commit } from "./access";
import {
  attributesOf, BIG, CODE, CONFORMING, dplOf, fetchDescriptor, GATE_32, GATE_TRAP, INTERRUPT_GATE16, isNull, LONG,
  markAccessed, NEW_CS, NOT_SYSTEM, PRESENT, segment, selectorFault, TYPE, unpackAccessed, wideRead,
} from "./descriptor";
import { enterCode } from "./enter-code";
import { GP, NP, raiseError } from "./exception";
import { longFrame, longStack } from "./far-stack";
import { IF, NT, RF, setFlags, TF, VM } from "./flags";
import { canonical, NOWHERE } from "./linear";
import { savedFlags } from "./saved-flags";
import { setNullStack } from "./segment";
import { systemTlb } from "./tlb";

const INTERRUPT_GATE: u32 = INTERRUPT_GATE16 | GATE_32;
/** Offset of IST1 in the task state segment, less the 8 bytes that IST 0 would take; and of RSP0. */
const TSS_IST: u32 = 0x1c;
const TSS_RSP: u32 = 0x04;

/** Deliver `vector` with `error` if `kind` (EXC_*) says so. Returns OK, or FAULT with nothing changed. */
export function deliverLong(cpu: u32, vector: u32, error: u32, kind: u32): u32 {
  const gateError = vector * 8 + 2;
  if (vector * 16 + 15 > load<u32>(cpu + IDT_LIMIT)) return raiseError(cpu, GP, gateError);
  const gate = wideRead(cpu, systemTlb(cpu), load<u64>(cpu + IDT_BASE) + vector * 16, 16, GP);
  if (!gate) return FAULT;
  const low = load<u64>(gate);
  const target = (low & 0xffff) | ((low >> 32) & 0xffff0000) | (load<u64>(gate, 8) << 32);
  const attributes = attributesOf(low);
  const cpl = load<u32>(cpu + CPL);
  if ((attributes & (NOT_SYSTEM | TYPE) & ~GATE_TRAP) != INTERRUPT_GATE) return raiseError(cpu, GP, gateError);
  if (kind & EXC_SOFTWARE && dplOf(attributes) < cpl) return raiseError(cpu, GP, gateError);
  if (!(attributes & PRESENT)) return raiseError(cpu, NP, gateError);

  const selector = <u32>(low >> 16) & 0xffff;
  if (isNull(selector)) return raiseError(cpu, GP, 0);
  const at = fetchDescriptor(cpu, selector, GP);
  if (!at) return FAULT;
  const descriptor = load<u64>(at);
  const code = attributesOf(descriptor);
  if ((code & (NOT_SYSTEM | CODE | LONG | BIG)) != (NOT_SYSTEM | CODE | LONG)) return selectorFault(cpu, GP, selector);
  if (dplOf(code) > cpl) return selectorFault(cpu, GP, selector);
  if (!(code & PRESENT)) return selectorFault(cpu, NP, selector);
  if (!markAccessed(cpu, selector, descriptor)) return FAULT;
  const level = code & CONFORMING ? cpl : dplOf(code);

  let rsp = load<u64>(cpu + RSP);
  const ist = <u32>(low >> 32) & 7;
  if (ist != 0 || level != cpl) {
    rsp = longStack(cpu, ist != 0 ? TSS_IST + ist * 8 : TSS_RSP + level * 8);
    if (rsp == NOWHERE) return FAULT;
  }
  if (!canonical(target)) return raiseError(cpu, GP, 0);
  const slots: u32 = kind & EXC_HAS_ERROR ? 6 : 5;
  const top = rsp & ~15;
  const frame = longFrame(cpu, level == cpl ? load<u32>(cpu + TLB_NOW) : systemTlb(cpu), top, slots, 8);
  if (!frame) return FAULT;
  const flags = savedFlags(cpu, vector, kind);
  const ss = segment(cpu, SS);
  const return_ = frame + (slots - 5) * 8;
  if (kind & EXC_HAS_ERROR) store<u64>(frame, <u64>error);
  store<u64>(return_, load<u64>(cpu + RIP));
  store<u64>(return_, <u64>load<u32>(segment(cpu, CS) + SEG_SELECTOR), 8);
  store<u64>(return_, <u64>flags, 16);
  store<u64>(return_, load<u64>(cpu + RSP), 24);
  store<u64>(return_, <u64>load<u32>(ss + SEG_SELECTOR), 32);
  commit(cpu, frame);

  store<u64>(cpu + RSP, top - slots * 8);
  if (level != cpl) {
    setNullStack(ss, level, level);
    store<u32>(cpu + CPL, level);
  }
  setFlags(cpu, flags & ~(TF | NT | RF | VM | (attributes & GATE_TRAP ? 0 : IF)));
  unpackAccessed(cpu + NEW_CS, (selector & 0xfffc) | level, descriptor);
  enterCode(cpu, target);
  return OK;
}
