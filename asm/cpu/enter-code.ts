// Where transfers of every kind end: a new code segment and instruction pointer, and the mode that follows from them.
import { CS, JUMP, RIP } from "../layout/cpu";
import { NEW_CS } from "./descriptor";
import { updateMode } from "./mode";
import { loadRealSegment, setCode } from "./segment";

/** Continue at `selector:rip` in real-address or virtual-8086 mode. */
export function enterReal(cpu: u32, selector: u32, rip: u64): u32 {
  loadRealSegment(cpu, CS, selector);
  store<u64>(cpu + RIP, rip);
  updateMode(cpu);
  return JUMP;
}

/** Continue at `rip` in the code segment in NEW_CS. */
export function enterCode(cpu: u32, rip: u64): u32 {
  setCode(cpu, cpu + NEW_CS);
  store<u64>(cpu + RIP, rip);
  updateMode(cpu);
  return JUMP;
}
