// RFLAGS as interrupts and exceptions push them.
import { EXC_EXTERNAL, EXC_SOFTWARE, EXC_TRAP, STEP } from "../layout/cpu";
import { DB, DF } from "./exception";
import { getFlags, RF } from "./flags";

/**
 * The flags that an event saves. RF is set by faults, so that an instruction breakpoint does not stop the same instruction
 * again (17.3.1.1). Nobody clears RF after each instruction while no breakpoint is armed: then it is 0 in what others save.
 */
export function savedFlags(cpu: u32, vector: u32, kind: u32): u32 {
  const flags = getFlags(cpu);
  if (!(kind & (EXC_TRAP | EXC_EXTERNAL | EXC_SOFTWARE)) && vector != DB && vector != DF) return flags | RF;
  return load<u32>(cpu + STEP) ? flags : flags & ~RF;
}
