// MOV to and from debug registers (Intel SDM vol. 2, MOV; vol. 3, 18.2).
import { CR4, DR, MODE, MODE_LONG64, OK } from "../layout/cpu";
import { OP_DST, OP_SRC } from "../layout/op";
import { DR6_BD, DR6_FIXED, DR7_CLEAR, DR7_FIXED, DR7_GD, raiseDebug } from "./debug";
import { GP, raise, raiseError, UD } from "./exception";
import { updateMode } from "./mode";
import { goOnAfresh, unprivileged } from "./system-common";
import { flushTlb } from "./tlb";

const CR4_DE: u32 = 8;
/** DR6 bits that can be written 0 and 1; bit 12 reads 0, the rest 1. */
const DR6_BITS: u64 = 0xe00f;

/** What keeps register `number` from being touched: OK when nothing does. DR4 and DR5 are DR6 and DR7, or do not exist. */
function check(cpu: u32, number: u32): u32 {
  const aliased = number == 4 || number == 5;
  if (number > 7 || (aliased && load<u32>(cpu + CR4) & CR4_DE)) return raise(cpu, UD);
  if (unprivileged(cpu)) return raiseError(cpu, GP, 0);
  if (load<u32>(cpu + DR + 7 * 8) & DR7_GD) return raiseDebug(cpu, DR6_BD, false);
  return OK;
}

@inline
function actual(number: u32): u32 {
  return number == 4 || number == 5 ? number + 2 : number;
}

export function readDebug(cpu: u32, pc: u32): u32 {
  const number = <u32>load<u16>(pc + OP_SRC);
  const status = check(cpu, number);
  if (status != OK) return status;
  store<u64>(cpu + load<u16>(pc + OP_DST), load<u64>(cpu + DR + actual(number) * 8));
  return OK;
}

export function writeDebug(cpu: u32, pc: u32): u32 {
  const number = <u32>load<u16>(pc + OP_DST);
  const status = check(cpu, number);
  if (status != OK) return status;
  const from = cpu + load<u16>(pc + OP_SRC);
  let value = load<u32>(cpu + MODE) & MODE_LONG64 ? load<u64>(from) : <u64>load<u32>(from);
  const index = actual(number);
  if (index >= 6) {
    if (value >> 32) return raiseError(cpu, GP, 0);
    value = index == 6 ? (value & DR6_BITS) | DR6_FIXED : (value & ~DR7_CLEAR) | DR7_FIXED;
  }
  store<u64>(cpu + DR + index * 8, value);
  // Pages with a data breakpoint must not have translations cached.
  if (index != 6) flushTlb(cpu, false);
  updateMode(cpu);
  return goOnAfresh(cpu, pc);
}
