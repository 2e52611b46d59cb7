import type { BootProtocol } from '@vizor/loader';

/** Which engine runs the guest's code; `auto` picks the fastest that works here. */
export type AcceleratorChoice = 'auto' | 'wasm';

/**
 * Whether the software CPU compiles hot guest code. `stress`, for tests, compiles everything at once, in tiny pieces, and
 * throws it away often.
 */
export type JitChoice = 'on' | 'off' | 'stress';

export interface VmOptions {
  /** Bytes of guest RAM. */
  memory: number;
  cpus: number;
  /** A bzImage (Memtest86+ is one too), or an ELF kernel with a PVH note. */
  kernel: Uint8Array;
  initramfs?: Uint8Array;
  cmdline: string;
  /** Give `kernel` and `initramfs` away: their buffers are detached rather than copied, and freed once they are loaded. */
  detach?: boolean;
  /** How a bzImage is entered; by default unpacked here and through PVH where its ELF has an entry for that. */
  protocol?: BootProtocol;
  accel: AcceleratorChoice;
  /** `on` when absent. */
  jit?: JitChoice;
  /** Hears what the guest writes to the debug console, port 0xe9. */
  debug?: (bytes: Uint8Array<ArrayBuffer>) => void;
  /** Aborting it ends the run with the reason `stopped`. */
  signal?: AbortSignal;
}

/** The part of the options that makes the machine itself. */
export type MachineOptions = Pick<
  VmOptions,
  'memory' | 'cpus' | 'kernel' | 'initramfs' | 'cmdline' | 'protocol' | 'jit'
>;
