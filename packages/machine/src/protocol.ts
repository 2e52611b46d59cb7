import type { VizorErrorData } from '@vizor/core';
import type { MachineOptions } from './options.ts';
import type { RunResult } from './result.ts';

/** What a machine's worker is started with. */
export interface WorkerStart {
  options: MachineOptions;
  mailbox: SharedArrayBuffer;
  /** Whether anybody wants the debug console's bytes. */
  debug: boolean;
}

/** What the worker tells the thread that owns the VM. It is told only one thing, by an empty message: run. */
export type WorkerMessage =
  | { type: 'ready' }
  | { type: 'output' | 'debug'; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'ended'; result: RunResult }
  | { type: 'failed'; error: VizorErrorData };
