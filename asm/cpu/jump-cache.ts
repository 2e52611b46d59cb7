// Instruction pointer to operation, for branches whose target is not known beforehand: JUMP_ENTRIES entries, each good for
// the CODE_KEY that it was filled under.
import { CODE_KEY, JUMP_CACHE, JUMP_ENTRIES } from "../layout/cpu";

@inline
export function jumpEntry(cpu: u32, rip: u64): u32 {
  return cpu + JUMP_CACHE + (((<u32>rip ^ <u32>(rip >> 12)) & (JUMP_ENTRIES - 1)) << 4);
}

/** Operation at `rip` if the jump cache has it for this CODE_KEY, else 0. */
@inline
export function jumpCached(cpu: u32, rip: u64): u32 {
  const entry = jumpEntry(cpu, rip);
  return load<u64>(entry) == rip && load<u32>(entry + 8) == load<u32>(cpu, CODE_KEY) ? load<u32>(entry + 12) : 0;
}

/** Remember the operation at `rip`. */
export function rememberJump(cpu: u32, rip: u64, op: u32): void {
  const entry = jumpEntry(cpu, rip);
  store<u64>(entry, rip);
  store<u32>(entry + 8, load<u32>(cpu, CODE_KEY));
  store<u32>(entry + 12, op);
}
