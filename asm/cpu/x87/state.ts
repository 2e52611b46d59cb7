// The x87 register stack and how an instruction's exceptions become state (Intel SDM vol. 1, 8.1 and 8.4–8.7).
//
// An instruction starts with no exceptions noted (`begin`), computes its result while noting exceptions and condition
// codes in X_FLAGS, then `settle`s them into the status word and learns whether its result may be delivered. Extended
// values travel as (sign and exponent: u32, significand: u64); a function that makes one returns the significand and
// leaves sign and exponent in X_SE.
//
// An unmasked exception is latched by the ES bit and raised as #MF before the next waiting instruction. With CR0.NE clear
// it is #MF as well: the FERR# pin and IRQ 13 of the AT (Intel SDM vol. 1, D.2) are not modelled. Where Intel and AMD
// differ (condition codes left alone, undocumented aliases, operands out of range), this is an AMD processor.
import {
  CR0, CS, FCS, FCW, FDP, FDS, FIP, FOP, FPR, FSW, FTW, OK, RIP_BASE, SCRATCH, SEG, SEG_SELECTOR, SEG_SIZE, TLB_NOW,
} from "../../layout/cpu";
import { EA_FLAT32, OP_EA, OP_PAGE_OFFSET, OP_SEG, OP_SRC } from "../../layout/op";
import { effectiveAddress, operandVector, readLinear, writeLinear } from "../access";
import { MF, NM, raise } from "../exception";
import { NOWHERE } from "../linear";
import { segmentAddress } from "../segment-check";

/** Scratch of x87 instructions: sign and exponent of the value just made, exceptions noted. */
export const X_SE: u32 = SCRATCH;
export const X_FLAGS: u32 = SCRATCH + 0x04;
/** A second result: significand, sign and exponent. */
export const X_SIG2: u32 = SCRATCH + 0x08;
export const X_SE2: u32 = SCRATCH + 0x10;
/** From here on the transcendentals' own, see fixed.ts. */
export const X_WIDE: u32 = SCRATCH + 0x20;

/** Status word. Exceptions have the same place in the control word, as masks. */
export const IE: u32 = 0x01;
export const DE: u32 = 0x02;
export const ZE: u32 = 0x04;
export const OE: u32 = 0x08;
export const UE: u32 = 0x10;
export const PE: u32 = 0x20;
export const SF: u32 = 0x40;
export const ES: u32 = 0x80;
export const C0: u32 = 0x0100;
export const C1: u32 = 0x0200;
export const C2: u32 = 0x0400;
export const C3: u32 = 0x4000;
export const BUSY: u32 = 0x8000;
/** Noted beside them: there are quotient bits. */
export const QUOTIENT: u32 = 0x10000;
export const CONDITIONS: u32 = C0 | C1 | C2 | C3;
export const EXCEPTIONS: u32 = 0x3f;
/** Exceptions found before anything is computed: unmasked, they leave the destination alone. */
const BEFORE: u32 = IE | DE | ZE;

export const SIGN: u32 = 0x8000;
export const EXPONENT: u32 = 0x7fff;
export const BIAS: i32 = 0x3fff;
export const INTEGER_BIT: u64 = 0x8000000000000000;
export const QUIET_BIT: u64 = 0x4000000000000000;
/** Default NaN ("real indefinite", Intel SDM vol. 1, 4.8.3.7). */
export const INDEFINITE_SE: u32 = 0xffff;
export const INDEFINITE_SIG: u64 = 0xc000000000000000;

const CR0_MP: u32 = 2;
const CR0_EM: u32 = 4;
const CR0_TS: u32 = 8;

/** #NM while the x87 is emulated or not this task's (Intel SDM vol. 3, 2.5). OK or FAULT. */
@inline
export function available(cpu: u32): u32 {
  if (load<u32>(cpu + CR0) & (CR0_EM | CR0_TS)) return raise(cpu, NM);
  return OK;
}

/** The same for WAIT, which looks at TS only with MP. */
@inline
export function availableForWait(cpu: u32): u32 {
  if ((load<u32>(cpu + CR0) & (CR0_MP | CR0_TS)) == (CR0_MP | CR0_TS)) return raise(cpu, NM);
  return OK;
}

/** #MF when an unmasked exception is pending. OK or FAULT. */
@inline
export function pending(cpu: u32): u32 {
  if (<u32>load<u16>(cpu + FSW) & ES) return raise(cpu, MF);
  return OK;
}

/** Start a waiting instruction. OK or FAULT. */
@inline
export function begin(cpu: u32): u32 {
  const blocked = available(cpu);
  if (blocked) return blocked;
  store<u32>(cpu + X_FLAGS, 0);
  return pending(cpu);
}

/** Remember the instruction for exception handlers (Intel SDM vol. 1, 8.1.8); its 11 opcode bits are in OP_SRC. */
@inline
export function noteInstruction(cpu: u32, pc: u32): void {
  store<u64>(cpu + FIP, load<u64>(cpu + RIP_BASE) + load<u16>(pc + OP_PAGE_OFFSET));
  store<u16>(cpu + FOP, load<u16>(pc + OP_SRC));
  store<u16>(cpu + FCS, load<u16>(cpu + SEG + CS * SEG_SIZE + SEG_SELECTOR));
}

@inline
function noteOperand(cpu: u32, pc: u32, ea: u64): void {
  noteInstruction(cpu, pc);
  store<u64>(cpu + FDP, ea);
  store<u16>(cpu + FDS, load<u16>(cpu + SEG + <u32>load<u8>(pc + OP_SEG) * SEG_SIZE + SEG_SELECTOR));
}

@inline
function linear(cpu: u32, pc: u32, ea: u64, size: u32, write: bool): u64 {
  if (load<u8>(pc + OP_EA) == EA_FLAT32) return ea;
  return segmentAddress(cpu, load<u8>(pc + OP_SEG), ea, size, write);
}

/** readMemory of access.ts for a data instruction: remembers the instruction and its operand too. */
export function readOperand(cpu: u32, pc: u32, size: u32): u32 {
  const ea = effectiveAddress(cpu, pc);
  const va = linear(cpu, pc, ea, size, false);
  if (va == NOWHERE) return 0;
  const at = readLinear(cpu, load<u32>(cpu + TLB_NOW), va, size, operandVector(cpu, pc));
  if (at) noteOperand(cpu, pc, ea);
  return at;
}

/** writeMemory of access.ts for a data instruction. */
export function writeOperand(cpu: u32, pc: u32, size: u32): u32 {
  const ea = effectiveAddress(cpu, pc);
  const va = linear(cpu, pc, ea, size, true);
  if (va == NOWHERE) return 0;
  const at = writeLinear(cpu, load<u32>(cpu + TLB_NOW), va, size, operandVector(cpu, pc));
  if (at) noteOperand(cpu, pc, ea);
  return at;
}

@inline
export function note(cpu: u32, flags: u32): void {
  store<u32>(cpu + X_FLAGS, load<u32>(cpu + X_FLAGS) | flags);
}

/** Recompute the error summary and busy bits of a status word. */
@inline
export function summarised(fsw: u32, fcw: u32): u32 {
  return fsw & ~fcw & EXCEPTIONS ? fsw | ES | BUSY : fsw & ~(ES | BUSY);
}

/** Take noted exceptions and C1 into the status word. False: an unmasked one forbids to deliver the result. */
@inline
export function settle(cpu: u32): bool {
  return settleWith(cpu, BEFORE, C1);
}

/** The same for loads, which deliver a denormal even when they report it. */
export function settleLoad(cpu: u32): bool {
  return settleWith(cpu, IE, C1);
}

/** The same for results in memory, which an unmasked overflow or underflow does not write either. */
export function settleStore(cpu: u32): bool {
  return settleWith(cpu, BEFORE | OE | UE, C1);
}

/** The same for instructions that define all of C0–C3. */
export function settleConditions(cpu: u32): bool {
  return settleWith(cpu, BEFORE, CONDITIONS);
}

/** The same for comparisons into RFLAGS, which touch C1 only at a stack fault. */
export function settleFlags(cpu: u32): bool {
  return settleWith(cpu, BEFORE, load<u32>(cpu + X_FLAGS) & SF ? C1 : 0);
}

/** The same for functions that tell by C2 that an operand is out of range. */
export function settleConditional(cpu: u32): bool {
  return settleWith(cpu, BEFORE, C1 | C2);
}

/** The same for remainders: C0 and C3 stay where there is no quotient. */
export function settleRemainder(cpu: u32): bool {
  const flags = load<u32>(cpu + X_FLAGS);
  const refused = flags & BEFORE & ~<u32>load<u16>(cpu + FCW);
  if (refused) store<u32>(cpu + X_FLAGS, flags & ~(CONDITIONS | QUOTIENT));
  else store<u32>(cpu + X_FLAGS, flags & ~QUOTIENT);
  return settleWith(cpu, BEFORE, flags & QUOTIENT && !refused ? CONDITIONS : C1 | C2);
}

@inline
function settleWith(cpu: u32, forbidding: u32, conditions: u32): bool {
  const flags = load<u32>(cpu + X_FLAGS);
  const old = <u32>load<u16>(cpu + FSW) & ~conditions;
  if (!flags) {
    store<u16>(cpu + FSW, <u16>old);
    return true;
  }
  return settleExceptions(cpu, old, flags, forbidding);
}

function settleExceptions(cpu: u32, old: u32, flags: u32, forbidding: u32): bool {
  const fcw = <u32>load<u16>(cpu + FCW);
  const unmasked = flags & ~fcw & EXCEPTIONS;
  let deliver = true;
  let noted = flags;
  if (unmasked & forbidding) {
    deliver = false;
    noted &= unmasked & BEFORE ? BEFORE | SF | C0 | C2 | C3 | (flags & SF ? C1 : 0) : OE | UE;
  }
  store<u16>(cpu + FSW, <u16>summarised(old | noted, fcw));
  return deliver;
}

/** Physical register, 0–7, of ST(i). */
@inline
export function physical(cpu: u32, i: u32): u32 {
  return ((<u32>load<u16>(cpu + FSW) >> 11) + i) & 7;
}

/** Address of ST(i). */
@inline
export function st(cpu: u32, i: u32): u32 {
  return cpu + FPR + physical(cpu, i) * 16;
}

@inline
export function isEmpty(cpu: u32, i: u32): bool {
  return ((<u32>load<u16>(cpu + FTW) >> (physical(cpu, i) * 2)) & 3) == 3;
}

@inline
export function setEmpty(cpu: u32, i: u32): void {
  store<u16>(cpu + FTW, <u16>(<u32>load<u16>(cpu + FTW) | (3 << (physical(cpu, i) * 2))));
}

/** Store into ST(i), which becomes non-empty. Tags of non-empty registers are 0 here; `fullTags` works out the rest. */
@inline
export function setSt(cpu: u32, i: u32, se: u32, sig: u64): void {
  const at = st(cpu, i);
  store<u64>(at, sig);
  store<u16>(at + 8, <u16>se);
  store<u16>(cpu + FTW, <u16>(<u32>load<u16>(cpu + FTW) & ~(3 << (physical(cpu, i) * 2))));
}

@inline
export function addTop(cpu: u32, n: u32): void {
  const fsw = <u32>load<u16>(cpu + FSW);
  store<u16>(cpu + FSW, <u16>((fsw & ~0x3800) | ((fsw + (n << 11)) & 0x3800)));
}

@inline
export function pop(cpu: u32): void {
  setEmpty(cpu, 0);
  addTop(cpu, 1);
}

@inline
export function push(cpu: u32, se: u32, sig: u64): void {
  addTop(cpu, 7);
  setSt(cpu, 0, se, sig);
}

/** A register that should hold a value is empty: true when the masked response (a default NaN) is due. */
export function underflow(cpu: u32): bool {
  store<u32>(cpu + X_FLAGS, IE | SF);
  return settle(cpu);
}

/** Push a value just made; its sign and exponent are in X_SE. A full stack gets the default NaN instead. */
export function pushResult(cpu: u32, sig: u64): u32 {
  if (!isEmpty(cpu, 7)) {
    store<u32>(cpu + X_FLAGS, IE | SF | C1);
    if (settle(cpu)) push(cpu, INDEFINITE_SE, INDEFINITE_SIG);
  } else if (settleLoad(cpu)) push(cpu, load<u32>(cpu + X_SE), sig);
  return OK;
}

/** Make a value: significand returned, sign and exponent left in X_SE. */
@inline
export function value(cpu: u32, se: u32, sig: u64): u64 {
  store<u32>(cpu + X_SE, se);
  return sig;
}

/** The default NaN, noted as an invalid operation. */
export function invalid(cpu: u32): u64 {
  note(cpu, IE);
  return value(cpu, INDEFINITE_SE, INDEFINITE_SIG);
}
