// What system instructions share: the check for privilege level 0, and ways to go on.
import { CPL, JUMP, OK, PENDING } from "../layout/cpu";
import { storeNextRip } from "./rip";

/** Whether privileged instructions raise #GP(0). */
@inline
export function unprivileged(cpu: u32): bool {
  return load<u32>(cpu + CPL) != 0;
}

/** Go on after an instruction that may have made an interrupt deliverable: the loop looks if one is pending. */
export function goOn(cpu: u32, pc: u32): u32 {
  if (!load<u32>(cpu + PENDING)) return OK;
  storeNextRip(cpu, pc);
  return JUMP;
}

/** Go on after an instruction that changed how code is found or decoded. */
export function goOnAfresh(cpu: u32, pc: u32): u32 {
  storeNextRip(cpu, pc);
  return JUMP;
}
