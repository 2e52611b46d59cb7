// Guest physical addresses: RAM in the linear memory, the local APIC's page, and everything else through the host's bus.
import { A20_MASK, COUNT_MMIO, RAM_BASE, RAM_HIGH, RAM_LOW } from "../layout/cpu";
import { codeWritten } from "./code-pages";
import { mmioRead, mmioWrite } from "./host";
import { lapicBase, lapicRead, lapicWrite } from "./lapic";

const FOUR_GIB: u64 = 0x100000000;

/** A20: address line 20 forced low while the gate is closed. */
@inline
export function gateA20(cpu: u32, gpa: u64): u64 {
  return gpa & (<u64>load<u32>(cpu + A20_MASK) | 0xffffffff00000000);
}

/** Linear-memory address of `size` bytes at `gpa` (within one page), or 0 when it is not RAM. */
export function ramPointer(cpu: u32, gpa: u64, size: u32): u32 {
  const low = <u64>load<u32>(cpu + RAM_LOW);
  if (gpa < low && gpa + size <= low) return load<u32>(cpu + RAM_BASE) + <u32>gpa;
  if (gpa >= FOUR_GIB && gpa < FOUR_GIB * 2 && gpa - FOUR_GIB + size <= <u64>load<u32>(cpu + RAM_HIGH)) {
    return load<u32>(cpu + RAM_BASE) + <u32>low + <u32>(gpa - FOUR_GIB);
  }
  return 0;
}

/** Copy `size` bytes at `gpa` (within one page) to `to`; what is not RAM is read from devices, naturally split. */
export function physRead(cpu: u32, gpa: u64, to: u32, size: u32): void {
  const from = ramPointer(cpu, gpa, size);
  if (from) {
    memory.copy(to, from, size);
    return;
  }
  for (let done: u32 = 0; done < size; ) {
    const step = deviceStep(<u32>gpa + done, size - done);
    const value = deviceRead(cpu, gpa + done, step);
    if (step == 4) store<u32>(to + done, value);
    else if (step == 2) store<u16>(to + done, value);
    else store<u8>(to + done, value);
    done += step;
  }
}

/** Copy `size` bytes from `from` to `gpa` (within one page). */
export function physWrite(cpu: u32, gpa: u64, from: u32, size: u32): void {
  const to = ramPointer(cpu, gpa, size);
  if (to) {
    codeWritten(cpu, to, size);
    memory.copy(to, from, size);
    return;
  }
  for (let done: u32 = 0; done < size; ) {
    const step = deviceStep(<u32>gpa + done, size - done);
    const value = step == 4 ? load<u32>(from + done) : step == 2 ? <u32>load<u16>(from + done) : <u32>load<u8>(from + done);
    deviceWrite(cpu, gpa + done, step, value);
    done += step;
  }
}

/** Bytes of the next naturally aligned device access. */
@inline
function deviceStep(address: u32, left: u32): u32 {
  if (left >= 4 && (address & 3) == 0) return 4;
  if (left >= 2 && (address & 1) == 0) return 2;
  return 1;
}

function deviceRead(cpu: u32, gpa: u64, size: u32): u32 {
  if ((gpa & ~0xfff) == lapicBase(cpu)) return lapicRead(cpu, <u32>gpa & 0xfff, size);
  store<u32>(cpu + COUNT_MMIO, load<u32>(cpu + COUNT_MMIO) + 1);
  return mmioRead(<u32>gpa, <u32>(gpa >> 32), size);
}

function deviceWrite(cpu: u32, gpa: u64, size: u32, value: u32): void {
  if ((gpa & ~0xfff) == lapicBase(cpu)) {
    lapicWrite(cpu, <u32>gpa & 0xfff, size, value);
    return;
  }
  store<u32>(cpu + COUNT_MMIO, load<u32>(cpu + COUNT_MMIO) + 1);
  mmioWrite(<u32>gpa, <u32>(gpa >> 32), size, value);
}
