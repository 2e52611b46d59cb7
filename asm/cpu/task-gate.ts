// Task gates (Intel SDM vol. 3, 7.2.5): from CALL and JMP, and from the IDT.
import { FAULT } from "../layout/cpu";
import { attributesOf, fetchDescriptor, isNull, PRESENT, selectorFault } from "./descriptor";
import { GP, NP } from "./exception";
import { isAvailableTask, switchTask } from "./task";

/** Switch to the task that a (present, permitted) task gate names. Returns as switchTask does. */
export function switchByGate(cpu: u32, gate: u64, how: u32, rip: u64, flags: u32): u32 {
  const selector = <u32>(gate >> 16) & 0xffff;
  if (selector & 4 || isNull(selector)) return selectorFault(cpu, GP, selector);
  const at = fetchDescriptor(cpu, selector, GP);
  if (!at) return FAULT;
  const descriptor = load<u64>(at);
  const attributes = attributesOf(descriptor);
  if (!isAvailableTask(attributes)) return selectorFault(cpu, GP, selector);
  if (!(attributes & PRESENT)) return selectorFault(cpu, NP, selector);
  return switchTask(cpu, selector, descriptor, how, rip, flags);
}
