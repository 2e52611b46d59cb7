// Floating-point arithmetic on whole vectors. WebAssembly's vector operation serves when PE is set and masked, RC is
// nearest and every lane is ordinary (see arithmetic.ts); otherwise the lanes are computed one by one.
// T is the lane as bits, I the same as a signed integer, F as a number.
import { FAULT, OK } from "../../layout/cpu";
import { ADD, CARELESS, CARELESS_MASK, DIV, lane, MAX, MIN, MUL, SQRT, SUB } from "./arithmetic";
import { begin, mxcsr, RESULT, settle } from "./mxcsr";
import { infinity, signBit, smallest } from "./number";

/** Subtraction in even lanes, addition in odd ones. */
export const ADDSUB: u32 = 7;

/** 16 bytes at `to` = those at `left` kind those at `right`, lane by lane. */
export function packed<T, I, F>(cpu: u32, kind: u32, to: u32, left: u32, right: u32): u32 {
  if (kind == SQRT) left = right;
  const a = v128.load(left);
  const b = v128.load(right);
  if (kind == MIN || kind == MAX) {
    if (plain<T, I>(a) && plain<T, I>(b)) {
      v128.store(to, kind == MIN ? v128.pmin<F>(b, a) : v128.pmax<F>(b, a));
      return OK;
    }
  } else if ((mxcsr(cpu) & CARELESS_MASK) == CARELESS) {
    const result = operate<T, I, F>(kind, a, b);
    if (ordinary<T, I>(a, b, result)) {
      v128.store(to, result);
      return OK;
    }
  }
  return packedCareful<T>(cpu, kind, to, left, right);
}

@inline
function operate<T, I, F>(kind: u32, a: v128, b: v128): v128 {
  switch (kind) {
    case ADD: return v128.add<F>(a, b);
    case SUB: return v128.sub<F>(a, b);
    case MUL: return v128.mul<F>(a, b);
    case DIV: return v128.div<F>(a, b);
    case SQRT: return v128.sqrt<F>(b);
    default: return v128.add<F>(a, v128.xor(b, evenSigns<T>()));
  }
}

@inline
function evenSigns<T>(): v128 {
  return sizeof<T>() == 8 ? i64x2(0x8000000000000000, 0) : i32x4(0x80000000, 0, 0x80000000, 0);
}

@inline
function magnitudes<T>(x: v128): v128 {
  return v128.and(x, v128.splat<T>(signBit<T>() - 1));
}

@inline
function zeros<T, I>(x: v128): v128 {
  return v128.eq<I>(x, v128.splat<I>(0));
}

/** Lanes (given without signs) that are denormal. */
@inline
function denormals<T, I>(x: v128): v128 {
  return v128.andnot(v128.lt<I>(x, v128.splat<I>(<I>smallest<T>())), zeros<T, I>(x));
}

/** No lane is denormal or NaN. */
@inline
export function plain<T, I>(x: v128): bool {
  const m = magnitudes<T>(x);
  return !v128.any_true(v128.or(v128.gt<I>(m, v128.splat<I>(<I>infinity<T>())), denormals<T, I>(m)));
}

/** What `ordinary` in arithmetic.ts says of a lane, of all lanes. */
@inline
function ordinary<T, I>(a: v128, b: v128, result: v128): bool {
  const ma = magnitudes<T>(a);
  const mb = magnitudes<T>(b);
  const mr = magnitudes<T>(result);
  const small = v128.lt<I>(mr, v128.splat<I>(<I>(2 * smallest<T>())));
  const large = v128.gt<I>(mr, v128.splat<I>(<I>(infinity<T>() - 1)));
  const evident = v128.and(zeros<T, I>(mr), v128.or(zeros<T, I>(ma), zeros<T, I>(mb)));
  const bad = v128.or(v128.or(denormals<T, I>(ma), denormals<T, I>(mb)), v128.or(large, v128.andnot(small, evident)));
  return !v128.any_true(bad);
}

function packedCareful<T>(cpu: u32, kind: u32, to: u32, left: u32, right: u32): u32 {
  begin(cpu);
  for (let i: u32 = 0; i < 16; i += sizeof<T>()) {
    const one = kind != ADDSUB ? kind : i & sizeof<T>() ? ADD : SUB;
    store<T>(cpu + RESULT + i, lane<T>(cpu, one, load<T>(left + i), load<T>(right + i)));
  }
  if (settle(cpu)) return FAULT;
  v128.store(to, v128.load(cpu + RESULT));
  return OK;
}
