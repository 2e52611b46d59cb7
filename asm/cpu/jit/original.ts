// JIT operations: what stands where compiled code can be entered, and what it replaced.
import { JIT_OP_ORIGINAL } from "../../layout/jit";
import { OP } from "../../layout/op";
import { JIT_SYSTEM, JIT_USER } from "../../generated/ops";

@inline
export function isCompiled(op: u32): bool {
  const number = <u32>load<u16>(op + OP);
  return number == JIT_SYSTEM || number == JIT_USER;
}

/** What a JIT operation replaced. */
@inline
export function originalOf(op: u32): u32 { return load<u32>(op + JIT_OP_ORIGINAL); }

/** The operation that executes what `op` does: what a JIT operation replaced, or `op` itself. */
export function originalAt(op: u32): u32 {
  return isCompiled(op) ? originalOf(op) : op;
}
