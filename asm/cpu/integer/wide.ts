// 128-bit products and quotients from 64-bit halves.

/** High half of the unsigned product. */
export function mulHigh(a: u64, b: u64): u64 {
  const al = a & 0xffffffff;
  const ah = a >> 32;
  const bl = b & 0xffffffff;
  const bh = b >> 32;
  const low = al * bl;
  const mid1 = ah * bl + (low >> 32);
  const mid2 = al * bh + (mid1 & 0xffffffff);
  return ah * bh + (mid1 >> 32) + (mid2 >> 32);
}

/** High half of the signed product. */
@inline
export function mulHighSigned(a: u64, b: u64): u64 {
  return mulHigh(a, b) - (b & <u64>(<i64>a >> 63)) - (a & <u64>(<i64>b >> 63));
}

/**
 * Quotient of high:low by `divisor`, where high < divisor (so that it fits 64 bits). The remainder is
 * `low - quotient * divisor` modulo 2^64. Schoolbook division with 32-bit digits (Knuth, 4.3.1, algorithm D).
 */
export function divideWide(high: u64, low: u64, divisor: u64): u64 {
  if (!high) return low / divisor;
  const shift = clz<u64>(divisor);
  const d = divisor << shift;
  const top = shift ? (high << shift) | (low >> (64 - shift)) : high;
  const rest = low << shift;
  const first = digit(top, rest >> 32, d);
  const middle = ((top << 32) | (rest >> 32)) - first * d;
  return (first << 32) + digit(middle, rest & 0xffffffff, d);
}

/** One 32-bit digit of the quotient of (top << 32 | next) by the normalised divisor `d`, where top < d. */
function digit(top: u64, next: u64, d: u64): u64 {
  const dh = d >> 32;
  const dl = d & 0xffffffff;
  let quotient = top / dh;
  let remainder = top - quotient * dh;
  // The estimate is at most two too large.
  while (quotient >> 32 || quotient * dl > ((remainder << 32) | next)) {
    quotient--;
    remainder += dh;
    if (remainder >> 32) break;
  }
  return quotient;
}
