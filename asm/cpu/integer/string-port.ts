// INS and OUTS: DX names the port, elements are at most 4 bytes. Memory is checked before the port is touched, for a port
// access cannot be taken back.
import { FAULT, OK, RDI, RDX, RSI } from "../../layout/cpu";
import { commit } from "../access";
import { afterPort, ioAllowed, portRead, portWrite } from "../pio";
import { addressMask } from "./operand";
import { exhausted, finished, pause, remaining, repeated, sourceElement, step, targetElement } from "./string-unit";

export function inString<T>(cpu: u32, pc: u32): u32 {
  return portString<T>(cpu, pc, false);
}

export function outString<T>(cpu: u32, pc: u32): u32 {
  return portString<T>(cpu, pc, true);
}

@inline
function portString<T>(cpu: u32, pc: u32, out: bool): u32 {
  const mask = addressMask(pc);
  const port = <u32>load<u16>(cpu + RDX);
  if (!repeated(pc)) {
    const answer = out ? outElement<T>(cpu, pc, mask, port) : inElement<T>(cpu, mask, port);
    return answer == OK ? afterPort(cpu, pc) : FAULT;
  }
  for (let work: u32 = 0; remaining(cpu, mask) != 0; work++) {
    if (exhausted(cpu, work)) return pause(cpu, pc);
    const answer = out ? outElement<T>(cpu, pc, mask, port) : inElement<T>(cpu, mask, port);
    if (answer != OK) return FAULT;
    finished(cpu, mask, 1);
  }
  return afterPort(cpu, pc);
}

function inElement<T>(cpu: u32, mask: u64, port: u32): u32 {
  if (ioAllowed(cpu, port, sizeof<T>()) != OK) return FAULT;
  const to = targetElement(cpu, mask, sizeof<T>());
  if (!to) return FAULT;
  store<T>(to, <T>portRead(cpu, port, sizeof<T>()));
  commit(cpu, to);
  step(cpu, RDI, mask, sizeof<T>());
  return OK;
}

function outElement<T>(cpu: u32, pc: u32, mask: u64, port: u32): u32 {
  if (ioAllowed(cpu, port, sizeof<T>()) != OK) return FAULT;
  const from = sourceElement(cpu, pc, mask, sizeof<T>());
  if (!from) return FAULT;
  portWrite(cpu, port, sizeof<T>(), <u32>load<T>(from));
  step(cpu, RSI, mask, sizeof<T>());
  return OK;
}
