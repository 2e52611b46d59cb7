// One instruction's bytes to one operation, by the tables generated from the opcode table (tools/opcodes/tree.ts has their
// layout). Intel SDM vol. 2, chapter 2 and appendix A.
import {
  CS, DS, FPR, FS, GPR, GS, MODE_D32, MODE_FLAT, MODE_LONG64, RIP_BASE, SS, XMM, ZERO,
} from "../layout/cpu";
import {
  EA_ABSOLUTE, EA_FAST, EA_FLAT32, EA_GENERAL, OP, OP_BASE, OP_DISP, OP_DST, OP_EA, OP_IMM, OP_INDEX, OP_LEN,
  OP_PAGE_OFFSET, OP_PREFIX, OP_SCALE, OP_SEG, OP_SRC, PFX_ADDRESS_SHIFT, PFX_LOCK, PFX_OPERAND_SHIFT, PFX_REP,
  PFX_REPNE, PFX_REX_W, PFX_SEGMENT,
} from "../layout/op";
import { LEAVES, NODES, ROOT } from "../generated/decode-tables";
import { ILLEGAL, NOP, TOO_LONG, XCHG_RAX_R_16, XCHG_RAX_R_64 } from "../generated/ops";

/** Longest instruction (Intel SDM vol. 2, 2.3.11). */
export const LENGTH_MAX: u32 = 15;
/** Most bytes that are looked at before an instruction is found too long: 14 prefixes, 3 of opcode, ModRM, SIB, 4 and 8. */
export const DECODE_READS: u32 = 32;

const LEAF: u32 = 0x8000;
const LEAF_SIZE: u32 = 20;
const NODE_MODE: u32 = 1;
const NODE_PREFIX: u32 = 2;
const NODE_MOD: u32 = 3;
const NODE_REG: u32 = 4;

const RULE_V: u32 = 1;
const RULE_Y: u32 = 2;
const RULE_D64: u32 = 3;

const FLAG_MODRM: u32 = 1;
const FLAG_LOCK: u32 = 2;
export const FLAG_ENDS: u32 = 4;
const FLAG_WIDE: u32 = 8;

const KIND_RM: u32 = 1;
const KIND_REG: u32 = 2;
const KIND_OPCODE: u32 = 3;
const KIND_FIXED: u32 = 4;
const KIND_IMM: u32 = 5;
const KIND_BRANCH: u32 = 6;
const KIND_FAR: u32 = 7;
const KIND_ABSOLUTE: u32 = 8;

const FILE_GPR: u32 = 0;
const FILE_GPR8: u32 = 1;
const FILE_MMX: u32 = 2;
const FILE_XMM: u32 = 3;
const FILE_NUMBER: u32 = 4;

/** REX bits, and a bit that says that a REX prefix was there at all. */
const REX_B: u32 = 1;
const REX_X: u32 = 2;
const REX_R: u32 = 4;
const REX_W: u32 = 8;
const REX: u32 = 0x40;

/** What decode answers beside the length (low byte): the operation ends its run. */
export const ENDS: u32 = 0x100;

/**
 * Decode the instruction at `bytes` (DECODE_READS of them readable, LENGTH_MAX of any consequence) in decode mode `mode` into the operation record `op`.
 * `offset` is its offset in the page. Returns its length, with ENDS when nothing after it is reached by falling through.
 */
export function decode(bytes: u32, mode: u32, offset: u32, op: u32): u32 {
  const long = (mode & MODE_LONG64) != 0;
  let at = bytes;
  let prefix: u32 = 0;
  let rex: u32 = 0;
  let segment: u32 = 0xff;
  let operand16 = false;
  let address16 = false;
  let byte: u32;
  memory.fill(op, 0, 32);
  store<u16>(op + OP_PAGE_OFFSET, <u16>offset);

  // Prefixes, in any order and number; a REX prefix counts only right before the opcode.
  for (; ; at++) {
    if (at - bytes >= LENGTH_MAX) return finish(op, TOO_LONG, LENGTH_MAX) | ENDS;
    byte = load<u8>(at);
    if (long && (byte & 0xf0) == REX) {
      rex = byte;
      continue;
    }
    if (byte == 0x66) operand16 = true;
    else if (byte == 0x67) address16 = true;
    else if (byte == 0xf3) prefix = (prefix & ~PFX_REPNE) | PFX_REP;
    else if (byte == 0xf2) prefix = (prefix & ~PFX_REP) | PFX_REPNE;
    else if (byte == 0xf0) prefix |= PFX_LOCK;
    else if ((byte & 0xe7) == 0x26) {
      // ES CS SS DS: in 64-bit mode without any effect, not even on an FS or GS override before (Intel SDM vol. 1, 3.3.7.1).
      if (!long) segment = (byte >> 3) & 3;
    } else if (byte == 0x64) segment = FS;
    else if (byte == 0x65) segment = GS;
    else break;
    rex = 0;
  }
  if (segment != 0xff) prefix |= PFX_SEGMENT;
  if (rex & REX_W) prefix |= PFX_REX_W;

  // Opcode and table walk.
  let map: u32 = 0;
  let opcode = byte;
  at++;
  if (opcode == 0x0f) {
    opcode = load<u8>(at++);
    map = 1;
    if (opcode == 0x38 || opcode == 0x3a) {
      map = opcode == 0x38 ? 2 : 3;
      opcode = load<u8>(at++);
    }
  }
  const modrm = <u32>load<u8>(at);
  // F3 90 is PAUSE, unless REX.B makes it an exchange with r8.
  const exchange = opcode == 0x90 && map == 0 && rex & REX_B;
  const mandatory: u32 = exchange ? 0 : prefix & PFX_REP ? 2 : prefix & PFX_REPNE ? 3 : operand16 ? 1 : 0;
  const found = walk(map, opcode, modrm, mandatory, long);
  if (!found) {
    // Of an opcode with any form ModRM was looked at: the instruction reaches into another page when ModRM lies there.
    const end = at - bytes + u32(known(map, opcode));
    return finish(op, end > LENGTH_MAX ? TOO_LONG : ILLEGAL, min(end, LENGTH_MAX)) | ENDS;
  }
  const leaf = changetype<u32>(LEAVES) + (found & ~LEAF) * LEAF_SIZE;
  const rule = <u32>load<u8>(leaf + 18);
  const flags = <u32>load<u8>(leaf + 19);

  // Sizes: 0, 1, 2 for 16, 32, 64 bits.
  const default32 = long || (mode & MODE_D32) != 0;
  const operand: u32 = rex & REX_W ? 2 : operand16 == default32 ? 0 : 1;
  const address: u32 = long ? (address16 ? 1 : 2) : address16 == default32 ? 0 : 1;
  let column: u32 = 1;
  if (rule == RULE_V) column = operand;
  else if (rule == RULE_Y) column = long && rex & REX_W ? 2 : 1;
  else if (rule == RULE_D64) column = long ? (operand16 && !(rex & REX_W) ? 0 : 2) : operand;
  prefix |= (address << PFX_ADDRESS_SHIFT) | ((rule == 0 ? operand : column) << PFX_OPERAND_SHIFT);

  // ModRM, SIB, displacement.
  let memory_: u32 = 0;
  if (flags & FLAG_MODRM) {
    at++;
    // MOV to and from CR and DR take r/m as a register whatever mod says.
    memory_ = modrm < 0xc0 && !(map == 1 && (opcode & 0xfc) == 0x20) ? 1 : 0;
    if (memory_) at = address == 0 ? address16Form(op, at, modrm) : addressForm(op, at, modrm, rex, long && address != 0);
  }
  let number = <u32>load<u16>(leaf + column * 4 + memory_ * 2);
  // In the columns of a wide branch, memory's place holds the twin for targets in the page.

  // Operands.
  let registers: u32 = 0;
  let relative = false;
  for (let i: u32 = 0; i < 3; i++) {
    const kind = <u32>load<u8>(leaf + 12 + i * 2);
    const detail = <u32>load<u8>(leaf + 13 + i * 2);
    let register: u32 = 0xffff;
    switch (kind) {
      case 0: continue;
      case KIND_RM:
        if (memory_) {
          // The register operand of a memory destination is the source.
          if (registers == 0) registers = 1;
          continue;
        }
        register = registerOffset(detail, (modrm & 7) | (rex & REX_B ? 8 : 0), rex);
        break;
      case KIND_REG: register = registerOffset(detail, ((modrm >> 3) & 7) | (rex & REX_R ? 8 : 0), rex); break;
      case KIND_OPCODE: register = registerOffset(detail, (opcode & 7) | (rex & REX_B ? 8 : 0), rex); break;
      case KIND_FIXED: register = GPR; break;
      case KIND_IMM: at = immediate(op, at, detail, column); continue;
      case KIND_BRANCH: {
        const bytesOf: u32 = detail == 1 ? 1 : column == 0 ? 2 : 4;
        const distance: i32 = bytesOf == 1 ? <i32>load<i8>(at) : bytesOf == 2 ? <i32>load<i16>(at) : load<i32>(at);
        at += bytesOf;
        store<i32>(op + OP_DISP, distance + <i32>(offset + (at - bytes)));
        relative = true;
        continue;
      }
      case KIND_FAR: {
        const wide = column != 0;
        const far = wide ? <u64>load<u32>(at) : <u64>load<u16>(at);
        at += wide ? 4 : 2;
        store<u64>(op + OP_IMM, far | (<u64>load<u16>(at) << 32));
        at += 2;
        continue;
      }
      case KIND_ABSOLUTE: {
        store<u64>(op + OP_IMM, address == 2 ? load<u64>(at) : address == 1 ? <u64>load<u32>(at) : <u64>load<u16>(at));
        at += 2 << address;
        store<u8>(op + OP_EA, EA_ABSOLUTE);
        memory_ = 1;
        if (registers == 0) registers = 1;
        continue;
      }
      default: register = registerOffset(detail, (modrm & 7) | (rex & REX_B ? 8 : 0), rex); break;
    }
    store<u16>(op + (registers == 0 ? OP_DST : OP_SRC), <u16>register);
    registers++;
  }

  // x87 instructions have no second register operand: OP_SRC holds what becomes their FOP (Intel SDM vol. 1, 8.1.9).
  if (map == 0 && (opcode & 0xf8) == 0xd8) store<u16>(op + OP_SRC, <u16>(((opcode & 7) << 8) | modrm));

  // A register operand after a memory one went to OP_SRC; a lone register before memory is the destination already.
  if (memory_ && load<u8>(op + OP_EA) != EA_ABSOLUTE) store<u8>(op + OP_EA, <u8>addressKind(mode, address, segment));
  if (segment != 0xff) store<u8>(op + OP_SEG, <u8>segment);
  else if (!memory_ || load<u8>(op + OP_EA) == EA_ABSOLUTE) store<u8>(op + OP_SEG, <u8>DS);
  store<u16>(op + OP_PREFIX, <u16>prefix);

  const length = at - bytes;
  if (memory_ && load<u16>(op + OP_BASE) == RIP_BASE) ripRelative(op, offset + length);
  if (length > LENGTH_MAX) return finish(op, TOO_LONG, LENGTH_MAX) | ENDS;
  // 90 is NOP, unless REX.B makes it an exchange with r8.
  if (number >= XCHG_RAX_R_16 && number <= XCHG_RAX_R_64 && load<u16>(op + OP_DST) == 0) number = NOP;
  if (relative && flags & FLAG_WIDE && column != 0 && load<u32>(op + OP_DISP) < 0x1000) number = load<u16>(leaf + column * 4 + 2);
  if (prefix & PFX_LOCK && !(flags & FLAG_LOCK && memory_)) number = ILLEGAL;
  finish(op, number, length);
  return length | (flags & FLAG_ENDS || number == ILLEGAL ? ENDS : 0);
}

function finish(op: u32, number: u32, length: u32): u32 {
  store<u16>(op + OP, <u16>number);
  store<u8>(op + OP_LEN, <u8>length);
  return length;
}

/** Whether the table has any form of an opcode. */
function known(map: u32, opcode: u32): bool {
  return load<u16>(changetype<u32>(ROOT) + (map * 256 + opcode) * 2) != 0;
}

/** Find the leaf of an opcode; 0 when there is no such instruction. */
function walk(map: u32, opcode: u32, modrm: u32, mandatory: u32, long: bool): u32 {
  let entry = <u32>load<u16>(changetype<u32>(ROOT) + (map * 256 + opcode) * 2);
  while (entry && !(entry & LEAF)) {
    const node = changetype<u32>(NODES) + entry * 2;
    const kind = <u32>load<u16>(node);
    const child: u32 = kind == NODE_MODE ? <u32>long
      : kind == NODE_PREFIX ? mandatory
      : kind == NODE_MOD ? u32(modrm >= 0xc0)
      : kind == NODE_REG ? (modrm >> 3) & 7
      : modrm & 7;
    entry = load<u16>(node + 2 + child * 2);
  }
  return entry;
}

/** Offset into the vCPU block of a register, or its plain number. */
function registerOffset(file: u32, number: u32, rex: u32): u32 {
  if (file == FILE_GPR) return GPR + number * 8;
  // Without REX, encodings 4–7 are AH CH DH BH.
  if (file == FILE_GPR8) return !rex && number >= 4 ? GPR + (number - 4) * 8 + 1 : GPR + number * 8;
  if (file == FILE_MMX) return FPR + (number & 7) * 16;
  if (file == FILE_XMM) return XMM + number * 16;
  // Control and debug registers; there are no more than eight segment and x87 registers, whatever REX says.
  return file == FILE_NUMBER ? number : number & 7;
}

/** Read an immediate (its codes are in tools/opcodes/tree.ts) to OP_IMM; answers where it ends. */
function immediate(op: u32, at: u32, code: u32, column: u32): u32 {
  let value: i64 = 1;
  let bytes: u32 = 0;
  switch (code) {
    case 1: value = <i64>load<u8>(at); bytes = 1; break;
    case 2: value = <i64>load<i8>(at); bytes = 1; break;
    case 3: value = <i64>load<u16>(at); bytes = 2; break;
    case 4: bytes = column == 0 ? 2 : 4; value = column == 0 ? <i64>load<i16>(at) : <i64>load<i32>(at); break;
    case 5: bytes = 2 << column; value = column == 0 ? <i64>load<i16>(at) : column == 1 ? <i64>load<i32>(at) : load<i64>(at); break;
    case 6: value = <i64>load<u16>(at) | (<i64>load<u8>(at + 2) << 16); bytes = 3; break;
    default: break;
  }
  store<i64>(op + OP_IMM, value);
  return at + bytes;
}

/** Which way the effective address of a memory operand is computed. */
function addressKind(mode: u32, address: u32, segment: u32): u32 {
  if (segment == FS || segment == GS) return EA_GENERAL;
  if (mode & MODE_LONG64) return address == 2 ? EA_FAST : EA_GENERAL;
  // A code segment is never writable, so an operand in CS has to be checked.
  return mode & MODE_FLAT && address == 1 && segment != CS ? EA_FLAT32 : EA_GENERAL;
}

/**
 * A displacement that counts from the instruction's end, `end` bytes into the page, is made to count from the page where
 * the fast way of computing addresses will be taken.
 */
function ripRelative(op: u32, end: u32): void {
  if (load<u8>(op + OP_EA) != EA_FAST) return;
  const displacement = <i64>load<i32>(op + OP_DISP) + end;
  if (displacement == <i64><i32>displacement) store<i32>(op + OP_DISP, <i32>displacement);
  else store<u8>(op + OP_EA, EA_GENERAL);
}

/** 32- and 64-bit ModRM and SIB forms (Intel SDM vol. 2, tables 2-2 and 2-3). Answers the address after the displacement. */
function addressForm(op: u32, at: u32, modrm: u32, rex: u32, fromRip: bool): u32 {
  const mod = modrm >> 6;
  let base = (modrm & 7) | (rex & REX_B ? 8 : 0);
  let index = ZERO;
  let noBase = mod == 0 && (base & 7) == 5;
  if ((modrm & 7) == 4) {
    const sib = <u32>load<u8>(at++);
    base = (sib & 7) | (rex & REX_B ? 8 : 0);
    const number = ((sib >> 3) & 7) | (rex & REX_X ? 8 : 0);
    if (number != 4) index = GPR + number * 8;
    store<u8>(op + OP_SCALE, <u8>(sib >> 6));
    noBase = mod == 0 && (base & 7) == 5;
    fromRip = false;
  }
  store<u16>(op + OP_INDEX, <u16>index);
  store<u8>(op + OP_SEG, <u8>(!noBase && (base == 4 || base == 5) ? SS : DS));
  if (mod == 1) {
    store<i32>(op + OP_DISP, <i32>load<i8>(at));
    at += 1;
  } else if (mod == 2 || noBase) {
    store<i32>(op + OP_DISP, load<i32>(at));
    at += 4;
  }
  if (!noBase) store<u16>(op + OP_BASE, <u16>(GPR + base * 8));
  else store<u16>(op + OP_BASE, <u16>(fromRip ? RIP_BASE : ZERO));
  return at;
}

/** 16-bit ModRM forms (Intel SDM vol. 2, table 2-1). */
function address16Form(op: u32, at: u32, modrm: u32): u32 {
  const mod = modrm >> 6;
  const rm = modrm & 7;
  // BX+SI BX+DI BP+SI BP+DI SI DI BP BX, as encodings of the registers; 0xff is none.
  const base: u32 = rm == 0 || rm == 1 || rm == 7 ? 3 : rm == 2 || rm == 3 || rm == 6 ? 5 : rm == 4 ? 6 : 7;
  const index: u32 = rm < 4 ? (rm & 1 ? 7 : 6) : 0xff;
  const noBase = mod == 0 && rm == 6;
  store<u16>(op + OP_BASE, <u16>(noBase ? ZERO : GPR + base * 8));
  store<u16>(op + OP_INDEX, <u16>(index == 0xff ? ZERO : GPR + index * 8));
  store<u8>(op + OP_SEG, <u8>(base == 5 && !noBase ? SS : DS));
  if (mod == 1) {
    store<i32>(op + OP_DISP, <i32>load<i8>(at));
    return at + 1;
  }
  if (mod == 2 || noBase) {
    store<i32>(op + OP_DISP, <i32>load<i16>(at));
    return at + 2;
  }
  return at;
}
