// Whether SIMD instructions may run, and where their operands are. Sources are addresses in linear memory, whether the
// operand is a register or memory; 0 means that a fault was recorded.
//
// A memory form gets its address and then falls through to the register form:
//
//   let p = second(cpu, pc);
//   switch (code) {
//     case op.PADDB_RM: if (!(p = vectorMemory(cpu, pc))) return FAULT;
//     case op.PADDB_RR: … load from p …
//   }
import { CR0, CR4, FSW, FTW, TLB_NOW } from "../../layout/cpu";
import { OP_DST, OP_SRC } from "../../layout/op";
import { operandLinear, operandVector, readLinear, writeLinear } from "../access";
import { GP, MF, NM, raise, raiseError, UD } from "../exception";
import { NOWHERE } from "../linear";

const CR0_EM: u32 = 4;
const CR0_TS: u32 = 8;
const CR4_OSFXSR: u32 = 0x200;
/** An unmasked x87 exception is pending. */
const FSW_ES: u32 = 0x80;

/** True when an SSE instruction must fault: `if (sseBlocked(cpu)) return refuseSse(cpu)`. */
@inline
export function sseBlocked(cpu: u32): bool {
  return ((load<u32>(cpu + CR0) & (CR0_EM | CR0_TS)) | (~load<u32>(cpu + CR4) & CR4_OSFXSR)) != 0;
}

/** #UD or #NM (Intel SDM vol. 3, table 13-1). */
export function refuseSse(cpu: u32): u32 {
  return raise(cpu, (load<u32>(cpu + CR0) & CR0_EM) || !(load<u32>(cpu + CR4) & CR4_OSFXSR) ? UD : NM);
}

/** True when an MMX instruction must fault: `if (mmxBlocked(cpu)) return refuseMmx(cpu)`. */
@inline
export function mmxBlocked(cpu: u32): bool {
  return ((load<u32>(cpu + CR0) & (CR0_EM | CR0_TS)) | (<u32>load<u16>(cpu + FSW) & FSW_ES)) != 0;
}

/** #UD, #NM or #MF (Intel SDM vol. 3, 12.1 and 12.5). */
export function refuseMmx(cpu: u32): u32 {
  const cr0 = load<u32>(cpu + CR0);
  return raise(cpu, cr0 & CR0_EM ? UD : cr0 & CR0_TS ? NM : MF);
}

/** What every MMX instruction does to the x87 state: TOP is 0, all registers are valid (Intel SDM vol. 1, 9.5.1). */
@inline
export function enterMmx(cpu: u32): void {
  store<u16>(cpu + FSW, load<u16>(cpu + FSW) & ~0x3800);
  store<u16>(cpu + FTW, 0);
}

/** Write an MMX register: exponent and sign of the x87 register become all ones. */
@inline
export function putMmx(to: u32, value: u64): void {
  store<u64>(to, value);
  store<u16>(to + 8, 0xffff);
}

/** Address of the first register operand. */
@inline
export function first(cpu: u32, pc: u32): u32 {
  return cpu + <u32>load<u16>(pc + OP_DST);
}

/** Address of the second register operand (of the only one, when the first operand is memory). */
@inline
export function second(cpu: u32, pc: u32): u32 {
  return cpu + <u32>load<u16>(pc + OP_SRC);
}

/** 16 bytes to read that must be aligned: #GP(0) otherwise. */
export function vectorMemory(cpu: u32, pc: u32): u32 {
  const va = operandLinear(cpu, pc, 16, false);
  if (va == NOWHERE) return 0;
  if (va & 15) return misaligned(cpu);
  return readLinear(cpu, load<u32>(cpu + TLB_NOW), va, 16, operandVector(cpu, pc));
}

/** 16 bytes to overwrite that must be aligned; finish with `commit`. */
export function vectorTarget(cpu: u32, pc: u32): u32 {
  const va = operandLinear(cpu, pc, 16, true);
  if (va == NOWHERE) return 0;
  if (va & 15) return misaligned(cpu);
  return writeLinear(cpu, load<u32>(cpu + TLB_NOW), va, 16, operandVector(cpu, pc));
}

function misaligned(cpu: u32): u32 {
  raiseError(cpu, GP, 0);
  return 0;
}
