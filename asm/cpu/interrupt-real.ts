// Interrupts and exceptions in real-address mode: the vector table of far pointers (Intel SDM vol. 3, 20.1.4).
import { CS, FAULT, IDT_BASE, IDT_LIMIT, OK, RIP, RSP, SEG_LIMIT, SEG_SELECTOR, SS, TLB_NOW } from "../layout/cpu";
import { segment, wideRead } from "./descriptor";
import { enterReal } from "./enter-code";
import { GP, raiseError } from "./exception";
import { frameValue, pushFrame } from "./far-stack";
import { AC, getFlags, IF, RF, setFlags, TF } from "./flags";
import { NOWHERE } from "./linear";
import { systemTlb } from "./tlb";

export function deliverReal(cpu: u32, vector: u32): u32 {
  if (vector * 4 + 3 > load<u32>(cpu + IDT_LIMIT)) return raiseError(cpu, GP, vector * 8 + 2);
  const at = wideRead(cpu, systemTlb(cpu), (load<u64>(cpu + IDT_BASE) + vector * 4) & 0xffffffff, 4, GP);
  if (!at) return FAULT;
  const offset = <u64>load<u16>(at);
  const selector = <u32>load<u16>(at, 2);
  const cs = segment(cpu, CS);
  if (offset > <u64>load<u32>(cs + SEG_LIMIT)) return raiseError(cpu, GP, 0);
  const flags = getFlags(cpu);
  frameValue(cpu, 0, flags);
  frameValue(cpu, 1, load<u32>(cs + SEG_SELECTOR));
  frameValue(cpu, 2, load<u32>(cpu + RIP));
  const rsp = pushFrame(cpu, segment(cpu, SS), load<u32>(cpu + TLB_NOW), load<u64>(cpu + RSP), 3, 2, 0);
  if (rsp == NOWHERE) return FAULT;
  store<u64>(cpu + RSP, rsp);
  setFlags(cpu, flags & ~(IF | TF | AC | RF));
  enterReal(cpu, selector, offset);
  return OK;
}
