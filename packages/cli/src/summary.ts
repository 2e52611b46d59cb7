import type { RunResult } from '@vizor/machine';

/** Million guest instructions per second of CPU time. */
function mips(result: RunResult): number {
  return result.cpuSeconds > 0 ? result.instructions / result.cpuSeconds / 1e6 : 0;
}

/** The closing line of a run: accelerator, time to userspace, instructions, MIPS. */
export function summarize(result: RunResult): string {
  const { bootMs } = result;
  const boot = bootMs === undefined ? 'userspace not reached' : `userspace after ${(bootMs / 1000).toFixed(1)} s`;
  const millions = (result.instructions / 1e6).toLocaleString('en-US', { maximumFractionDigits: 0 });
  return [result.accelerator, boot, `${millions} M instructions`, `${mips(result).toFixed(0)} MIPS`].join(' · ');
}

/** The object of `--json`: how the run went, for programs. */
export function reportRun(result: RunResult, status: number, guest: string): Record<string, unknown> {
  const { reason, accelerator, bootMs, instructions, seconds, cpuSeconds, exits, jit } = result;
  return {
    status,
    reason,
    ...(result.status === undefined ? {} : { guestStatus: result.status }),
    guest,
    accelerator,
    bootMs: bootMs ?? null,
    instructions,
    mips: Math.round(mips(result)),
    seconds,
    cpuSeconds,
    exits,
    ...(jit === undefined ? {} : { jit }),
  };
}
