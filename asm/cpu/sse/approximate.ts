// RCPPS, RSQRTPS and their scalar forms: approximations with a relative error of at most 1.5 × 2^-12. They raise nothing
// and look at no rounding mode (Intel SDM vol. 2).
import { OK } from "../../layout/cpu";
import { isDenormal, isInfinite, isNaN, isNegative, indefinite, infinity, isZero, quiet, signBit, signed } from "./number";

/** Significand bits that are kept. */
const KEPT: u32 = 0xfffff800;

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
  if (isZero<u32>(x) || isDenormal<u32>(x)) return signed<u32>(negative, infinity<u32>());
  const result = reinterpret<u32>(<f32>1 / reinterpret<f32>(x)) & KEPT;
  return isDenormal<u32>(result) ? result & signBit<u32>() : result;
}

function reciprocalRoot(x: u32): u32 {
  if (isNaN<u32>(x)) return quiet<u32>(x);
  if (isZero<u32>(x) || isDenormal<u32>(x)) return signed<u32>(isNegative<u32>(x), infinity<u32>());
  if (isNegative<u32>(x)) return indefinite<u32>();
  if (isInfinite<u32>(x)) return 0;
  return reinterpret<u32>(<f32>(<f64>1 / sqrt<f64>(<f64>reinterpret<f32>(x)))) & KEPT;
}
