// Throwing all compiled code away.
import { COUNT_JIT_DROPS } from "../../layout/cpu";
import { JIT_SAMPLE_SLOTS, JIT_SAMPLES } from "../../layout/jit";
import { release } from "../host";
import { NEXT_FUNCTION, QUEUED, setWord, WARM, word } from "./state";

/** First index of the function table that compiled code takes; the kernel's own functions come before. */
const FIRST_FUNCTION: u32 = 64;

/** Forget everything: the operations that the compiled code came from are gone. */
export function forgetCompiled(cpu: u32): void {
  const next = word(NEXT_FUNCTION);
  if (next > FIRST_FUNCTION) {
    release(FIRST_FUNCTION, next - FIRST_FUNCTION);
    store<u32>(cpu + COUNT_JIT_DROPS, load<u32>(cpu + COUNT_JIT_DROPS) + 1);
  }
  memory.fill(JIT_SAMPLES, 0, JIT_SAMPLE_SLOTS * 8);
  setWord(NEXT_FUNCTION, FIRST_FUNCTION);
  setWord(QUEUED, 0);
  setWord(WARM, 0);
}
