// PUSHF and POPF: which flags are seen and which may be changed depends on mode, CPL and IOPL (Intel SDM vol. 2, POPF).
import {
  CPL, FAULT, JUMP, MODE, MODE_REAL, MODE_V86, OK, PENDING,
} from "../../layout/cpu";
import { GP, raiseError } from "../exception";
import { AC, ARITHMETIC, DF, getFlags, ID, IF, IOPL, NT, RF, setFlags, TF, VIF, VIP, VM } from "../flags";
import { updateMode } from "../mode";
import { storeNextRip } from "../rip";
import { pop, popped, push } from "../stack";

/** In virtual-8086 mode without VME both need IOPL 3. */
function forbidden(cpu: u32): bool {
  return (load<u32>(cpu + MODE) & MODE_V86) != 0 && (getFlags(cpu) & IOPL) != IOPL;
}

export function pushFlags(cpu: u32, size: u32): u32 {
  if (forbidden(cpu)) return raiseError(cpu, GP, 0);
  return push(cpu, size, <u64>(getFlags(cpu) & ~(RF | VM)));
}

export function popFlags(cpu: u32, pc: u32, size: u32): u32 {
  if (forbidden(cpu)) return raiseError(cpu, GP, 0);
  if (pop(cpu, size) != OK) return FAULT;
  const old = getFlags(cpu);
  const changeable = changeableFlags(cpu, old) & (size == 2 ? 0xffff : 0xffffffff);
  // RF and, where VIF and VIP may not be popped, these too are cleared; a 16-bit POPF leaves the upper half.
  const cleared: u32 = size == 2 ? 0 : RF | (load<u32>(cpu + CPL) == 0 ? VIF | VIP : 0);
  const flags = (old & ~changeable & ~cleared) | (<u32>popped(cpu) & changeable);
  setFlags(cpu, flags);
  const changed = old ^ flags;
  const opened = (changed & flags & IF) != 0;
  if (changed & TF) updateMode(cpu);
  else if (!opened) return OK;
  // An interrupt that was held off may be deliverable now.
  if (opened) store<u32>(cpu + PENDING, 1);
  storeNextRip(cpu, pc);
  return JUMP;
}

function changeableFlags(cpu: u32, old: u32): u32 {
  let mask: u32 = ARITHMETIC | TF | DF | NT | AC | ID;
  const mode = load<u32>(cpu + MODE);
  const cpl = load<u32>(cpu + CPL);
  if (mode & MODE_V86) return mask | IF;
  if (mode & MODE_REAL || cpl == 0) return mask | IF | IOPL;
  if (cpl <= (old & IOPL) >> 12) mask |= IF;
  return mask;
}
