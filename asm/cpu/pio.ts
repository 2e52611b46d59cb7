// Port input and output: who may (I/O privilege level, then the bitmap in the TSS; Intel SDM vol. 1, 19.5), and the way to
// the machine's bus.
import {
  COUNT_PIO, CPL, FAULT, JUMP, MODE, MODE_REAL, MODE_V86, OK, PENDING, RAX, SEG, SEG_ATTR, SEG_BASE, SEG_LIMIT,
  SEG_SIZE, STOP, TR,
} from "../layout/cpu";
import { readLinear } from "./access";
import { notePort } from "./debug";
import { GP, raiseError } from "./exception";
import { getFlags, IOPL } from "./flags";
import { pioRead, pioWrite } from "./host";
import { wrapLinear } from "./linear";
import { storeNextRip } from "./rip";
import { UNUSABLE } from "./segment-check";
import { systemTlb } from "./tlb";

/** Offset of the I/O map base in a 32-bit or 64-bit TSS. */
const TSS_IO_MAP: u32 = 0x66;
/** Descriptor type of a 32-bit or 64-bit TSS, its busy bit masked away. */
const TSS_TYPE: u32 = 9;
const TSS_BUSY: u32 = 2;

/** Whether the current privilege may touch `size` ports from `port`: OK, or FAULT with #GP(0) (or #PF in the TSS). */
export function ioAllowed(cpu: u32, port: u32, size: u32): u32 {
  const mode = load<u32>(cpu + MODE);
  if (!(mode & MODE_V86)) {
    if (mode & MODE_REAL || load<u32>(cpu + CPL) <= (getFlags(cpu) & IOPL) >> 12) return OK;
  }
  return bitmapAllows(cpu, port, size);
}

function bitmapAllows(cpu: u32, port: u32, size: u32): u32 {
  const tss = cpu + SEG + TR * SEG_SIZE;
  const attributes = load<u32>(tss + SEG_ATTR);
  const limit = load<u32>(tss + SEG_LIMIT);
  const usable = (attributes & (UNUSABLE | 15 & ~TSS_BUSY)) == TSS_TYPE && limit > TSS_IO_MAP;
  if (!usable) return raiseError(cpu, GP, 0);
  const base = load<u64>(tss + SEG_BASE);
  const mapAt = readLinear(cpu, systemTlb(cpu), wrapLinear(cpu, base + TSS_IO_MAP), 2, GP);
  if (!mapAt) return FAULT;
  const offset = <u32>load<u16>(mapAt) + (port >> 3);
  // Two bytes are read always, so that an access may straddle bytes of the map.
  if (offset + 1 > limit) return raiseError(cpu, GP, 0);
  const bitsAt = readLinear(cpu, systemTlb(cpu), wrapLinear(cpu, base + offset), 2, GP);
  if (!bitsAt) return FAULT;
  const denied = (<u32>load<u16>(bitsAt) >> (port & 7)) & ((1 << size) - 1);
  return denied ? raiseError(cpu, GP, 0) : OK;
}

/** Read `size` (1, 2, 4) bytes from a port, permission given. */
export function portRead(cpu: u32, port: u32, size: u32): u32 {
  notePort(cpu, port, size);
  store<u32>(cpu + COUNT_PIO, load<u32>(cpu + COUNT_PIO) + 1);
  return pioRead(port, size);
}

/** Write `size` (1, 2, 4) bytes to a port, permission given. */
export function portWrite(cpu: u32, port: u32, size: u32, value: u32): void {
  notePort(cpu, port, size);
  store<u32>(cpu + COUNT_PIO, load<u32>(cpu + COUNT_PIO) + 1);
  pioWrite(port, size, value);
}

/** Whether a device asked for the run loop's attention. */
@inline
export function attention(cpu: u32): bool {
  return (load<u32>(cpu + PENDING) | load<u32>(cpu + STOP)) != 0;
}

/** How an instruction ends that touched a port: with a look at what the device wants, if it wants something. */
export function afterPort(cpu: u32, pc: u32): u32 {
  if (!attention(cpu)) return OK;
  storeNextRip(cpu, pc);
  return JUMP;
}

/** IN: AL, AX or EAX from a port. */
export function portIn(cpu: u32, pc: u32, port: u32, size: u32): u32 {
  if (ioAllowed(cpu, port, size) != OK) return FAULT;
  const value = portRead(cpu, port, size);
  if (size == 4) store<u64>(cpu + RAX, <u64>value);
  else if (size == 2) store<u16>(cpu + RAX, <u16>value);
  else store<u8>(cpu + RAX, <u8>value);
  return afterPort(cpu, pc);
}

/** OUT: AL, AX or EAX to a port. */
export function portOut(cpu: u32, pc: u32, port: u32, size: u32): u32 {
  if (ioAllowed(cpu, port, size) != OK) return FAULT;
  const value = load<u32>(cpu + RAX);
  portWrite(cpu, port, size, size == 4 ? value : size == 2 ? value & 0xffff : value & 0xff);
  return afterPort(cpu, pc);
}
