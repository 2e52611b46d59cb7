// Decimal adjustment, outside 64-bit mode only (Intel SDM vol. 2). What the manuals leave undefined is as Zen 4 does it.
import { OK, RAX } from "../../layout/cpu";
import { DE, raise } from "../exception";
import { AF, CF, flagsAdd, flagsLogic, flagsSub, getAF, getCF, getFlags, OF, setArithmetic } from "../flags";

/** DAA: AL after an addition of packed digits. */
export function adjustAdd(cpu: u32): u32 {
  return adjustPacked(cpu, false);
}

/** DAS: AL after a subtraction of packed digits. */
export function adjustSubtract(cpu: u32): u32 {
  return adjustPacked(cpu, true);
}

function adjustPacked(cpu: u32, subtract: bool): u32 {
  const al = <u32>load<u8>(cpu + RAX);
  const half = getAF(cpu) != 0 || (al & 15) > 9;
  const whole = getCF(cpu) != 0 || al > 0x99;
  const change: u32 = (half ? 6 : 0) + (whole ? 0x60 : 0);
  const result = subtract ? al - change : al + change;
  const overflow = (al ^ result) & ((subtract ? al : ~al) ^ change) & 0x80;
  const carry = whole || (subtract && half && al < 6);
  store<u8>(cpu + RAX, <u8>result);
  flagsLogic<u8>(cpu, <u8>result);
  setArithmetic(cpu, getFlags(cpu) | (half ? AF : 0) | (carry ? CF : 0) | (overflow ? OF : 0));
  return OK;
}

/** AAA: AX after an addition of unpacked digits. */
export function adjustAsciiAdd(cpu: u32): u32 {
  const adjust = mustAdjust(cpu);
  const ax = load<u16>(cpu + RAX);
  const result = <u16>(ax + (adjust ? 0x106 : 0));
  flagsAdd<u16>(cpu, ax, result);
  return setUnpacked(cpu, result, adjust);
}

/** AAS: AX after a subtraction of unpacked digits. */
export function adjustAsciiSubtract(cpu: u32): u32 {
  const adjust = mustAdjust(cpu);
  const ax = load<u16>(cpu + RAX);
  const result = <u16>(ax - (adjust ? 0x106 : 0));
  flagsSub<u16>(cpu, ax, result);
  return setUnpacked(cpu, result, adjust);
}

function mustAdjust(cpu: u32): bool {
  return getAF(cpu) != 0 || (load<u8>(cpu + RAX) & 15) > 9;
}

function setUnpacked(cpu: u32, ax: u16, adjusted: bool): u32 {
  store<u16>(cpu + RAX, ax & 0xff0f);
  setArithmetic(cpu, (getFlags(cpu) & ~(AF | CF)) | (adjusted ? AF | CF : 0));
  return OK;
}

/** AAM: AH and AL = quotient and remainder of AL by `base`. */
export function asciiDivide(cpu: u32, base: u32): u32 {
  if (!base) return raise(cpu, DE);
  const al = <u32>load<u8>(cpu + RAX);
  store<u8>(cpu + RAX, <u8>(al % base));
  store<u8>(cpu + RAX + 1, <u8>(al / base));
  flagsLogic<u8>(cpu, <u8>(al % base));
  return OK;
}

/** AAD: AL = AH × base + AL, AH = 0. */
export function asciiMultiply(cpu: u32, base: u32): u32 {
  const al = load<u8>(cpu + RAX);
  const result = <u8>(<u32>al + <u32>load<u8>(cpu + RAX + 1) * base);
  store<u16>(cpu + RAX, <u16>result);
  flagsAdd<u8>(cpu, al, result);
  return OK;
}
