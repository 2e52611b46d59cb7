import { VizorError } from '@vizor/core';

/** Which engine runs the guest's code; `auto` picks the fastest that works here. */
export type AcceleratorChoice = 'auto' | 'wasm';

export interface VmOptions {
  /** Bytes of guest RAM. */
  memory: number;
  cpus: number;
  /** A bzImage, an ELF kernel with a PVH note, or a multiboot image. */
  kernel: Uint8Array;
  initramfs?: Uint8Array;
  cmdline: string;
  accel: AcceleratorChoice;
  /** Aborting it ends the run with the reason `stopped`. */
  signal?: AbortSignal;
}

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
  /** The engine that ran it. */
  accelerator: string;
}

/** The guest's first serial port. */
export interface VmConsole {
  /** What the guest sends; closes when the run has ended. */
  readonly output: ReadableStream<Uint8Array>;
  /** Bytes for the guest to receive. */
  write(bytes: Uint8Array): void;
}

/** A virtual machine. */
export class VM implements AsyncDisposable {
  readonly console: VmConsole = { output: new ReadableStream(), write() {} };

  /** @throws VizorError when the options or the images cannot make a machine */
  static async create(_options: VmOptions): Promise<VM> {
    throw new VizorError('unsupported', 'machine', 'this build has no machine');
  }

  /** Run until the guest ends or {@link stop} is called. */
  async run(): Promise<RunResult> {
    throw new VizorError('unsupported', 'machine', 'this build has no machine');
  }

  /** End the run with the reason `stopped`. */
  stop(): void {}

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
  }
}
