// What an operation is to the JIT: see tools/opcodes/jit.ts.
import { OP, OP_UNFUSED } from "../../layout/op";
import { JIT_FORMS } from "../../generated/jit-forms";

/** Number of the instruction that an original operation was decoded from, fused or not. */
export function numberOf(original: u32): u32 {
  const unfused = <u32>load<u16>(original + OP_UNFUSED);
  return unfused ? unfused : <u32>load<u16>(original + OP);
}

/** Class, form, operand bits and detail of an operation number, a byte each. */
export function formOf(number: u32): u32 {
  return number < <u32>JIT_FORMS.length ? load<u32>(changetype<usize>(JIT_FORMS) + number * 4) : 0;
}

@inline
export function classOf(form: u32): u32 { return form & 0xff; }
@inline
export function shapeOf(form: u32): u32 { return (form >> 8) & 0xff; }
@inline
export function bitsOf(form: u32): u32 { return (form >> 16) & 0xff; }
@inline
export function detailOf(form: u32): u32 { return form >> 24; }
