// Linear addresses, and what one can want of them.
import { MODE, MODE_LONG64 } from "../layout/cpu";
import { GP, raiseError } from "./exception";

export const READ: u32 = 0;
export const WRITE: u32 = 1;
export const EXECUTE: u32 = 2;

/** In place of an address when a fault was recorded: neither canonical nor physical. */
export const NOWHERE: u64 = 0x7fffffffffffffff;

/** True when a linear address is canonical (or outside 64-bit mode, where it always is). */
@inline
export function canonical(va: u64): bool {
  return <u64>((<i64>va << 16) >> 16) == va;
}

/** Address width of linear addresses in the current mode: they wrap at 4 GiB outside 64-bit mode. */
@inline
export function wrapLinear(cpu: u32, va: u64): u64 {
  return load<u32>(cpu + MODE) & MODE_LONG64 ? va : va & 0xffffffff;
}

/** Record #GP(0), or #SS(0), for a non-canonical address. */
export function nonCanonical(cpu: u32, vector: u32): u32 {
  return raiseError(cpu, vector == 0 ? GP : vector, 0);
}
