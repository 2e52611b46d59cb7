// Delivery of exceptions and interrupts (Intel SDM vol. 3, chapter 6). Each attempt (interrupt-long.ts, -legacy.ts, -real.ts)
// changes nothing unless it succeeds, a switch to another task excepted; a fault while delivering leads to that fault, to a
// double fault, or to shutdown.
import {
  COUNT_EXCEPTION, CR0, EXC_ERROR, EXC_EXTERNAL, EXC_FLAGS, EXC_HAS_ERROR, EXC_SOFTWARE, EXC_TRAP, EXC_VECTOR, EXIT,
  EXIT_REASON, EXIT_SHUTDOWN, FAULT, JUMP, MODE, MODE_V86, OK, RIP, SHADOW, STEP_OF, STEP_TF,
} from "../layout/cpu";
import { longMode } from "./descriptor";
import { DE, DF, GP, PF, raiseError, TS } from "./exception";
import { getFlags, IOPL } from "./flags";
import { deliverLegacy } from "./interrupt-legacy";
import { deliverLong } from "./interrupt-long";
import { deliverReal } from "./interrupt-real";
import { currentRip, nextRip } from "./rip";

const CR0_PE: u32 = 1;
/** In an error code: the event was not the program's own doing. */
const ERROR_EXT: u32 = 1;

/**
 * Deliver the exception recorded in EXC_*; RIP is the instruction pointer to be saved.
 * Returns OK, or EXIT with EXIT_SHUTDOWN after a triple fault.
 */
export function deliver(cpu: u32): u32 {
  store<u32>(cpu + COUNT_EXCEPTION, load<u32>(cpu + COUNT_EXCEPTION) + 1);
  return deliverSurely(cpu, load<u32>(cpu + EXC_VECTOR), load<u32>(cpu + EXC_ERROR), load<u32>(cpu + EXC_FLAGS));
}

/** Deliver an external interrupt: `vector` 0–255, or NMI. Returns as deliver does. */
export function interrupt(cpu: u32, vector: u32): u32 {
  return deliverSurely(cpu, vector, 0, EXC_EXTERNAL);
}

/**
 * INT n, INT3, INTO and INT1 at `pc`: `kind` is EXC_SOFTWARE, or EXC_TRAP for INT1, which no gate's DPL holds back. A fault
 * of the delivery is the instruction's own fault.
 */
export function softwareInterrupt(cpu: u32, pc: u32, vector: u32, kind: u32): u32 {
  store<u64>(cpu + RIP, nextRip(cpu, pc));
  const result = deliverOnce(cpu, vector, 0, kind);
  if (result == OK) {
    // Delivery cleared TF: the handler's first instruction is not stepped over (Intel SDM vol. 2, INT n).
    store<u32>(cpu + STEP_OF, load<u32>(cpu + STEP_OF) & ~STEP_TF);
    return JUMP;
  }
  if (result != FAULT) return deliver(cpu) == OK ? JUMP : EXIT;
  if (!(kind & EXC_SOFTWARE)) markExternal(cpu);
  store<u64>(cpu + RIP, currentRip(cpu, pc));
  return FAULT;
}

/** INT n in virtual-8086 mode is for IOPL 3 alone (Intel SDM vol. 3, 20.2.7). */
export function vectoredInterrupt(cpu: u32, pc: u32, vector: u32): u32 {
  if (load<u32>(cpu + MODE) & MODE_V86 && (getFlags(cpu) & IOPL) != IOPL) return raiseError(cpu, GP, 0);
  return softwareInterrupt(cpu, pc, vector, EXC_SOFTWARE);
}

function deliverSurely(cpu: u32, vector: u32, error: u32, kind: u32): u32 {
  store<u32>(cpu + SHADOW, 0);
  while (deliverOnce(cpu, vector, error, kind) != OK) {
    const processor = !(kind & (EXC_EXTERNAL | EXC_SOFTWARE));
    if (processor && vector == DF) {
      store<u32>(cpu + EXIT_REASON, EXIT_SHUTDOWN);
      return EXIT;
    }
    if (!(kind & EXC_SOFTWARE)) markExternal(cpu);
    const second = load<u32>(cpu + EXC_VECTOR);
    if (processor && makesDouble(vector, second)) {
      vector = DF;
      error = 0;
      kind = EXC_HAS_ERROR;
    } else {
      vector = second;
      error = load<u32>(cpu + EXC_ERROR);
      kind = load<u32>(cpu + EXC_FLAGS);
    }
  }
  return OK;
}

/** The error code of a fault met while delivering an external event or an exception says so; a page fault's has no such bit. */
function markExternal(cpu: u32): void {
  if (load<u32>(cpu + EXC_FLAGS) & EXC_HAS_ERROR && load<u32>(cpu + EXC_VECTOR) != PF) {
    store<u32>(cpu + EXC_ERROR, load<u32>(cpu + EXC_ERROR) | ERROR_EXT);
  }
}

/** Table 6-5: #DE and #TS #NP #SS #GP contribute to a double fault; after a page fault so does another page fault. */
function makesDouble(first: u32, second: u32): bool {
  if (first == PF) return second == PF || isContributory(second);
  return isContributory(first) && isContributory(second);
}

function isContributory(vector: u32): bool {
  return vector == DE || (vector >= TS && vector <= GP);
}

function deliverOnce(cpu: u32, vector: u32, error: u32, kind: u32): u32 {
  if (longMode(cpu)) return deliverLong(cpu, vector, error, kind);
  return load<u32>(cpu + CR0) & CR0_PE ? deliverLegacy(cpu, vector, error, kind) : deliverReal(cpu, vector);
}
