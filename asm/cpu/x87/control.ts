// Instructions that steer the x87 rather than compute: execX87Control. They leave the last-instruction pointers alone.
import { FAULT, FCW, FSW, OK, RAX } from "../../layout/cpu";
import * as op from "../../generated/ops";
import { commit, readMemory, writeMemory } from "../access";
import { initialise, loadEnvironment, restoreAll, saveAll, setControl, storeEnvironment } from "./environment";
import { fxrstor, fxsave } from "./fxsave";
import { available, availableForWait, BUSY, ES, EXCEPTIONS, pending, SF } from "./state";

export function execX87Control(cpu: u32, pc: u32, operation: u32): u32 {
  const blocked = operation == op.FWAIT ? availableForWait(cpu) : available(cpu);
  if (blocked) return blocked;
  switch (operation) {
    case op.FNSTCW_M: return storeWord(cpu, pc, load<u16>(cpu + FCW));
    case op.FNSTSW_M: return storeWord(cpu, pc, load<u16>(cpu + FSW));
    case op.FNSTSW_R_16: {
      store<u16>(cpu + RAX, load<u16>(cpu + FSW));
      return OK;
    }
    case op.FNSTENV_M: return storeEnvironment(cpu, pc);
    case op.FNSAVE_M: return saveAll(cpu, pc);
    case op.FXSAVE_M: return fxsave(cpu, pc);
    case op.FXRSTOR_M: return fxrstor(cpu, pc);
    case op.FNINIT: {
      initialise(cpu);
      return OK;
    }
    case op.FNCLEX: {
      store<u16>(cpu + FSW, load<u16>(cpu + FSW) & <u16>~(EXCEPTIONS | SF | ES | BUSY));
      return OK;
    }
    default: return execWaiting(cpu, pc, operation);
  }
}

/** Those that look for pending exceptions first. */
function execWaiting(cpu: u32, pc: u32, operation: u32): u32 {
  const blocked = pending(cpu);
  if (blocked) return blocked;
  switch (operation) {
    case op.FLDCW_M: {
      const p = readMemory(cpu, pc, 2);
      if (!p) return FAULT;
      setControl(cpu, load<u16>(p));
      return OK;
    }
    case op.FLDENV_M: return loadEnvironment(cpu, pc);
    case op.FRSTOR_M: return restoreAll(cpu, pc);
    default: return OK; // FWAIT
  }
}

function storeWord(cpu: u32, pc: u32, word: u16): u32 {
  const p = writeMemory(cpu, pc, 2);
  if (!p) return FAULT;
  store<u16>(p, word);
  commit(cpu, p);
  return OK;
}
