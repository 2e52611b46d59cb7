import type { VizorErrorData } from '@vizor/core';
import type { MachineOptions } from './options.ts';
import type { RunResult } from './result.ts';

/** The first message to a machine's worker. The second is empty and means: run. */
export interface WorkerStart {
  options: MachineOptions;
  mailbox: SharedArrayBuffer;
  /** Whether anybody wants the debug console's bytes. */
  debug: boolean;
}

/** What the worker tells the thread that owns the VM. */
export type WorkerMessage =
  | { type: 'ready' }
  | { type: 'output' | 'debug'; bytes: Uint8Array<ArrayBuffer> }
  | { type: 'ended'; result: RunResult }
  | { type: 'failed'; error: VizorErrorData };
