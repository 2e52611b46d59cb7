// RCPPS, RSQRTPS and their scalar forms: approximations with a relative error of at most 1.5 × 2^-12. They raise nothing
// and look at no rounding mode; denormals count as zeros (Intel SDM vol. 2). The bits are those of AMD's processors.
import { OK } from "../../layout/cpu";
import {
  RECIPROCAL, RECIPROCAL_LESS, ROOT_EVEN, ROOT_EVEN_LESS, ROOT_ODD, ROOT_ODD_LESS,
} from "./approximate-tables";
import { bias, indefinite, infinity, isInfinite, isNaN, isNegative, magnitude, quiet, signed, smallest } from "./number";

/** One half. */
const HALF: u32 = 0x3f000000;
/** The tables' unit, as a shift of bits of a number below 1. */
const UNIT: u32 = 11;

/** Approximate 1/x, or 1/√x, of `bytes` (4 or 16) at `p`. */
export function approximate(to: u32, p: u32, bytes: u32, root: bool): u32 {
  for (let i: u32 = 0; i < bytes; i += 4) {
    const x = load<u32>(p + i);
    store<u32>(to + i, root ? reciprocalRoot(x) : reciprocal(x));
  }
  return OK;
}

function reciprocal(x: u32): u32 {
  if (isNaN<u32>(x)) return quiet<u32>(x);
  const negative = isNegative<u32>(x);
  if (magnitude<u32>(x) < smallest<u32>()) return signed<u32>(negative, infinity<u32>());
  const value = HALF + (lookUp(changetype<usize>(RECIPROCAL), changetype<usize>(RECIPROCAL_LESS), x) << UNIT);
  const result = <i32>value + ((bias<u32>() - exponent(x)) << 23);
  return signed<u32>(negative, result < <i32>smallest<u32>() ? 0 : <u32>result);
}

function reciprocalRoot(x: u32): u32 {
  if (isNaN<u32>(x)) return quiet<u32>(x);
  if (magnitude<u32>(x) < smallest<u32>()) return signed<u32>(isNegative<u32>(x), infinity<u32>());
  if (isNegative<u32>(x)) return indefinite<u32>();
  if (isInfinite<u32>(x)) return 0;
  // An even power of two is left over: its root is exact.
  const value = exponent(x) & 1
    ? lookUp(changetype<usize>(ROOT_ODD), changetype<usize>(ROOT_ODD_LESS), x)
    : lookUp(changetype<usize>(ROOT_EVEN), changetype<usize>(ROOT_EVEN_LESS), x);
  return HALF + (value << UNIT) + (((bias<u32>() + 1 - exponent(x)) >> 1) << 23);
}

@inline
function exponent(x: u32): i32 {
  return <i32>(magnitude<u32>(x) >> 23);
}

function lookUp(values: usize, corrections: usize, x: u32): u32 {
  const row = (x >> 19) & 15;
  return <u32>load<u16>(values + ((x >> 15) & 255) * 2) - <u32>load<u8>(corrections + row * 16 + ((x >> 11) & 15));
}
