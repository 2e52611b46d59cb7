import type { JitStatistics } from '@vizor/cpu';

/**
 * Why a run ended.
 *
 * - `poweroff`, `reset`: the guest asked for it.
 * - `debug-exit`: the guest wrote to the debug-exit port.
 * - `command-exit`: the guest's init reported the status of the command it was given.
 * - `triple-fault`: the processor entered shutdown.
 * - `halted`: HLT with interrupts disabled: nothing can wake the guest.
 * - `panic`: the guest's kernel reported a panic.
 * - `stopped`: {@link VM.stop} or the abort signal.
 */
export type ExitReason =
  | 'poweroff'
  | 'reset'
  | 'debug-exit'
  | 'command-exit'
  | 'triple-fault'
  | 'halted'
  | 'panic'
  | 'stopped';

export interface RunResult {
  reason: ExitReason;
  /** The byte that the guest wrote with `debug-exit`, the command's status with `command-exit`. */
  status?: number;
  /** Guest instructions retired. */
  instructions: number;
  /** Milliseconds from the start of the run until the guest's init ran; absent when it never did. */
  bootMs?: number;
  /** Wall-clock seconds of the run. */
  seconds: number;
  /** CPU seconds that the machine's worker spent on it. */
  cpuSeconds: number;
  /** How often the guest left the vCPU, by kind. */
  exits: Record<string, number>;
  /** Absent when nothing was to be compiled. */
  jit?: JitStatistics;
  /** The engine that ran it. */
  accelerator: string;
}
