// Instruction pointers from decoded operations: an operation knows only its offset in the page.
import { MODE, MODE_D32, MODE_LONG64, RIP, RIP_BASE } from "../layout/cpu";
import { OP_LEN, OP_PAGE_OFFSET } from "../layout/op";

/** Cut an instruction pointer to the width of the current code segment. */
export function wrapRip(cpu: u32, rip: u64): u64 {
  const mode = load<u32>(cpu, MODE);
  if (mode & MODE_LONG64) return rip;
  return mode & MODE_D32 ? rip & 0xffffffff : rip & 0xffff;
}

/** RIP of the operation itself. */
export function currentRip(cpu: u32, pc: u32): u64 {
  return wrapRip(cpu, load<u64>(cpu, RIP_BASE) + load<u16>(pc, OP_PAGE_OFFSET));
}

/** RIP of the instruction after it. */
export function nextRip(cpu: u32, pc: u32): u64 {
  return wrapRip(cpu, load<u64>(cpu, RIP_BASE) + load<u16>(pc, OP_PAGE_OFFSET) + load<u8>(pc, OP_LEN));
}

/** Go on after this operation by way of a look-up: stores RIP. */
export function storeNextRip(cpu: u32, pc: u32): void {
  store<u64>(cpu, nextRip(cpu, pc), RIP);
}
