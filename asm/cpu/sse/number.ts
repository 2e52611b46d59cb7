// The two floating-point formats, as bit patterns: T is u32 (single) or u64 (double). Finite numbers are taken apart into
// a biased exponent and a 63-bit significand (its leading one at bit 62, bits lost to the right jammed into bit 0), and
// put together by `roundPack`, which knows rounding, overflow, underflow and MXCSR.
import {
  DAZ, DE, DOWN, flag, FTZ, mxcsr, NEAREST, OE, OM, PE, RC_SHIFT, UE, UM, UP, ZERO,
} from "./mxcsr";

/** Bits of the fraction. */
@inline
function fractionBits<T>(): u32 { return sizeof<T>() == 8 ? 52 : 23; }
@inline
function exponentMax<T>(): i32 { return sizeof<T>() == 8 ? 0x7ff : 0xff; }
@inline
export function bias<T>(): i32 { return sizeof<T>() == 8 ? 1023 : 127; }
@inline
export function signBit<T>(): T { return <T>(<T>1 << <T>(sizeof<T>() * 8 - 1)); }
@inline
export function infinity<T>(): T { return <T>exponentMax<T>() << <T>fractionBits<T>(); }
/** The smallest normal number. */
@inline
export function smallest<T>(): T { return <T>(<T>1 << <T>fractionBits<T>()); }
@inline
function quietBit<T>(): T { return <T>(<T>1 << <T>(fractionBits<T>() - 1)); }
/** The NaN that an invalid operation gives. */
@inline
export function indefinite<T>(): T { return signBit<T>() | infinity<T>() | quietBit<T>(); }
/** Significand bits below the format's precision. */
@inline
function spare<T>(): u32 { return 62 - fractionBits<T>(); }

@inline
export function magnitude<T>(x: T): T { return x & ~signBit<T>(); }
@inline
export function isNegative<T>(x: T): bool { return (x & signBit<T>()) != 0; }
@inline
export function isNaN<T>(x: T): bool { return magnitude<T>(x) > infinity<T>(); }
@inline
export function isSignaling<T>(x: T): bool { return isNaN<T>(x) && (x & quietBit<T>()) == 0; }
@inline
export function isInfinite<T>(x: T): bool { return magnitude<T>(x) == infinity<T>(); }
@inline
export function isZero<T>(x: T): bool { return magnitude<T>(x) == 0; }
@inline
export function isDenormal<T>(x: T): bool { return magnitude<T>(x) - 1 < smallest<T>() - 1; }
@inline
export function quiet<T>(x: T): T { return x | quietBit<T>(); }
@inline
export function signed<T>(negative: bool, value: T): T { return negative ? value | signBit<T>() : value; }

/** An operand as MXCSR.DAZ lets it be seen. */
@inline
export function operand<T>(cpu: u32, x: T): T {
  return (mxcsr(cpu) & DAZ) && isDenormal<T>(x) ? x & signBit<T>() : x;
}

/** Note DE when one of two operands is denormal. */
@inline
export function noteDenormal<T>(cpu: u32, a: T, b: T): void {
  if (isDenormal<T>(a) || isDenormal<T>(b)) flag(cpu, DE);
}

/** Biased exponent of a finite number other than 0, below 1 when it is denormal. */
@inline
export function exponentOf<T>(x: T): i32 {
  const e = <i32>(magnitude<T>(x) >> <T>fractionBits<T>());
  return e ? e : 1 - leadingZeros<T>(x);
}
/** Significand of a finite number other than 0, leading one at bit 62. */
@inline
export function significandOf<T>(x: T): u64 {
  const fraction = (<u64>(x & (smallest<T>() - 1))) << spare<T>();
  return magnitude<T>(x) >= smallest<T>() ? fraction | (<u64>1 << 62) : fraction << leadingZeros<T>(x);
}
@inline
function leadingZeros<T>(x: T): i32 {
  return <i32>clz<u64>((<u64>(x & (smallest<T>() - 1))) << spare<T>()) - 1;
}

/** Shift right; what falls out is remembered in bit 0. */
@inline
export function shiftRightJam(x: u64, n: u32): u64 {
  if (n == 0) return x;
  if (n > 63) return u64(x != 0);
  return (x >> n) | u64((x << (64 - n)) != 0);
}

/** Zero as a sum or difference of equal magnitudes: negative only when rounding down. */
@inline
export function cancelled<T>(cpu: u32): T {
  return signed<T>(((mxcsr(cpu) >> RC_SHIFT) & 3) == DOWN, 0);
}

/**
 * The number ±sig × 2^(exponent − bias − 62) in format T, rounded as MXCSR says. The leading one of `sig` is bit 62.
 * Tininess is detected after rounding (Intel SDM vol. 1, 4.9.1.5).
 */
export function roundPack<T>(cpu: u32, negative: bool, exponent: i32, sig: u64): T {
  const word = mxcsr(cpu);
  const rc = (word >> RC_SHIFT) & 3;
  const low = (<u64>1 << spare<T>()) - 1;
  const half = <u64>1 << (spare<T>() - 1);
  const add: u64 = rc == NEAREST ? half : rc == ZERO ? 0 : (rc == UP) != negative ? low : 0;
  let tiny = false;
  if (exponent < 1) {
    tiny = exponent < 0 || sig + add < <u64>1 << 63;
    if (tiny) {
      if (!(word & UM)) {
        flag(cpu, sig & low ? UE | PE : UE);
        return 0;
      }
      if (word & FTZ) {
        flag(cpu, UE | PE);
        return signed<T>(negative, 0);
      }
    }
    sig = shiftRightJam(sig, <u32>(1 - exponent));
    exponent = 1;
  }
  const rest = sig & low;
  let rounded = (sig + add) >> spare<T>();
  if (rc == NEAREST && rest == half) rounded &= ~1;
  // The implicit one, if it is there, adds 1 to the exponent field.
  const packed = ((<u64>(exponent - 1)) << fractionBits<T>()) + rounded;
  if (packed >= <u64>infinity<T>()) {
    flag(cpu, (word & OM) || rest ? OE | PE : OE);
    const toInfinity = rc == NEAREST || (rc != ZERO && (rc == UP) != negative);
    return signed<T>(negative, toInfinity ? infinity<T>() : infinity<T>() - 1);
  }
  if (rest) flag(cpu, tiny ? UE | PE : PE);
  return signed<T>(negative, <T>packed);
}
