// ROL ROR RCL RCR on values of width T (unsigned). Counts are masked to 5 bits, 6 for 64-bit operands; a masked count of 0
// changes nothing. OF is defined for a count of 1 only; for larger ones Zen 4 goes on with the same formula.
import { getCF } from "../flags";
import { second, setCarryOverflow, top } from "./operand";

@inline
export function maskCount<T>(count: u32): u32 {
  return count & (sizeof<T>() == 8 ? 63 : 31);
}

@inline
export function rotateLeft<T>(cpu: u32, value: T, count: u32): T {
  const n = maskCount<T>(count);
  if (!n) return value;
  const result = rotl<T>(value, <T>n);
  const carry = <u32>result & 1;
  setCarryOverflow(cpu, carry, carry ^ top<T>(result));
  return result;
}

@inline
export function rotateRight<T>(cpu: u32, value: T, count: u32): T {
  const n = maskCount<T>(count);
  if (!n) return value;
  const result = rotr<T>(value, <T>n);
  const carry = top<T>(result);
  setCarryOverflow(cpu, carry, carry ^ second<T>(result));
  return result;
}

/** RCL: CF is one more bit on top. */
@inline
export function rotateCarryLeft<T>(cpu: u32, value: T, count: u32): T {
  const bits: u32 = sizeof<T>() * 8;
  let n = maskCount<T>(count);
  if (!n) return value;
  if (sizeof<T>() < 4) n %= bits + 1;
  let carry = getCF(cpu);
  let result = value;
  if (n) {
    const v = <u64>value;
    // Bits that come round from the top: n − 1 of the value, below them CF.
    const round = n > 1 ? v >> (bits + 1 - n) : 0;
    const moved = n < bits ? v << n : 0;
    result = <T>(moved | (<u64>carry << (n - 1)) | round);
    carry = <u32>(v >> (bits - n)) & 1;
  }
  setCarryOverflow(cpu, carry, carry ^ top<T>(result));
  return result;
}

/** RCR: CF is one more bit on top. */
@inline
export function rotateCarryRight<T>(cpu: u32, value: T, count: u32): T {
  const bits: u32 = sizeof<T>() * 8;
  let n = maskCount<T>(count);
  if (!n) return value;
  if (sizeof<T>() < 4) n %= bits + 1;
  let carry = getCF(cpu);
  let result = value;
  if (n) {
    const v = <u64>value;
    const round = n > 1 ? v << (bits + 1 - n) : 0;
    const moved = n < bits ? v >> n : 0;
    result = <T>(moved | (<u64>carry << (bits - n)) | round);
    carry = <u32>(v >> (n - 1)) & 1;
  }
  setCarryOverflow(cpu, carry, top<T>(result) ^ second<T>(result));
  return result;
}
