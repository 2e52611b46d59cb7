// Lane-wise operations that WebAssembly has no single instruction for, or whose corner cases differ. MMX uses them on the
// low halves of vectors.
import { RESULT, WORK } from "./mxcsr";

@inline
export function mulHigh(a: v128, b: v128): v128 {
  return v128.shuffle<u16>(
    i32x4.extmul_low_i16x8_s(a, b), i32x4.extmul_high_i16x8_s(a, b), 1, 3, 5, 7, 9, 11, 13, 15,
  );
}

@inline
export function mulHighUnsigned(a: v128, b: v128): v128 {
  return v128.shuffle<u16>(
    i32x4.extmul_low_i16x8_u(a, b), i32x4.extmul_high_i16x8_u(a, b), 1, 3, 5, 7, 9, 11, 13, 15,
  );
}

/** PMULHRSW: WebAssembly saturates −32768 × −32768, x86 lets it wrap. */
@inline
export function mulHighRounded(a: v128, b: v128): v128 {
  const lowest = i16x8.splat(-32768);
  const wrapped = v128.and(i16x8.eq(a, lowest), i16x8.eq(b, lowest));
  return v128.xor(i16x8.q15mulr_sat_s(a, b), wrapped);
}

/** Even 32-bit lanes multiplied to 64 bits. */
@inline
export function mulEvenUnsigned(a: v128, b: v128): v128 {
  const low = i64x2.splat(0xffffffff);
  return i64x2.mul(v128.and(a, low), v128.and(b, low));
}

@inline
export function mulEven(a: v128, b: v128): v128 {
  return i64x2.mul(i64x2.shr_s(i64x2.shl(a, 32), 32), i64x2.shr_s(i64x2.shl(b, 32), 32));
}

/** PMADDUBSW: unsigned bytes of `a` with signed bytes of `b`, pairs added with saturation. */
@inline
export function mulAddBytes(a: v128, b: v128): v128 {
  const even = i16x8.mul(v128.and(a, i16x8.splat(0xff)), i16x8.shr_s(i16x8.shl(b, 8), 8));
  const odd = i16x8.mul(i16x8.shr_u(a, 8), i16x8.shr_s(b, 8));
  return i16x8.add_sat_s(even, odd);
}

/** PSADBW: sum of absolute differences of eight bytes, in each half. */
@inline
export function sumOfDifferences(a: v128, b: v128): v128 {
  const bytes = v128.or(i8x16.sub_sat_u(a, b), i8x16.sub_sat_u(b, a));
  const sums = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(bytes));
  return i64x2.add(v128.and(sums, i64x2.splat(0xffffffff)), i64x2.shr_u(sums, 32));
}

/** PSIGNx: negated, zeroed or kept, as `b` is. */
@inline
export function giveSign<I>(a: v128, b: v128): v128 {
  const zero = i64x2(0, 0);
  const negative = v128.lt<I>(b, zero);
  return v128.andnot(v128.sub<I>(v128.xor(a, negative), negative), v128.eq<I>(b, zero));
}

@inline
export function evenWords(a: v128, b: v128): v128 { return v128.shuffle<u16>(a, b, 0, 2, 4, 6, 8, 10, 12, 14); }
@inline
export function oddWords(a: v128, b: v128): v128 { return v128.shuffle<u16>(a, b, 1, 3, 5, 7, 9, 11, 13, 15); }
@inline
export function evenDwords(a: v128, b: v128): v128 { return v128.shuffle<u32>(a, b, 0, 2, 4, 6); }
@inline
export function oddDwords(a: v128, b: v128): v128 { return v128.shuffle<u32>(a, b, 1, 3, 5, 7); }

@inline
export function interleaveLowBytes(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
}
@inline
export function interleaveHighBytes(a: v128, b: v128): v128 {
  return v128.shuffle<u8>(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
}
@inline
export function interleaveLowWords(a: v128, b: v128): v128 {
  return v128.shuffle<u16>(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
}

/** Four words of the half at `half` (0 or 8) of 16 bytes at `p`, each named by two bits; the other half stays. */
export function pick16(cpu: u32, p: u32, half: u32, choice: u32): v128 {
  const r = cpu + RESULT;
  v128.store(r, v128.load(p));
  for (let i: u32 = 0; i < 4; i++) store<u16>(r + half + i * 2, load<u16>(p + half + ((choice >> (i * 2)) & 3) * 2));
  return v128.load(r);
}

/** Shifts: counts beyond the lane are not taken modulo its width. */
@inline
export function shiftLeft<T>(a: v128, count: u64): v128 {
  return count < sizeof<T>() * 8 ? v128.shl<T>(a, <i32>count) : i64x2(0, 0);
}
@inline
export function shiftRight<T>(a: v128, count: u64): v128 {
  return count < sizeof<T>() * 8 ? v128.shr<T>(a, <i32>count) : i64x2(0, 0);
}
@inline
export function shiftRightSigned<I>(a: v128, count: u64): v128 {
  return v128.shr<I>(a, count < sizeof<I>() * 8 ? <i32>count : sizeof<I>() * 8 - 1);
}

/** 16 bytes from offset `at` (0–32) of `low`, `high` and zeros, side by side. */
@inline
export function bytesFrom(cpu: u32, low: v128, high: v128, at: u32): v128 {
  const work = cpu + WORK;
  v128.store(work, low);
  v128.store(work + 16, high);
  v128.store(work + 32, i64x2(0, 0));
  return v128.load(work + at);
}

/** PHMINPOSUW: the least word and its index. */
export function leastWord(p: u32): v128 {
  let value: u32 = load<u16>(p);
  let index: u32 = 0;
  for (let i: u32 = 1; i < 8; i++) {
    const word = <u32>load<u16>(p + i * 2);
    if (word >= value) continue;
    value = word;
    index = i;
  }
  return i32x4(<i32>(value | (index << 16)), 0, 0, 0);
}

/** MPSADBW: four bytes of the second operand against each of eight places in the first. */
export function slidingDifferences(cpu: u32, to: u32, p: u32, choice: u32): v128 {
  const block = p + (choice & 3) * 4;
  const place = to + ((choice >> 2) & 1) * 4;
  const work = cpu + WORK;
  for (let i: u32 = 0; i < 8; i++) {
    let sum: i32 = 0;
    for (let j: u32 = 0; j < 4; j++) sum += abs<i32>(<i32>load<u8>(place + i + j) - <i32>load<u8>(block + j));
    store<u16>(work + i * 2, <u16>sum);
  }
  return v128.load(work);
}
