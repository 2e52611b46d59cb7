/**
 * The debug-exit port of QEMU's `isa-debug-exit`: a guest writes its verdict and the machine ends. One port wide: of
 * a wider write the first byte counts. Reads as zero, has no state.
 *
 * What a guest may abuse: it can end itself.
 */
import type { ByteRegisters } from '@vizor/bus';

export const DEBUG_EXIT_PORT = 0xf4;

export interface DebugExitEvents {
  /** @param value the byte written */
  exit(value: number): void;
}

export class DebugExit implements ByteRegisters {
  readonly #events: DebugExitEvents;

  constructor(events: DebugExitEvents) {
    this.#events = events;
  }

  read(): number {
    return 0;
  }

  write(_offset: number, value: number): void {
    this.#events.exit(value);
  }
}
