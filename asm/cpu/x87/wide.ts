// 64 × 64 → 128 and 128 / 64 bit arithmetic, which WebAssembly lacks.

/** High half of a × b; the low half is a * b. */
@inline
export function mulHigh(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const middle = a1 * b0 + ((a0 * b0) >> 32);
  const other = a0 * b1 + (middle & 0xffffffff);
  return a1 * b1 + (middle >> 32) + (other >> 32);
}

/**
 * Quotient of hi:lo by d, where hi < d and d has its highest bit set; the remainder is lo − quotient × d.
 * Two steps of long division in base 2^32 (Knuth, TAOCP vol. 2, 4.3.1, algorithm D).
 */
export function div128(hi: u64, lo: u64, d: u64): u64 {
  const q1 = divDigit(hi, lo >> 32, d);
  const rest = ((hi << 32) | (lo >> 32)) - q1 * d;
  const q0 = divDigit(rest, lo & 0xffffffff, d);
  return (q1 << 32) | q0;
}

/** One 32-bit digit: (hi × 2^32 + next) / d with hi < d. */
@inline
function divDigit(hi: u64, next: u64, d: u64): u64 {
  const d1 = d >> 32;
  const d0 = d & 0xffffffff;
  let q = hi / d1;
  let r = hi - q * d1;
  while (q > 0xffffffff || q * d0 > ((r << 32) | next)) {
    q--;
    r += d1;
    if (r > 0xffffffff) break;
  }
  return q;
}

/** Low word of hi:lo >> n with the bits that fall out gathered in bit 0, n > 0. */
export function shiftRightLow(hi: u64, lo: u64, n: u32): u64 {
  if (n < 64) return (hi << (64 - n)) | (lo >> n) | u64(lo << (64 - n) != 0);
  if (n == 64) return hi | u64(lo != 0);
  if (n < 128) return (hi >> (n - 64)) | u64(((hi << (128 - n)) | lo) != 0);
  return u64((hi | lo) != 0);
}

/** High word of hi:lo >> n. */
@inline
export function shiftRightHigh(hi: u64, n: u32): u64 {
  return n < 64 ? hi >> n : 0;
}
