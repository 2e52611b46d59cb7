// Decimal adjustment, outside 64-bit mode only (Intel SDM vol. 2). What the manuals leave undefined is as Zen 4 does it.
import { OK, RAX } from "../../layout/cpu";
import { DE, raise } from "../exception";
import { AF, CF, flagsLogic, getAF, getCF, getFlags, OF, setArithmetic } from "../flags";

/** DAA: AL after an addition of packed digits. */
export function adjustAdd(cpu: u32): u32 {
  const al = <u32>load<u8>(cpu + RAX);
  const half = getAF(cpu) != 0 || (al & 15) > 9;
  const whole = getCF(cpu) != 0 || al > 0x99;
  return adjusted(cpu, al + (half ? 6 : 0) + (whole ? 0x60 : 0), half, whole);
}

/** DAS: AL after a subtraction of packed digits. */
export function adjustSubtract(cpu: u32): u32 {
  const al = <u32>load<u8>(cpu + RAX);
  const half = getAF(cpu) != 0 || (al & 15) > 9;
  const whole = getCF(cpu) != 0 || al > 0x99;
  return adjusted(cpu, al - (half ? 6 : 0) - (whole ? 0x60 : 0), half, whole || (half && al < 6));
}

function adjusted(cpu: u32, result: u32, half: bool, carry: bool): u32 {
  store<u8>(cpu + RAX, <u8>result);
  flagsLogic<u8>(cpu, <u8>result);
  setArithmetic(cpu, (getFlags(cpu) & ~(AF | CF)) | (half ? AF : 0) | (carry ? CF : 0));
  return OK;
}

/** AAA: AX after an addition of unpacked digits. */
export function adjustAsciiAdd(cpu: u32): u32 {
  const adjust = getAF(cpu) != 0 || (load<u8>(cpu + RAX) & 15) > 9;
  return unpacked(cpu, adjust, adjust ? 0x106 : 0);
}

/** AAS: AX after a subtraction of unpacked digits. */
export function adjustAsciiSubtract(cpu: u32): u32 {
  const adjust = getAF(cpu) != 0 || (load<u8>(cpu + RAX) & 15) > 9;
  return unpacked(cpu, adjust, adjust ? <u32>-0x106 : 0);
}

function unpacked(cpu: u32, adjust: bool, difference: u32): u32 {
  const ax = <u32>load<u16>(cpu + RAX) + difference;
  store<u16>(cpu + RAX, <u16>(ax & 0xff0f));
  flagsLogic<u8>(cpu, <u8>ax);
  setArithmetic(cpu, (getFlags(cpu) & ~(AF | CF | OF)) | (adjust ? AF | CF : 0));
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
  const al = <u32>load<u8>(cpu + RAX);
  const result = al + <u32>load<u8>(cpu + RAX + 1) * base;
  store<u16>(cpu + RAX, <u16>(result & 0xff));
  flagsLogic<u8>(cpu, <u8>result);
  return OK;
}
