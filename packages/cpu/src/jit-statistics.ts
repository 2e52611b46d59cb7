import * as operations from '@vizor/asm/generated/ops.ts';
import * as layout from '@vizor/asm/layout/cpu';
import { JIT_FALLBACK_SLOTS, JIT_FALLBACKS } from '@vizor/asm/layout/jit';
import type { Registers } from './registers.ts';

/** What the JIT has done since the vCPU was made. */
export interface JitStatistics {
  /** Guest instructions that compiled code retired. */
  instructions: number;
  regions: number;
  modules: number;
  /** Bytes of WebAssembly that were compiled. */
  bytes: number;
  /** How often all compiled code was thrown away. */
  drops: number;
  /** How often compiled code left an operation to its executor, by operation; most frequent first. */
  fallbacks: Record<string, number>;
}

export function jitStatistics(memory: WebAssembly.Memory, registers: Registers): JitStatistics {
  const counts = new Uint32Array(memory.buffer, JIT_FALLBACKS, JIT_FALLBACK_SLOTS);
  const fallbacks = Object.entries<number>(operations)
    .map(([name, number]) => [name, counts[number] ?? 0] as const)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a);
  return {
    instructions: Number(registers.quad(layout.JIT_INSTRUCTIONS)),
    regions: registers.word(layout.COUNT_JIT_REGIONS),
    modules: registers.word(layout.COUNT_JIT_MODULES),
    bytes: registers.word(layout.COUNT_JIT_BYTES),
    drops: registers.word(layout.COUNT_JIT_DROPS),
    fallbacks: Object.fromEntries(fallbacks),
  };
}
