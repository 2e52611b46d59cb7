// Instructions that came with SSE and SSE4.2 but use no SIMD register. Caches and write buffers are not modelled: memory is
// always coherent and in order, so fences, flushes and prefetches do nothing more than check their operand.
import { FAULT, OK, TLB, TLB_NOW } from "../../layout/cpu";
import * as op from "../../generated/ops";
import { commit, operandLinear, readMemory, writeMemory } from "../access";
import { setArithmetic, ZF } from "../flags";
import { NOWHERE, READ } from "../linear";
import { translate } from "../mmu";
import { first, second } from "./operand";

/** Remainders of four bits modulo the Castagnoli polynomial, 0x82f63b78 with its bits reversed. */
const CRC32C: StaticArray<u32> = [
  0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
  0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
];

export function execSsePlain(cpu: u32, pc: u32, code: u32): u32 {
  const to = first(cpu, pc);
  let p = second(cpu, pc);
  switch (code) {
    case op.POPCNT_RM_16: if (!(p = readMemory(cpu, pc, 2))) return FAULT;
    case op.POPCNT_RR_16: {
      const bits = popcnt<u32>(load<u16>(p));
      store<u16>(to, <u16>bits);
      return zeroFlag(cpu, bits);
    }
    case op.POPCNT_RM_32: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.POPCNT_RR_32: {
      const bits = popcnt<u32>(load<u32>(p));
      store<u64>(to, bits);
      return zeroFlag(cpu, bits);
    }
    case op.POPCNT_RM_64: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.POPCNT_RR_64: {
      const bits = popcnt<u64>(load<u64>(p));
      store<u64>(to, bits);
      return zeroFlag(cpu, <u32>bits);
    }
    case op.CRC32_B_RM_32: if (!(p = readMemory(cpu, pc, 1))) return FAULT;
    case op.CRC32_B_RR_32: return crc32(to, load<u8>(p), 8);
    case op.CRC32_RM_16: if (!(p = readMemory(cpu, pc, 2))) return FAULT;
    case op.CRC32_RR_16: return crc32(to, load<u16>(p), 16);
    case op.CRC32_RM_32: if (!(p = readMemory(cpu, pc, 4))) return FAULT;
    case op.CRC32_RR_32: return crc32(to, load<u32>(p), 32);
    case op.CRC32_RM_64: if (!(p = readMemory(cpu, pc, 8))) return FAULT;
    case op.CRC32_RR_64: return crc32(to, load<u64>(p), 64);
    case op.MOVNTI_MR_32: {
      const at = writeMemory(cpu, pc, 4);
      if (!at) return FAULT;
      store<u32>(at, load<u32>(p));
      commit(cpu, at);
      return OK;
    }
    case op.MOVNTI_MR_64: {
      const at = writeMemory(cpu, pc, 8);
      if (!at) return FAULT;
      store<u64>(at, load<u64>(p));
      commit(cpu, at);
      return OK;
    }
    case op.CLFLUSH_M: return flush(cpu, pc);
    // PREFETCHx and the fences
    default: return OK;
  }
}

/** POPCNT clears all arithmetic flags but ZF. */
function zeroFlag(cpu: u32, bits: u32): u32 {
  setArithmetic(cpu, bits ? 0 : ZF);
  return OK;
}

function crc32(to: u32, data: u64, bits: u32): u32 {
  let rest = data ^ load<u32>(to);
  for (let i: u32 = 0; i < bits; i += 4) {
    rest = (rest >> 4) ^ load<u32>(changetype<usize>(CRC32C) + ((<u32>rest & 15) << 2));
  }
  store<u64>(to, rest & 0xffffffff);
  return OK;
}

/** CLFLUSH is checked like a load of a byte, but a device must not notice it. */
function flush(cpu: u32, pc: u32): u32 {
  const va = operandLinear(cpu, pc, 1, false);
  if (va == NOWHERE) return FAULT;
  return translate(cpu, va, READ, load<u32>(cpu + TLB_NOW) != cpu + TLB) == NOWHERE ? FAULT : OK;
}
